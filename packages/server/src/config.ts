/** One typed, validated configuration object from environment and file. The only file that reads the environment. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IceServer } from '@ringback/media';
import type { RecordingUploadOptions } from './calls/recording-upload.ts';
import type { Trunk } from './calls/trunk.ts';
import { checkCertificate } from './checked-certificate.ts';
import { besideFile, type ConfigFile, readConfigFile } from './config-file.ts';
import type { FileBounds } from './full-files.ts';
import { describePolicyProblem, type Policy, readPolicy } from './identity/policy.ts';
import { policyFileBeside, readPolicyFile } from './identity/policy-file.ts';
import type { AccountId } from './ids.ts';
import type { ConfiguredPolicy } from './policy/instance-policies.ts';
import type { QuotaDefaults } from './policy/quotas.ts';
import { type PortRange, readPortRange } from './port-range.ts';
import { readSipSettings, type SipSettings } from './sip-config.ts';
import { readTrunk } from './trunk-config.ts';
import { type UsedCertificate, usedCertificates } from './used-certificates.ts';

/** The account of the emulator, and of keys that name none. */
export const emulatorAccountId = '000000000000' as AccountId;

/** The emulator's own number (reserved for fiction, NANPA). */
const emulatorNumber = '+12065550199';

export interface ConfiguredAccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: AccountId;
  /** Last part of the ARN in messages and in the audit log. */
  readonly userName: string;
  readonly principal: string | undefined;
  readonly policy: Policy | undefined;
}

export type ConfiguredSink =
  | { readonly kind: 'webhook'; readonly name: string; readonly url: string; readonly authorization?: string }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly directory: string;
      readonly fileMegabytes?: number;
      readonly keepFiles?: number;
    };

/** A listening port: one that must be had, or a wish that may fall back to any free one. */
export interface PortChoice {
  readonly port: number;
  readonly ifTaken: 'fail' | 'use any free port';
}

export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls: TlsFiles | undefined;
    /** Open at once, agents' pages among them. */
    readonly connections: number;
    /** Of memory for bodies whose senders have not proven yet who they are, all together. */
    readonly unprovenMegabytes: number;
  };
  /** Those that others are shown, for warnings of their ends. */
  readonly certificates: readonly UsedCertificate[];
  readonly sip: { readonly host: string; readonly port: PortChoice };
  readonly sipSettings: SipSettings;
  readonly rtpPorts: PortRange;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly region: string;
  readonly accessKeys: readonly ConfiguredAccessKey[];
  /** `strict` even when the file has no keys, because they are in the database. */
  readonly signatures: 'strict' | 'when there are keys';
  /** RINGBACK_SECRET_KEY; without it the key for stored secrets is a file in the data directory. */
  readonly secretKey: string | undefined;
  readonly trunks: readonly Trunk[];
  /** Countries, prefixes and caps for all instances; absent parts have the defaults of the carrier in use. */
  readonly policy: ConfiguredPolicy;
  /** The same for single instances, by alias or id. */
  readonly instancePolicies: Readonly<Record<string, ConfiguredPolicy>>;
  /** Own numbers, E.164. */
  readonly phoneNumbers: readonly string[];
  /** Values in force until one is raised. */
  readonly quotas: QuotaDefaults;
  readonly previewAllowedFor: 'campaigns' | 'everyone';
  readonly dialling: { readonly paused: boolean; readonly maxDialDelayMs: number };
  readonly sinks: readonly ConfiguredSink[];
  /** How much may wait for sinks that do not take it, and how many facts are kept that a sink will never take. */
  readonly facts: { readonly waitingGigabytes: number; readonly undeliverable: number };
  readonly audit: FileBounds;
  /** Of each instance. */
  readonly flowLogs: FileBounds;
  readonly speech: NonNullable<ConfigFile['speech']>;
  readonly lambda: {
    readonly endpoint: string | undefined;
    readonly functions: Readonly<Record<string, string>>;
  };
  readonly prompts: {
    /** Bucket to directory (absolute) or http(s) URL. */
    readonly buckets: Readonly<Record<string, string>>;
    readonly publicUrl: string | undefined;
  };
  /** Where copies of finished recordings go. */
  readonly recordingUpload: RecordingUploadOptions | undefined;
  /** How agents' browsers reach the media engine. */
  readonly agents: {
    readonly iceServers: readonly IceServer[];
    readonly announcedHost: string | undefined;
    /** Any free ones where it is absent. */
    readonly ports: PortRange | undefined;
    readonly transport: 'all' | 'relay';
  };
  readonly simulatedCarrier: { readonly scenarioFile: string | undefined; readonly rtpPorts: PortRange };
  readonly logLevel: NonNullable<ConfigFile['logLevel']>;
}

interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A setting cannot be used. The message names the variable or file, what is wrong, and what would be right. */
export class ConfigUnusable extends Error {
  override readonly name = 'ConfigUnusable';
}

/**
 * Builds the configuration from environment variables and the file that `RINGBACK_CONFIG` names.
 *
 * @throws {ConfigUnusable} a variable has no meaning, or the combination is unsafe.
 * @throws {ConfigFileUnusable} the file has mistakes; all are listed.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const file = env.RINGBACK_CONFIG ? readNamedFile(env.RINGBACK_CONFIG) : {};
  const { dataDir, databaseUrl, secretKey } = loadStateConfig(env);
  const config: Config = {
    http: {
      host: env.RINGBACK_HOST || '127.0.0.1',
      port: portOf(env, 'RINGBACK_HTTP_PORT') ?? 8642,
      tls: tlsOf(env),
      connections: file.http?.connections ?? 5_000,
      unprovenMegabytes: file.http?.unprovenMegabytes ?? 64,
    },
    certificates: usedCertificates(env.RINGBACK_TLS_CERT || undefined, file, env.RINGBACK_CONFIG ?? ''),
    sip: { host: env.RINGBACK_SIP_HOST || '127.0.0.1', port: sipPortOf(env) },
    sipSettings: readSipSettings(file.sip ?? {}, env.RINGBACK_CONFIG ?? ''),
    rtpPorts: portRangeOf('RINGBACK_RTP_PORTS', env.RINGBACK_RTP_PORTS || '20000-29999'),
    dataDir,
    databaseUrl,
    region: regionOf(env),
    accessKeys: (file.accessKeys ?? []).map((key) => accessKeyOf(key, env.RINGBACK_CONFIG ?? '')),
    signatures: file.signatures === 'strict' ? 'strict' : 'when there are keys',
    secretKey,
    trunks: (file.trunks ?? []).map((trunk) => readTrunk(trunk, env.RINGBACK_CONFIG ?? '')),
    policy: {
      countries: file.countries,
      openPrefixes: file.openPrefixes,
      caps: file.caps,
      answeringMachineDetection: file.answeringMachineDetection,
    },
    instancePolicies: file.instances ?? {},
    phoneNumbers: file.phoneNumbers ?? (file.trunks?.length ? [] : [emulatorNumber]),
    quotas: quotasOf(file),
    previewAllowedFor: file.preview?.allowedFor ?? 'campaigns',
    dialling: {
      paused: file.dialling?.paused ?? false,
      maxDialDelayMs: file.dialling?.maxDialDelayMs ?? 30_000,
    },
    sinks: file.sinks ?? [{ kind: 'file', name: 'files', directory: path.join(dataDir, 'events') }],
    facts: {
      waitingGigabytes: file.facts?.waitingGigabytes ?? 20,
      undeliverable: file.facts?.undeliverable ?? 100_000,
    },
    audit: { fileMegabytes: 100, keepFiles: 400, ...file.audit },
    flowLogs: { fileMegabytes: 100, keepFiles: 10, ...file.flowLogs },
    speech: file.speech ?? { kind: 'auto' },
    lambda: { endpoint: file.lambda?.endpoint, functions: file.lambda?.functions ?? {} },
    prompts: {
      buckets: bucketsOf(file.prompts?.buckets ?? {}, env.RINGBACK_CONFIG ?? ''),
      publicUrl: file.prompts?.publicUrl,
    },
    recordingUpload: recordingUploadOf(file.recordings?.s3, regionOf(env)),
    agents: {
      iceServers: (file.agents?.iceServers ?? []).map(({ urls, username, credential }) => ({
        urls,
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential }),
      })),
      announcedHost: file.agents?.announcedHost,
      ports: file.agents?.ports === undefined ? undefined : portRangeOf('agents.ports', file.agents.ports),
      transport: file.agents?.transport ?? 'all',
    },
    simulatedCarrier: {
      scenarioFile:
        file.simulatedCarrier?.scenarioFile &&
        besideFile(env.RINGBACK_CONFIG ?? '', file.simulatedCarrier.scenarioFile),
      rtpPorts: portRangeOf('simulatedCarrier.rtpPorts', file.simulatedCarrier?.rtpPorts ?? '30000-34999'),
    },
    logLevel: file.logLevel ?? 'info',
  };
  refuseUnsafe(config);
  refuseUnspeakable(config);
  return config;
}

/** Where the state is, for the commands that work on it beside the service. */
export type StateConfig = Pick<Config, 'dataDir' | 'databaseUrl' | 'secretKey'>;

