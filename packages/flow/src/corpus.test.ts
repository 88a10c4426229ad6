// Real exports: each parses and validates, and every branch of every action can be taken. The files are not part of the
// repository; without them the tests are skipped.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { flowOf, type Run, run, type Script } from '../test/scripted-host.ts';
import { createContactFlowState, createFlowData } from './contact-flow-state.ts';
import { type Action, type FlowDocument, member } from './flow-document.ts';
import { done, type Flow, type FlowHost, failed, flowTypeOfMetadata, type HostResult } from './index.ts';
import { parseFlow } from './parse-flow.ts';
import { parseReference } from './references.ts';
import { validateFlow } from './validate-flow.ts';

const FOLDER = new URL('../../../../shared/flow-corpus/', import.meta.url);
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith('.json')) : [];
const skip = FILES.length === 0 ? 'the exported flows are not here' : false;

/**
 * Files that are refused, each with the mark that is the reason: they are templates whose ARNs a deployment fills in, and
 * the service takes no resource that is none (facts, §9 and §13). No other file of the corpus has an error.
 */
const REFUSED: Readonly<Record<string, string>> = {
  AWSSCVAgentWhisperWithStreaming: '%%KVS_CONSUMER_TRIGGER_ARN%%',
  AWS_Sample_SCV_Agent_Transfer: '%%INVOKE_TELEPHONY_FUNCTION_ARN%%',
  AWS_Sample_SCV_Inbound: '%%INVOKE_TELEPHONY_FUNCTION_ARN%%',
  AWS_Sample_SCV_Inbound_Flow_with_Transcription: '%%KVS_CONSUMER_TRIGGER_ARN%%',
  AWS_Sample_SCV_Outbound_Flow_with_Transcription: '%%KVS_CONSUMER_TRIGGER_ARN%%',
  AWS_Sample_SCV_Queue_Transfer: '%%INVOKE_TELEPHONY_FUNCTION_ARN%%',
  AWS_Sample_SCV_REST_Example: '%%CONNECT_BASIC_QUEUE_ARN%%',
  RulesEngineAgentWhisper: '{{lambdaFunctions.connectloadstate.arn}}',
  RulesEngineBootstrap: '{{contactFlows.RulesEngineMain.arn}}',
  RulesEngineCustomerQueue: '{{lambdaFunctions.connectupdatestate.arn}}',
  RulesEngineCustomerWhisper: '{{lambdaFunctions.connectloadstate.arn}}',
  RulesEngineDTMFInput: '{{lambdaFunctions.connectdtmfinput.arn}}',
};

/** `publisher__repository__Name.json` → `Name`. */
function nameOf(file: string): string {
  return (file.split('__').at(-1) ?? file).replace('.json', '');
}

