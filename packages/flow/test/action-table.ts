// The table every action is tested with: its document, the host's state, and what has to come of it. The tables stand
// in `actions/`, one file for each action; `actions.test.ts` runs them all and sees that none is missing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, type Run, run, type Script } from './scripted-host.ts';

/** One line of a table. What is not given is not asserted. */
export interface ActionCase {
  readonly name: string;
  readonly Parameters?: object;
  readonly Errors?: readonly string[];
  readonly Conditions?: readonly (readonly [operator: string, operand: string])[];
  /** null: the action has none. */
  readonly NextAction?: string | null;
  readonly script?: Script;
  /** The action that follows (`next`, an error type, `Equals 1`), or the outcome in brackets: `(queued)`. */
  readonly goesTo: string;
  readonly heard?: readonly string[];
  readonly calls?: readonly (readonly unknown[])[];
  readonly elapsedMs?: number;
  /** Log records of the action: type, parameters, results. */
  readonly logs?: readonly (readonly [type: string, parameters: object, results?: string])[];
  /** What the log record of the action says went wrong. */
  readonly logError?: RegExp;
  /** A note that has to be there. */
  readonly note?: RegExp;
  /** The detail of the error that was taken. */
  readonly detail?: RegExp;
  readonly also?: (run: Run) => void;
}

/** The tables registered so far, by action type. */
export const actionTables: Map<string, readonly ActionCase[]> = new Map();

/** Registers the table of an action: one test per case. @throws when the action has a table already. */
export function testAction(type: string, cases: readonly ActionCase[]): void {
  if (actionTables.has(type)) throw new Error(`${type} has a table already; one file, one table`);
  actionTables.set(type, cases);
  for (const it of cases) {
    test(`${type} › ${it.name}`, async () => {
      const document = around({
        Type: type,
        ...(it.Parameters === undefined ? {} : { Parameters: it.Parameters }),
        ...(it.Errors === undefined ? {} : { Errors: it.Errors }),
        ...(it.Conditions === undefined ? {} : { Conditions: it.Conditions }),
        ...(it.NextAction === undefined ? {} : { NextAction: it.NextAction }),
      });
      const ran = await run(document, it.script);
      const step = ran.steps.find((candidate) => candidate.actionIdentifier === 'it');
      const leaves = ran.steps.length === 1 || step?.nextAction === undefined;
      assert.equal(leaves ? `(${ran.outcome.kind})` : step.nextAction, it.goesTo, JSON.stringify(ran.steps));
      if (it.heard !== undefined) assert.deepEqual(ran.phone.heard, it.heard);
      if (it.calls !== undefined) assert.deepEqual(ran.calls, it.calls);
      if (it.elapsedMs !== undefined) assert.equal(ran.elapsedMs, it.elapsedMs);
      if (it.logs !== undefined) {
        assert.deepEqual(
          ran.logs
            .filter((record) => record.Identifier === 'it')
            .map((record) =>
              record.Results === undefined
                ? [record.ContactFlowModuleType, record.Parameters]
                : [record.ContactFlowModuleType, record.Parameters, record.Results],
            ),
          it.logs,
        );
      }
      if (it.logError !== undefined) {
        const record = ran.logs.find((candidate) => candidate.Identifier === 'it');
        assert.match(record?.Error ?? '', it.logError);
      }
      if (it.note !== undefined) assert.match(ran.notes.map((note) => note.message).join('\n'), it.note);
      if (it.detail !== undefined) assert.match(step?.result ?? '', it.detail);
      it.also?.(ran);
    });
  }
}
