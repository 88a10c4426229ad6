/** SearchContactFlows. */
import { invalidParameterException, type OperationInput } from '@ringback/connect-api';
import type { FlowSummary } from '../../store/flow-store.ts';
import { type OperationCode, requireInstance } from '../operation.ts';
import { pageOf } from '../page.ts';
import { criteriaPredicate, type Predicate, tagFilterPredicate, tagPredicate } from '../search-criteria.ts';
import { wireFlow } from './contact-flows.ts';

type Filter = NonNullable<OperationInput<'SearchContactFlows'>['SearchFilter']>;
type AttributeFilter = NonNullable<Filter['FlowAttributeFilter']>;
type AttributeConditions = NonNullable<AttributeFilter['AndCondition']>;

export const searchContactFlows: OperationCode<'SearchContactFlows'> = async (input, caller, deps) => {
  const instance = await requireInstance(input.InstanceId, caller, deps);
  const criteria = criteriaPredicate(
    input.SearchCriteria,
    {
      name: (flow: FlowSummary) => flow.name,
      description: (flow) => flow.description,
      resourceID: (flow) => flow.id,
      type: (flow) => flow.type,
      state: (flow) => flow.state,
      status: (flow) => flow.status,
    },
    ({ TypeCondition, StateCondition, StatusCondition }) => [
      ...(TypeCondition === undefined ? [] : [(flow: FlowSummary) => flow.type === TypeCondition]),
      ...(StateCondition === undefined ? [] : [(flow: FlowSummary) => flow.state === StateCondition]),
      ...(StatusCondition === undefined ? [] : [(flow: FlowSummary) => flow.status === StatusCondition]),
    ],
  );
  const tags = tagFilterPredicate(input.SearchFilter?.TagFilter);
  const attributes = attributePredicate(input.SearchFilter?.FlowAttributeFilter);
  const found = (await deps.resources.listFlows(instance.id, 'flow')).filter(
    (flow) => criteria(flow) && tags(flow) && attributes(flow),
  );
  const page = pageOf(found, input);
  const whole = await deps.resources.findFlows(
    instance.id,
    page.items.map(({ id }) => id),
  );
  return {
    ContactFlows: page.items.flatMap(({ id }) => {
      const flow = whole.get(id);
      return flow ? [wireFlow(instance, flow)] : [];
    }),
    NextToken: page.nextToken,
    ApproximateTotalCount: found.length,
  };
};

function attributePredicate(filter: AttributeFilter | undefined): Predicate<FlowSummary> {
  if (!filter) return () => true;
  const given = Object.values(filter).filter((part) => part !== undefined);
  if (given.length > 1) {
    throw invalidParameterException(
      'FlowAttributeFilter takes one of OrConditions, AndCondition, TagCondition and ContactFlowTypeCondition.',
    );
  }
  const either = (filter.OrConditions ?? []).map(allOf);
  const tests: Predicate<FlowSummary>[] = [];
  if (either.length > 0) tests.push((flow) => either.some((test) => test(flow)));
  if (filter.AndCondition) tests.push(allOf(filter.AndCondition));
  if (filter.TagCondition) tests.push(tagPredicate(filter.TagCondition));
  const type = filter.ContactFlowTypeCondition?.ContactFlowType;
  if (type !== undefined) tests.push((flow) => flow.type === type);
  return (flow) => tests.every((test) => test(flow));
}

function allOf({ TagConditions, ContactFlowTypeCondition }: AttributeConditions): Predicate<FlowSummary> {
  const tags = (TagConditions ?? []).map(tagPredicate);
  const type = ContactFlowTypeCondition?.ContactFlowType;
  return (flow) => tags.every((test) => test(flow)) && (type === undefined || flow.type === type);
}