function read(file: string): { readonly text: string; readonly document: FlowDocument } {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  const parsed = parseFlow(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return { text, document: parsed.flow };
}

test('corpus › every exported flow parses; only templates that were never filled in are refused', {
  skip,
}, () => {
  const refused: string[] = [];
  for (const file of FILES) {
    const { document } = read(file);
    const type = document.settings === undefined ? flowTypeOfMetadata(document.metadataType) : 'MODULE';
    const problems = validateFlow(document, type === undefined ? {} : { type });
    const errors = problems.filter((problem) => problem.severity === 'error');
    if (errors.length > 0) refused.push(nameOf(file));
    for (const problem of errors) assert.match(problem.remedy, /template that was not filled in/, file);
    const mark = REFUSED[nameOf(file)];
    assert.ok(mark === undefined || errors.some(({ remedy }) => remedy.includes(mark)), file);
    for (const problem of problems) {
      if (problem.severity === 'warning')
        assert.match(problem.message, /placeholder/, `${file} ${problem.message}`);
    }
  }
  assert.deepEqual(refused.sort(), Object.keys(REFUSED).sort());
});

test('corpus › every flow runs from its start with silent, eager and failing hosts', {
  skip,
  timeout: 120_000,
}, async () => {
  for (const file of FILES) {
    const { text } = read(file);
    for (const script of [
      {},
      { presses: keysEverySecond('1') },
      { host: hostFailingWith('NoMatchingError') },
    ]) {
      const ran = await run(text, {
        ...script,
        maxSteps: 200,
        maxStepsWithoutTime: 100,
        hangUpAtMs: 3_600_000,
        limitMs: 3_700_000,
      });
      assert.ok(ran.steps.length > 0 || ran.outcome.kind === 'aborted', file);
    }
  }
});

test('corpus › every branch of every action can be taken', { skip, timeout: 300_000 }, async () => {
  const missed = new Set<string>();
  const seen = new Set<string>();
  for (const file of FILES) {
    const { text, document } = read(file);
    for (const action of document.actionList) {
      const shape = JSON.stringify([action.type, action.parameters, action.errors.length, action.conditions]);
      if (seen.has(shape)) continue;
      seen.add(shape);
      for (const via of branchesOf(action)) {
        if (!(await isTaken(text, action, via))) missed.add(`${action.type} ${via}`);
      }
    }
  }
  // Settings of Voice ID, which ended, are taken without effect and so cannot fail.
  assert.deepEqual([...missed].sort(), ['UpdateContactData Errors[NoMatchingError]']);
});

/** The transitions of an action as traces name them, without copies that no rule reaches. */
function branchesOf(action: Action): readonly string[] {
  return [
    ...action.errors
      // Without conditions there is nothing that could not match.
      .filter((branch) => branch.errorType !== 'NoMatchingCondition' || action.conditions.length > 0)
      .map((branch) => `Errors[${branch.errorType}]`),
    ...action.conditions.map(
      (branch, index) => `Conditions[${index}] ${branch.operator} "${branch.operands[0]}"`,
    ),
  ];
}

async function isTaken(text: string, action: Action, via: string): Promise<boolean> {
  for (const script of scriptsFor(action, via)) {
    const ran = await runAction(text, action, script);
    if (ran.steps.some((step) => step.actionIdentifier === action.identifier && step.via === via))
      return true;
  }
  return false;
}

/** Runs one action of a flow, flow attributes set before it where it reads or would overfill them. */
function runAction(
  text: string,
  action: Action,
  script: Script & { readonly flowAttributes?: object },
): Promise<Run> {
  const content = JSON.parse(text) as { StartAction: string; Actions: object[] };
  if (script.flowAttributes !== undefined) {
    content.Actions.push({
      Identifier: 'preface',
      Type: 'UpdateFlowAttributes',
      Parameters: { FlowAttributes: script.flowAttributes },
      Transitions: { NextAction: action.identifier },
    });
  }
  return run(content, {
    ...script,
    startAction: script.flowAttributes === undefined ? action.identifier : 'preface',
    maxSteps: 3,
    hangUpAtMs: 3_600_000,
    limitMs: 3_700_000,
  });
}

type Attempt = Script & { readonly flowAttributes?: object };

/** Worlds in which the branch ought to be taken. */
function scriptsFor(action: Action, via: string): readonly Attempt[] {
  const errorType = /^Errors\[(.*)\]$/.exec(via)?.[1];
  const condition = action.conditions[Number(/^Conditions\[(\d+)\]/.exec(via)?.[1] ?? -1)];
  if (errorType !== undefined && errorType !== 'NoMatchingCondition') {
    return [
      { host: hostFailingWith(errorType) },
      { presses: { 5: '1#' }, host: { runServiceAction: () => failed('no', errorType) } },
      { flowAttributes: { filler: { Value: 'x'.repeat(32_760) } } },
      {},
    ];
  }
  const wanted =
    condition === undefined
      ? 'nothing of the kind'
      : satisfying(condition.operator, condition.operands[0] ?? '');
  return [
    ...worldsWith(action, wanted),
    { presses: { 5: wanted.slice(0, 1) } },
    { presses: { 5: '8' } },
    { host: answering(wanted) },
    { state: loopDone(action) },
  ];
}

function satisfying(operator: string, operand: string): string {
  if (operator === 'NumberGreaterThan') return String(Number(operand) + 1);
  if (operator === 'NumberLessThan') return String(Number(operand) - 1);
  return operand;
}

/** Worlds in which the value an action compares is the wanted one; with `NULL`, the one in which it is missing. */
function worldsWith(action: Action, wanted: string): readonly Attempt[] {
  const reference = parseReference(String(member(action.parameters, 'ComparisonValue')));
  if (reference === undefined) return [];
  if (wanted === 'NULL') return [{}];
  const { root, path } = reference;
  const value = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), wanted);
  const key = path[0] ?? '';
  const data = createFlowData();
  const withData = { state: { ...createContactFlowState(), data } };
  switch (root) {
    case 'Attributes':
      return [{ contact: { attributes: new Map([[key, wanted]]) } }];
    case 'FlowAttributes':
      return [{ flowAttributes: { [key]: { Value: wanted } } }];
    case 'External':
    case 'LambdaInvocation':
      data.external = value as Record<string, unknown>;
      return [withData];
    case 'StoredCustomerInput':
      data.storedCustomerInput = wanted;
      return [withData];
    case 'MediaStreams':
      return [
        {
          contact: {
            customerAudioStream: { streamArn: wanted, startTimestamp: wanted, startFragmentNumber: wanted },
          },
        },
      ];
    case 'Channel':
      return [{ contact: { channel: wanted } }];
    default:
      data.services = new Map([[root, value]]);
      return [withData];
  }
}

