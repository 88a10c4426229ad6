/** What each instance may dial and how often: the configuration's own word for it, else the one for all. */
import type { AmdSettings } from '@ringback/media';
import type { InstanceId } from '../ids.ts';
import { type DestinationPolicy, defaultCountries } from './destination.ts';
import { type CallCaps, type CallRateCap, defaultTrunkCaps, noCaps, type SpendCap } from './toll-fraud.ts';

export interface InstancePolicy {
  readonly destinations: DestinationPolicy;
  /** Answering machine detection, where it is not as by default. */
  readonly amdSettings: Partial<AmdSettings>;
  readonly caps: CallCaps;
}

export interface InstancePolicies {
  of(instance: { readonly id: InstanceId; readonly alias: string }): InstancePolicy;
}

/** A limit of the configuration; `off` takes away one that would be in force otherwise. */
type ConfiguredRateCap = {
  readonly [Window in keyof CallRateCap]?: number | 'off' | undefined;
};

/** Caps as configured. What is absent stays as it is by default. */
export interface ConfiguredCaps {
  readonly perInstance?: ConfiguredRateCap | undefined;
  readonly perCountry?: ConfiguredRateCap | undefined;
  readonly countries?: Readonly<Record<string, ConfiguredRateCap>> | undefined;
  readonly perNumber?: ConfiguredRateCap | undefined;
  readonly spend?:
    | 'off'
    | (Omit<SpendCap, 'reservedMinutes'> & { readonly reservedMinutes?: number | undefined })
    | undefined;
}

export interface ConfiguredPolicy {
  readonly countries?: readonly string[] | undefined;
  readonly openPrefixes?: readonly string[] | undefined;
  readonly caps?: ConfiguredCaps | 'off' | undefined;
  readonly answeringMachineDetection?: ConfiguredDetection | undefined;
}

/** Settings of answering machine detection as configured: those of the media engine, any of them absent. */
export type ConfiguredDetection = { readonly [Name in keyof AmdSettings]?: AmdSettings[Name] | undefined };

export interface InstancePoliciesOptions {
  readonly region: string;
  readonly carrier: 'simulated' | 'trunk';
  readonly forAll: ConfiguredPolicy;
  /** By alias or id. */
  readonly instances: Readonly<Record<string, ConfiguredPolicy>>;
}

/** Most calls are shorter, and an underestimate only lets a day end slightly above its cap. */
const defaultReservedMinutes = 5;

export function openInstancePolicies(options: InstancePoliciesOptions): InstancePolicies {
  const { region, carrier, forAll, instances } = options;
  const general: InstancePolicy = {
    destinations: {
      countries: forAll.countries ? new Set(forAll.countries) : defaultCountries(region, carrier),
      openPrefixes: forAll.openPrefixes ?? [],
    },
    caps: capsOf(forAll.caps, carrier === 'trunk' ? defaultTrunkCaps : noCaps),
    amdSettings: presentOf(forAll.answeringMachineDetection),
  };
  const own = new Map(
    Object.entries(instances).map(([name, configured]): [string, InstancePolicy] => [
      name,
      {
        destinations: {
          countries: configured.countries ? new Set(configured.countries) : general.destinations.countries,
          openPrefixes: configured.openPrefixes ?? general.destinations.openPrefixes,
        },
        caps: capsOf(configured.caps, general.caps),
        amdSettings: { ...general.amdSettings, ...presentOf(configured.answeringMachineDetection) },
      },
    ]),
  );
  return { of: ({ id, alias }) => own.get(id) ?? own.get(alias) ?? general };
}

function presentOf(configured: ConfiguredDetection | undefined): Partial<AmdSettings> {
  return Object.fromEntries(Object.entries(configured ?? {}).filter(([, value]) => value !== undefined));
}

function capsOf(configured: ConfiguredCaps | 'off' | undefined, otherwise: CallCaps): CallCaps {
  if (configured === undefined) return otherwise;
  if (configured === 'off') return noCaps;
  const { spend } = configured;
  return {
    perInstance: rateCapOf(configured.perInstance, otherwise.perInstance),
    perCountry: rateCapOf(configured.perCountry, otherwise.perCountry),
    countries: {
      ...otherwise.countries,
      ...Object.fromEntries(
        Object.entries(configured.countries ?? {}).map(([country, cap]) => [country, rateCapOf(cap, {})]),
      ),
    },
    perNumber: rateCapOf(configured.perNumber, otherwise.perNumber),
    spend:
      spend === undefined
        ? otherwise.spend
        : spend === 'off'
          ? undefined
          : { ...spend, reservedMinutes: spend.reservedMinutes ?? defaultReservedMinutes },
  };
}

function rateCapOf(configured: ConfiguredRateCap | undefined, otherwise: CallRateCap): CallRateCap {
  const merged = { ...otherwise, ...configured };
  return {
    ...(typeof merged.perMinute === 'number' ? { perMinute: merged.perMinute } : {}),
    ...(typeof merged.perDay === 'number' ? { perDay: merged.perDay } : {}),
  };
}
