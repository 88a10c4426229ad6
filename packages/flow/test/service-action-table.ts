// The cases that every action has which an adapter of the host runs (`runServiceAction`); the tables in `actions/` give
// them with the action's own parameters and add what is the action's own.

import assert from 'node:assert/strict';
import { done, failed } from '../src/flow-host.ts';
import type { ActionCase } from './action-table.ts';

export interface ServiceAction {
  readonly type: string;
  /** As the document has them: `$.Attributes.it` stands for `it-1`, `$.Channel` for `VOICE`. */
  readonly Parameters: object;
  /** As the adapter and the log have to see them. */
  readonly resolved: object;
  /** The root of the reference under which the answer is kept (`Customer`). Absent: the action keeps none. */
  readonly root?: string;
  /** Error branches of the document. Default: `NoMatchingError`. */
  readonly Errors?: readonly [first: string, ...more: string[]];
}

/** Three cases: no adapter, an adapter that answers, an adapter that fails with the first error of the document. */
export function serviceActionCases({
  type,
  Parameters,
  resolved,
  root,
  Errors = ['NoMatchingError'],
}: ServiceAction): readonly ActionCase[] {
  const [named] = Errors;
  return [
    {
      name: 'without an adapter takes its error branch, and note and log say so',
      Parameters: resolved,
      Errors: ['NoMatchingError'],
      goesTo: 'NoMatchingError',
      note: new RegExp(`${type} is not available`),
      logs: [[type, resolved]],
      logError: /not available/,
    },
    {
      name: 'with an adapter asks it with references resolved, and goes on',
      Parameters,
      Errors: ['NoMatchingError'],
      script: {
        contact: { attributes: new Map([['it', 'it-1']]) },
        host: {
          runServiceAction: (request) => {
            assert.deepEqual(request, { actionType: type, parameters: resolved });
            return done(root === undefined ? {} : { values: { root, value: { Kept: 'yes' } } });
          },
        },
      },
      goesTo: 'next',
      ...(root !== undefined && {
        also: (ran) => assert.deepEqual(ran.state.data.services.get(root), { Kept: 'yes' }),
      }),
    },
    {
      name: 'an adapter that fails names the error branch',
      Parameters: resolved,
      Errors,
      script: { host: { runServiceAction: () => failed('no answer', named) } },
      goesTo: named,
      logError: /no answer/,
    },
  ];
}
