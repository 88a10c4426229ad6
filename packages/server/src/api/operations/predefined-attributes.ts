/** Predefined attributes: created, read, changed, deleted, listed, searched. They are known by name alone. */
import {
  invalidParameterException,
  invalidRequestException,
  resourceNotFoundException,
} from '@ringback/connect-api';
import type { PredefinedAttribute } from '../../store/predefined-attribute-store.ts';
import type { Instance } from '../../store/resource-store.ts';
import { lastModified, withoutGaps } from '../instance-resource.ts';
import { type ApiDeps, type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { mostOf, storingFor } from '../resource-limits.ts';
import { criteriaPredicate } from '../search-criteria.ts';

export const createPredefinedAttribute: OperationCode<'CreatePredefinedAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const attribute: PredefinedAttribute = {
    name: input.Name,
    values: valuesOf(input.Values?.StringList) ?? [],
    purposes: input.Purposes ?? [],
    validatesValues: input.AttributeConfiguration?.EnableValueValidationOnAssociation ?? false,
    updatedAtMs: deps.clock.now(),
  };
  await storingFor('CreatePredefinedAttribute', () =>
    deps.resources.predefinedAttributes.create(
      instance.id,
      attribute,
      mostOf('predefinedAttributes', instance, deps),
    ),
  );
  return undefined;
};

export const describePredefinedAttribute: OperationCode<'DescribePredefinedAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const attribute = await requireAttribute(input.Name, instance, deps);
  return { PredefinedAttribute: wireAttribute(instance, attribute) };
};

/** What is not given stays as it is. */
export const updatePredefinedAttribute: OperationCode<'UpdatePredefinedAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const { name } = await requireAttribute(input.Name, instance, deps);
  const change = withoutGaps({
    values: valuesOf(input.Values?.StringList),
    purposes: input.Purposes,
    validatesValues: input.AttributeConfiguration?.EnableValueValidationOnAssociation,
  });
  if (Object.keys(change).length === 0) {
    throw invalidRequestException('One of Values, Purposes and AttributeConfiguration is required.');
  }
  const found = await storingFor('UpdatePredefinedAttribute', () =>
    deps.resources.predefinedAttributes.update(instance.id, name, change, deps.clock.now()),
  );
  if (!found) throw noSuchAttribute();
  return undefined;
};

export const deletePredefinedAttribute: OperationCode<'DeletePredefinedAttribute'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const found = await storingFor('DeletePredefinedAttribute', () =>
    deps.resources.predefinedAttributes.remove(instance.id, input.Name),
  );
  if (!found) throw noSuchAttribute();
  return undefined;
};

export const listPredefinedAttributes: OperationCode<'ListPredefinedAttributes'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const attributes = await listAttributes(instance, deps);
  const page = pageOf(attributes, input);
  return {
    PredefinedAttributeSummaryList: page.items.map((attribute) => ({
      Name: attribute.name,
      ...lastModified(instance, attribute.updatedAtMs),
    })),
    NextToken: page.nextToken,
  };
};

export const searchPredefinedAttributes: OperationCode<'SearchPredefinedAttributes'> = async (
  input,
  caller,
  deps,
) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(input.SearchCriteria, {
    name: (attribute: PredefinedAttribute) => attribute.name,
    values: (attribute) => attribute.values,
    purposes: (attribute) => attribute.purposes,
  });
  const found = (await listAttributes(instance, deps)).filter(criteria);
  const page = pageOf(found, input);
  return {
    PredefinedAttributes: page.items.map((attribute) => wireAttribute(instance, attribute)),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

/** In the order of code units, which pages are cut by. */
async function listAttributes(
  instance: Instance,
  deps: ApiDeps,
): Promise<readonly (PredefinedAttribute & { readonly id: string })[]> {
  const attributes = await deps.resources.predefinedAttributes.list(instance.id);
  return attributes
    .map((attribute) => ({ ...attribute, id: attribute.name }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function requireAttribute(
  name: string,
  instance: Instance,
  deps: ApiDeps,
): Promise<PredefinedAttribute> {
  const attribute = await deps.resources.predefinedAttributes.find(instance.id, name);
  if (!attribute) throw noSuchAttribute();
  return attribute;
}

function valuesOf(values: readonly string[] | undefined): readonly string[] | undefined {
  if (values && new Set(values).size < values.length) {
    throw invalidParameterException('Values.StringList holds a value twice.');
  }
  return values;
}

function wireAttribute(instance: Instance, attribute: PredefinedAttribute) {
  return {
    Name: attribute.name,
    Values: { StringList: attribute.values },
    Purposes: attribute.purposes,
    AttributeConfiguration: {
      EnableValueValidationOnAssociation: attribute.validatesValues,
      IsReadOnly: false,
    },
    ...lastModified(instance, attribute.updatedAtMs),
  };
}

const noSuchAttribute = () =>
  resourceNotFoundException('The instance has no predefined attribute with this Name.');
