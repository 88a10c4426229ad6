/** The YAML configuration file: its shape, and a reader that names line and key of every mistake. Used by config.ts and `ringback check`. */
import path from 'node:path';
import { readScenarioFile, ScenarioUnusable } from '@ringback/simulated-carrier';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { isKnownCountry } from './calls/trunk-numbers.ts';
import { type MistakeBeyondShape, readCheckedYaml, type YamlMistake } from './checked-yaml.ts';
import { type PolicyProblem, readPolicy } from './identity/policy.ts';
import { PolicyFileUnusable, policyFileBeside, readPolicyFile } from './identity/policy-file.ts';
import { userNameForm, userNamePattern } from './identity/user-name.ts';
import { resourceQuotas } from './policy/resource-quotas.ts';
import { readPortRange } from './port-range.ts';
import { SipShape, sipMistakes } from './sip-config.ts';
import { countryCode, countryWords, e164, httpUrl, partName, textOfForm } from './text-forms.ts';
import { TrunkShape, trunkMistakes, unservedCountries } from './trunk-config.ts';

const strict = { additionalProperties: false } as const;

/** A map whose keys must match a pattern, which `words` say in case of a mistake; they stand after "must be". */
function recordOf<Value extends Type.TSchema>(words: string, keyPattern: string, value: Value) {
  return Type.Record(Type.String({ pattern: keyPattern }), value, { ...strict, description: words });
}

const bucketWords = 'a bucket: 2 to 63 small letters, digits, "." and "-"';
const bucketPattern = '^[a-z0-9][a-z0-9.-]{1,62}$';
const portRange = textOfForm('a range such as 40000-40999', '^[0-9]{1,5}-[0-9]{1,5}$');

/** Quotas with a name of their own in the file are not repeated under `resources`. */
const countedResources = Object.keys(resourceQuotas).filter(
  (key) => key !== 'activeCalls' && key !== 'campaignCalls',
);

const requestRates = Type.Union([Type.Literal('aws'), Type.Literal('generous')]);

const AccessKey = Type.Object(
  {
    accessKeyId: textOfForm('4 to 128 letters, digits and "_"', '^[A-Za-z0-9_]{4,128}$'),
    secretAccessKey: Type.String({ minLength: 8, maxLength: 256 }),
    accountId: Type.Optional(textOfForm('an account id of 12 digits, in quotes', '^[0-9]{12}$')),
    /** The service that this key speaks for, for example `connect-campaigns.amazonaws.com`. */
    principal: Type.Optional(Type.String({ maxLength: 128 })),
    /** Last part of the key's ARN; the key's id when absent. */
    userName: Type.Optional(textOfForm(userNameForm, userNamePattern)),
    /** What the key may do: an IAM policy document, or the path of one. Everything in its account when absent. */
    policy: Type.Optional(
      Type.Union([Type.String({ minLength: 1 }), Type.Record(Type.String(), Type.Unknown())]),
    ),
  },
  strict,
);

const fileBounds = {
  /** Size at which a file is put away. */
  fileMegabytes: Type.Optional(Type.Number({ minimum: 1, maximum: 1_000_000 })),
  /** Files that are kept of each kind, besides the one that is written. */
  keepFiles: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
};

const Sink = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('webhook'),
      name: partName,
      url: httpUrl,
      /** Sent as `authorization` header; never logged. */
      authorization: Type.Optional(Type.String({ maxLength: 4096 })),
    },
    strict,
  ),
  Type.Object(
    {
      kind: Type.Literal('file'),
      name: partName,
      directory: Type.String({ minLength: 1 }),
      ...fileBounds,
    },
    strict,
  ),
]);

const Speech = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('auto'),
      Type.Literal('espeak-ng'),
      Type.Literal('flite'),
      Type.Literal('http'),
      Type.Literal('tts-espeak'),
      Type.Literal('off'),
    ]),
    url: Type.Optional(httpUrl),
    format: Type.Optional(Type.Union([Type.Literal('openai'), Type.Literal('piper')])),
    authorization: Type.Optional(Type.String({ maxLength: 4096 })),
    model: Type.Optional(Type.String({ maxLength: 128 })),
  },
  strict,
);