/** The part of the configuration that says where the state is; the file is not read. */
export function loadStateConfig(env: Readonly<Record<string, string | undefined>>): StateConfig {
  return {
    dataDir: path.resolve(env.RINGBACK_DATA_DIR || './.ringback'),
    databaseUrl: env.RINGBACK_DATABASE_URL || undefined,
    secretKey: env.RINGBACK_SECRET_KEY || undefined,
  };
}

/** Without keys anyone who reaches the port is let in, so it must stay on this machine and away from paid calls. */
function refuseUnsafe(config: Config): void {
  if (config.accessKeys.length > 0 || config.signatures === 'strict') return;
  const beyond = [
    ['RINGBACK_HOST', config.http.host],
    ['RINGBACK_SIP_HOST', config.sip.host],
    ['sip.ipv6', config.sipSettings.ipv6 ?? '::1'],
  ].find(([, host]) => !isLoopback(host ?? ''));
  if (beyond) {
    throw new ConfigUnusable(
      `${beyond.join(' is ')}, but no access keys are configured, so every request would be let in. ` +
        'Add accessKeys to the file that RINGBACK_CONFIG names (or signatures: strict, with keys of `ringback keys ' +
        'create`), or listen on 127.0.0.1.',
    );
  }
  if (config.trunks.length > 0) {
    throw new ConfigUnusable(
      'A trunk is configured, but no access keys: anyone on this machine could place paid calls. ' +
        'Add accessKeys to the file that RINGBACK_CONFIG names, or signatures: strict and keys of `ringback keys create`.',
    );
  }
}