function loopDone(action: Action) {
  const state = createContactFlowState();
  state.loopCounters.set(`main\n${action.identifier}`, 100);
  return state;
}

/** A host whose questions are all answered by one word or number. */
function answering(wanted: string): Script['host'] {
  const number = Number.isNaN(Number(wanted)) ? 0 : Number(wanted);
  const module: Flow = flowOf(
    JSON.stringify({
      Version: '2019-10-30',
      StartAction: 'end',
      Actions: [{ Identifier: 'end', Type: 'EndFlowModuleExecution', Parameters: { Result: wanted } }],
    }),
    'module',
    'MODULE',
  );
  return {
    isOpen: () => done(wanted === 'True'),
    findModule: () => done(module),
    outboundCallStatus: () => done(wanted as 'CallAnswered'),
    waitForEvent: () => done(wanted),
    runServiceAction: () => done({ result: wanted }),
    queueMetrics: () =>
      done({
        contactsInQueue: number,
        oldestContactAgeMs: number,
        agentsOnline: number,
        agentsAvailable: number,
        agentsStaffed: number,
      }),
  };
}

/** A host that refuses everything with one error type. */
function hostFailingWith(errorType: string): Script['host'] {
  const refuse = (): HostResult<never> => failed('refused by the test', errorType);
  const operations = [
    'updateAttributes',
    'updateContactData',
    'setMediaStreaming',
    'setEventHook',
    'tagContact',
    'invokeLambda',
    'findFlow',
    'findModule',
    'setTargetQueue',
    'transferToQueue',
    'dequeueAndTransfer',
    'transferToThirdParty',
    'setRoutingCriteria',
    'setCallbackNumber',
    'createCallback',
    'createTask',
    'isOpen',
    'queueMetrics',
    'outboundCallStatus',
    'setPreviousParticipantState',
    'runServiceAction',
  ] satisfies (keyof FlowHost)[];
  return {
    ...(Object.fromEntries(operations.map((name) => [name, refuse])) as Script['host']),
    participant: { role: 'customer', play: refuse, nextDigit: () => undefined, drainDigits: () => [] },
  };
}

function keysEverySecond(key: string): Record<number, string> {
  return Object.fromEntries(Array.from({ length: 60 }, (_, second) => [second * 1_000 + 500, key]));
}