const countries = Type.Array(countryCode);
const prefixes = Type.Array(
  textOfForm('the beginning of numbers in E.164, in quotes, such as "+447"', '^\\+[1-9][0-9]{0,14}$'),
);

const CallsCap = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Literal('off')]);
const RateCap = Type.Object({ perMinute: Type.Optional(CallsCap), perDay: Type.Optional(CallsCap) }, strict);

const Caps = Type.Union([
  Type.Literal('off'),
  Type.Object(
    {
      perInstance: Type.Optional(RateCap),
      /** Of each destination country. */
      perCountry: Type.Optional(RateCap),
      /** Of these countries instead of `perCountry`. */
      countries: Type.Optional(recordOf(countryWords, '^[A-Z]{2}$', RateCap)),
      /** Of each destination number. */
      perNumber: Type.Optional(RateCap),
      spend: Type.Optional(
        Type.Union([
          Type.Literal('off'),
          Type.Object(
            {
              perDay: Type.Number({ minimum: 0, maximum: 1_000_000_000 }),
              /** Prefix (`+` for all) to the price of a minute. */
              pricesPerMinute: recordOf(
                'a prefix such as "+44", in quotes, or "+" for all numbers',
                '^\\+[0-9]{0,15}$',
                Type.Number({ minimum: 0, maximum: 1_000_000 }),
              ),
              reservedMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1440 })),
            },
            strict,
          ),
        ]),
      ),
    },
    strict,
  ),
]);

const decibels = (minimum: number, maximum: number) => Type.Optional(Type.Number({ minimum, maximum }));
const milliseconds = (minimum: number, maximum: number) => Type.Optional(Type.Integer({ minimum, maximum }));

/** Settings of the media engine's detector and how far each goes; `ringback amd --set` takes the same. docs/amd.md says what each costs. */
export const AnsweringMachineDetection = Type.Object(
  {
    lowestLevelDb: decibels(-80, -20),
    /** Log-odds, not decibels: 0 is even. */
    speechLogOdds: Type.Optional(Type.Number({ minimum: -5, maximum: 5 })),
    behindDb: decibels(3, 100),
    humanLogOdds: Type.Optional(Type.Number({ minimum: -5, maximum: 10 })),
    earliestHumanMs: milliseconds(0, 5_000),
    leastSilenceMs: milliseconds(100, 2_000),
    decideByMs: milliseconds(500, 30_000),
    hurriedLogOdds: Type.Optional(Type.Number({ minimum: -5, maximum: 10 })),
    waitingSilenceMs: milliseconds(300, 10_000),
    longWaitingSilenceMs: milliseconds(300, 10_000),
    machineSpeechMs: milliseconds(1_000, 30_000),
    machineBreathMs: milliseconds(1_000, 30_000),
    initialSilenceMs: milliseconds(1_000, 30_000),
    longestAnalysisMs: milliseconds(2_000, 60_000),
    promptEndSilenceMs: milliseconds(500, 30_000),
    longestPromptMs: milliseconds(5_000, 600_000),
  },
  strict,
);