/** What is bound to every address has none to tell: 0.0.0.0 in SDP means that no audio is wanted (RFC 3264 §8.4). */
function refuseUnspeakable({ trunks, sip, sipSettings }: Config): void {
  if (trunks.length === 0 || sip.host !== '0.0.0.0' || sipSettings.advertise !== undefined) return;
  throw new ConfigUnusable(
    'RINGBACK_SIP_HOST is 0.0.0.0, which no carrier can answer to. Name an address of this machine there, or in sip.advertise ' +
      'of the file that RINGBACK_CONFIG names the one that the carrier reaches it at.',
  );
}

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readNamedFile(file: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigUnusable(
      `RINGBACK_CONFIG names ${path.resolve(file)}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  return readConfigFile(file, text);
}

function portOf(env: Readonly<Record<string, string | undefined>>, variable: string): number | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new ConfigUnusable(
      `${variable} is "${text}"; a port is a whole number from 0 (any free port) to 65535.`,
    );
  }
  return port;
}

function sipPortOf(env: Readonly<Record<string, string | undefined>>): PortChoice {
  const port = portOf(env, 'RINGBACK_SIP_PORT');
  return port === undefined ? { port: 5060, ifTaken: 'use any free port' } : { port, ifTaken: 'fail' };
}

function portRangeOf(setting: string, text: string): PortRange {
  const range = readPortRange(text);
  if (!range) {
    throw new ConfigUnusable(
      `${setting} is "${text}"; write a range such as 20000-29999, from 1024 to 65535.`,
    );
  }
  return range;
}

function tlsOf(env: Readonly<Record<string, string | undefined>>): TlsFiles | undefined {
  const certFile = env.RINGBACK_TLS_CERT;
  const keyFile = env.RINGBACK_TLS_KEY;
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) {
    throw new ConfigUnusable('RINGBACK_TLS_CERT and RINGBACK_TLS_KEY go together; set both or neither.');
  }
  try {
    checkCertificate(readFileSync(certFile), readFileSync(keyFile));
  } catch (error) {
    throw new ConfigUnusable(
      `RINGBACK_TLS_CERT (${certFile}) and RINGBACK_TLS_KEY (${keyFile}) cannot be used: ` +
        `${error instanceof Error ? error.message : String(error)}. Name a certificate and its key, both PEM.`,
      { cause: error },
    );
  }
  return { certFile, keyFile };
}

/** Keys in the file go before what the SDK finds by itself. */
function recordingUploadOf(
  s3: NonNullable<ConfigFile['recordings']>['s3'],
  region: string,
): RecordingUploadOptions | undefined {
  if (!s3) return undefined;
  const { bucket, prefix, endpoint, accessKeyId, secretAccessKey } = s3;
  return {
    bucket,
    region: s3.region ?? region,
    ...(prefix === undefined ? {} : { prefix }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
  };
}

function regionOf(env: Readonly<Record<string, string | undefined>>): string {
  const region = env.RINGBACK_REGION || 'us-east-1';
  if (!/^[a-z]{2,4}(-[a-z]+){1,2}-\d$/.test(region)) {
    throw new ConfigUnusable(`RINGBACK_REGION is "${region}"; write an AWS Region name such as us-east-1.`);
  }
  return region;
}

function accessKeyOf(
  key: NonNullable<ConfigFile['accessKeys']>[number],
  configFile: string,
): ConfiguredAccessKey {
  return {
    accessKeyId: key.accessKeyId,
    secretAccessKey: key.secretAccessKey,
    accountId: (key.accountId ?? emulatorAccountId) as AccountId,
    userName: key.userName ?? key.accessKeyId,
    principal: key.principal,
    policy: key.policy === undefined ? undefined : policyOf(key.policy, configFile),
  };
}

/** A document, or the path of one, relative to the configuration file. */
function policyOf(policy: object | string, configFile: string): Policy {
  if (typeof policy === 'string') return readPolicyFile(policyFileBeside(configFile, policy)).policy;
  const reading = readPolicy(policy);
  // The file was checked as a whole before; here it can only be right.
  if (!reading.ok) throw new ConfigUnusable(reading.problems.map(describePolicyProblem).join('; '));
  return reading.policy;
}

/** A directory is looked for beside the configuration file. */
function bucketsOf(buckets: Readonly<Record<string, string>>, configFile: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(buckets).map(([bucket, place]) => [
      bucket,
      /^https?:\/\//.test(place) ? place : besideFile(configFile, place),
    ]),
  );
}

function quotasOf({ quotas }: ConfigFile): QuotaDefaults {
  const named = typeof quotas === 'string' ? { rates: quotas } : quotas;
  return {
    rates: named?.rates ?? 'generous',
    resources: {
      ...named?.resources,
      activeCalls: named?.concurrentActiveCalls ?? 1000,
      campaignCalls: named?.concurrentCampaignActiveCalls ?? 0,
    },
  };
}
