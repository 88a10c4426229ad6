// Finds circles in a flow that never wait for anything: legal, but at run time only a step limit ends them. Pure.

import type { Action, FlowDocument } from './flow-document.ts';

/** Actions that neither wait nor count: a circle of nothing but these spins. */
const IDLE_TYPES: ReadonlySet<string> = new Set([
  'Compare',
  'UpdateContactAttributes',
  'UpdateFlowAttributes',
  'UpdateFlowLoggingBehavior',
  'UpdateContactTextToSpeechVoice',
  'UpdateContactData',
  'UpdateContactRecordingBehavior',
  'UpdateContactRecordingAndAnalyticsBehavior',
  'UpdateContactEventHooks',
  'UpdateContactRoutingBehavior',
  'UpdateContactTargetQueue',
  'TagContact',
  'UntagContact',
  'DistributeByPercentage',
  'CheckHoursOfOperation',
  'CheckMetricData',
  'GetMetricData',
]);

/** One action of each circle that consists of idle actions only. */
export function findIdleCycles(flow: FlowDocument): readonly string[] {
  const idle = flow.actionList.filter((action) => IDLE_TYPES.has(action.type));
  const targets = new Map(idle.map((action) => [action.identifier, targetsOf(action)]));
  for (const [identifier, list] of targets) {
    targets.set(
      identifier,
      list.filter((target) => targets.has(target)),
    );
  }
  // Peel off what no circle can pass: actions without a way out among the idle ones, again and again.
  for (let peeled = true; peeled; ) {
    peeled = false;
    for (const [identifier, list] of targets) {
      const remaining = list.filter((target) => targets.has(target));
      if (remaining.length === 0) {
        targets.delete(identifier);
        peeled = true;
      } else targets.set(identifier, remaining);
    }
  }
  return onePerCircle(targets);
}

function onePerCircle(targets: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const reported: string[] = [];
  const covered = new Set<string>();
  for (const start of targets.keys()) {
    if (covered.has(start)) continue;
    const reached = reachable(start, targets);
    if (reached.has(start)) {
      reported.push(start);
      for (const identifier of reached) covered.add(identifier);
    }
  }
  return reported;
}

/** What can be reached from the targets of `start`. */
function reachable(start: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const pending = [...(targets.get(start) ?? [])];
  for (let identifier = pending.pop(); identifier !== undefined; identifier = pending.pop()) {
    if (reached.has(identifier)) continue;
    reached.add(identifier);
    pending.push(...(targets.get(identifier) ?? []));
  }
  return reached;
}

function targetsOf(action: Action): readonly string[] {
  const targets = [...action.errors, ...action.conditions].map((branch) => branch.nextAction);
  return action.nextAction === undefined ? targets : [...targets, action.nextAction];
}