/** Shape of the file named by `RINGBACK_CONFIG`. Every key is optional; an unknown key is a mistake. */
export const ConfigFile = Type.Object(
  {
    accessKeys: Type.Optional(Type.Array(AccessKey)),
    /** `strict`: nobody is let in without a key, though the file has none; `ringback keys create` makes them. */
    signatures: Type.Optional(Type.Literal('strict')),
    /** Bounds for what clients of the API and agents' pages hold. */
    http: Type.Optional(
      Type.Object(
        {
          /** Connections at once, those of agents' pages among them. */
          connections: Type.Optional(Type.Integer({ minimum: 10, maximum: 1_000_000 })),
          /** Memory for bodies whose signatures are not checked yet, all together. */
          unprovenMegabytes: Type.Optional(Type.Integer({ minimum: 2, maximum: 100_000 })),
        },
        strict,
      ),
    ),
    trunks: Type.Optional(Type.Array(TrunkShape)),
    sip: Type.Optional(SipShape),
    /** ISO 3166-1 alpha-2 countries that may be dialled. */
    countries: Type.Optional(countries),
    /** Prefixes that are closed by default and may be dialled here, for example `+447`. */
    openPrefixes: Type.Optional(prefixes),
    /** Against toll fraud: calls a minute and a day, and money a day. */
    caps: Type.Optional(Caps),
    answeringMachineDetection: Type.Optional(AnsweringMachineDetection),
    /** Countries, prefixes, caps and detection of single instances, by alias or id. */
    instances: Type.Optional(
      recordOf(
        'an alias or id of an instance: at most 62 letters, digits and "-"',
        '^[A-Za-z0-9][A-Za-z0-9-]{0,61}$',
        Type.Object(
          {
            countries: Type.Optional(countries),
            openPrefixes: Type.Optional(prefixes),
            caps: Type.Optional(Caps),
            answeringMachineDetection: Type.Optional(AnsweringMachineDetection),
          },
          strict,
        ),
      ),
    ),
    /** Own numbers in E.164, to be shown as caller ID; the first is the queue's. */
    phoneNumbers: Type.Optional(Type.Array(e164('^\\+[1-9][0-9]{1,14}$'))),
    quotas: Type.Optional(
      Type.Union([
        /** Nothing but `rates`. */
        ...requestRates.anyOf,
        Type.Object(
          {
            /** Request rates: those that AWS publishes, or far above them. */
            rates: Type.Optional(requestRates),
            /** How much of a thing an instance may have. */
            resources: Type.Optional(
              Type.Object(
                Object.fromEntries(
                  countedResources.map((key) => [
                    key,
                    Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
                  ]),
                ),
                strict,
              ),
            ),
            concurrentActiveCalls: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
            concurrentCampaignActiveCalls: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
          },
          strict,
        ),
      ]),
    ),
    preview: Type.Optional(
      Type.Object({ allowedFor: Type.Union([Type.Literal('campaigns'), Type.Literal('everyone')]) }, strict),
    ),
    dialling: Type.Optional(
      Type.Object(
        {
          /** Contacts are accepted but wait; they end undialled after `maxDialDelayMs`. */
          paused: Type.Optional(Type.Boolean()),
          maxDialDelayMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 3_600_000 })),
        },
        strict,
      ),
    ),
    sinks: Type.Optional(Type.Array(Sink)),
    /** Bounds for facts that sinks do not take (events/fact-limits.ts). */
    /** The audit log. */
    audit: Type.Optional(Type.Object(fileBounds, strict)),
    /** Flow logs, of each instance. */
    flowLogs: Type.Optional(Type.Object(fileBounds, strict)),
    facts: Type.Optional(
      Type.Object(
        {
          /** Size of the outbox from which on its oldest facts are dropped. */
          waitingGigabytes: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
          /** Rows kept in the table of what sinks will never take. */
          undeliverable: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000_000 })),
        },
        strict,
      ),
    ),
    speech: Type.Optional(Speech),
    lambda: Type.Optional(
      Type.Object(
        {
          /** An AWS-compatible Lambda endpoint. */
          endpoint: Type.Optional(httpUrl),
          /** Function ARN or name to a URL that takes the event as a POST. */
          functions: Type.Optional(Type.Record(Type.String(), httpUrl)),
        },
        strict,
      ),
    ),
    recordings: Type.Optional(
      Type.Object(
        {
          /** Where copies of finished recordings go. */
          s3: Type.Optional(
            Type.Object(
              {
                bucket: textOfForm(bucketWords, bucketPattern),
                prefix: Type.Optional(Type.String({ maxLength: 512 })),
                region: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
                /** Of a store that is not Amazon's. */
                endpoint: Type.Optional(httpUrl),
                accessKeyId: Type.Optional(Type.String({ minLength: 1 })),
                secretAccessKey: Type.Optional(Type.String({ minLength: 1 })),
              },
              strict,
            ),
          ),
        },
        strict,
      ),
    ),
    /** How the browsers of agents reach the service with audio (WebRTC). */
    agents: Type.Optional(
      Type.Object(
        {
          iceServers: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  urls: textOfForm('a URL that begins with stun:, turn: or turns:', '^(stun|turns?):'),
                  username: Type.Optional(Type.String({ maxLength: 256 })),
                  credential: Type.Optional(Type.String({ maxLength: 256 })),
                },
                strict,
              ),
              { maxItems: 8 },
            ),
          ),
          /** Address that browsers are told, where it is not the one bound to. */
          announcedHost: Type.Optional(textOfForm('an IPv4 address', '^[0-9.]{7,15}$')),
          /** UDP ports for browsers, `first-last`. */
          ports: Type.Optional(portRange),
          /** `relay`: only through TURN. */
          transport: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('relay')])),
        },
        strict,
      ),
    ),
    prompts: Type.Optional(
      Type.Object(
        {
          /** Bucket of an S3 URI to the directory, or the http(s) URL, that its keys are below. */
          buckets: Type.Optional(recordOf(bucketWords, bucketPattern, Type.String({ minLength: 1 }))),
          /** Where clients reach the service, for links to audio; the listening address when absent. */
          publicUrl: Type.Optional(
            textOfForm('a URL without a path, such as https://ringback.example', '^https?://[^/?#]+$'),
          ),
        },
        strict,
      ),
    ),
    simulatedCarrier: Type.Optional(
      Type.Object(
        {
          scenarioFile: Type.Optional(Type.String()),
          rtpPorts: Type.Optional(portRange),
        },
        strict,
      ),
    ),
    logLevel: Type.Optional(
      Type.Union([
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('silent'),
      ]),
    ),
  },
  strict,
);
export type ConfigFile = Static<typeof ConfigFile>;

/** One mistake in the file: where it is, and what would be right. `key` is dotted, for example `trunks.0.address`. */
export type ConfigMistake = YamlMistake;

/** The file cannot be used; the message lists every mistake with its line and key. */
export class ConfigFileUnusable extends Error {
  readonly file: string;
  readonly mistakes: readonly ConfigMistake[];
  constructor(file: string, mistakes: readonly ConfigMistake[]) {
    const lines = mistakes.map(
      (m) => `  ${file}:${m.line}:${m.column} ${m.key || '(document)'}: ${m.message}`,
    );
    super(`The configuration file has ${mistakes.length} mistake(s):\n${lines.join('\n')}`);
    this.name = 'ConfigFileUnusable';
    this.file = file;
    this.mistakes = mistakes;
  }
}

const compiled = Compile(ConfigFile);

/**
 * Reads the text of a configuration file, and the policies that it names.
 *
 * @throws {ConfigFileUnusable} listing every mistake at once.
 */
export function readConfigFile(file: string, text: string): ConfigFile {
  const read = readCheckedYaml(compiled, text, (value) => mistakesBeyondShape(value, file));
  if (!read.ok) throw new ConfigFileUnusable(file, read.mistakes);
  return read.value;
}

/** Rules that a shape cannot say: names are used once, an HTTP voice has a URL, policies are right. */
function mistakesBeyondShape(value: ConfigFile, file: string): MistakeBeyondShape[] {
  const found: MistakeBeyondShape[] = [];
  const lists = { trunks: value.trunks, sinks: value.sinks };
  for (const [list, items] of Object.entries(lists)) {
    const seen = new Set<string>();
    items?.forEach((item, index) => {
      if (seen.has(item.name))
        found.push({ path: [list, String(index), 'name'], message: `"${item.name}" is used twice` });
      seen.add(item.name);
    });
  }
  found.push(
    ...trunkMistakes(value.trunks ?? [], file, value.sip?.ipv6 ? 'IPv4 and IPv6' : 'IPv4 only'),
    ...unknownCountries(value),
    ...unservedCountries(value.countries ?? [], value.trunks ?? []),
    ...sipMistakes(value.sip ?? {}, file),
    ...phoneMistakes(value, file),
  );
  const keys = new Set<string>();
  value.accessKeys?.forEach((key, index) => {
    if (keys.has(key.accessKeyId)) {
      found.push({
        path: ['accessKeys', String(index), 'accessKeyId'],
        message: `"${key.accessKeyId}" is used twice`,
      });
    }
    keys.add(key.accessKeyId);
    const at = ['accessKeys', String(index), 'policy'];
    for (const { path: place, message } of policyProblems(key.policy, file)) {
      found.push({ path: [...at, ...place], message });
    }
  });
  if (value.speech?.kind === 'http' && !value.speech.url) {
    found.push({ path: ['speech'], message: 'kind "http" needs a url' });
  }
  const s3 = value.recordings?.s3;
  if (s3 && (s3.accessKeyId === undefined) !== (s3.secretAccessKey === undefined)) {
    const message = 'accessKeyId and secretAccessKey go together; write both or neither';
    found.push({ path: ['recordings', 's3'], message });
  }
  for (const [path, range] of [
    [['agents', 'ports'], value.agents?.ports],
    [['simulatedCarrier', 'rtpPorts'], value.simulatedCarrier?.rtpPorts],
  ] as const) {
    if (range !== undefined && !readPortRange(range)) {
      found.push({ path, message: 'write a range such as 40000-40999, from 1024 to 65535' });
    }
  }
  return found;
}

/** The phones of the simulated carrier, which nobody dials where there are trunks. */
function phoneMistakes({ simulatedCarrier, trunks }: ConfigFile, file: string): MistakeBeyondShape[] {
  const named = simulatedCarrier?.scenarioFile;
  if (named === undefined || trunks?.length) return [];
  const scenarioFile = besideFile(file, named);
  try {
    readScenarioFile(scenarioFile);
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioUnusable)) throw error;
    return error.mistakes.map(({ path: place, problem }) => ({
      path: ['simulatedCarrier', 'scenarioFile'],
      message: `${scenarioFile} cannot be used: ${place ? `${place} ` : ''}${problem}`,
    }));
  }
}

/** A country that is misspelt (UK for GB) would be closed without a word. */
function unknownCountries({ countries, caps, instances, trunks }: ConfigFile): MistakeBeyondShape[] {
  const found: MistakeBeyondShape[] = [];
  const check = (path: readonly string[], country: string): void => {
    if (isKnownCountry(country)) return;
    const message = `no numbering plan of "${country}" is known; write an ISO 3166-1 code, such as GB`;
    found.push({ path, message });
  };
  const checkList = (path: readonly string[], list: readonly string[] = []): void => {
    for (const [index, country] of list.entries()) check([...path, String(index)], country);
  };
  const checkPolicy = (path: readonly string[], policy: Pick<ConfigFile, 'countries' | 'caps'>): void => {
    checkList([...path, 'countries'], policy.countries);
    const capped = policy.caps === 'off' ? {} : (policy.caps?.countries ?? {});
    for (const country of Object.keys(capped)) check([...path, 'caps', 'countries', country], country);
  };
  checkPolicy([], { countries, caps });
  for (const [name, policy] of Object.entries(instances ?? {})) checkPolicy(['instances', name], policy);
  for (const [index, trunk] of (trunks ?? []).entries()) {
    checkList(['trunks', String(index), 'countries'], trunk.countries);
  }
  return found;
}

/** Where a file or directory is that the configuration file names: relative to that file. */
export function besideFile(configFile: string, named: string): string {
  return path.resolve(path.dirname(configFile), named);
}

/** A policy's file is looked for beside the configuration file. */
function policyProblems(policy: object | string | undefined, file: string): readonly PolicyProblem[] {
  if (policy === undefined) return [];
  if (typeof policy === 'object') {
    const reading = readPolicy(policy);
    return reading.ok ? [] : reading.problems;
  }
  try {
    readPolicyFile(policyFileBeside(file, policy));
    return [];
  } catch (error) {
    if (error instanceof PolicyFileUnusable) return [{ path: [], message: error.message }];
    throw error;
  }
}
