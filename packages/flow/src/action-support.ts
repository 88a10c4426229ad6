// Which actions this implementation carries, and how far: the source of the compatibility table.

import type { Support } from './action-definition.ts';
import { allActions } from './actions/all-actions.ts';

/** One action of the language and how far it is carried. */
export interface ActionSupport {
  readonly type: string;
  readonly support: Support;
}

/** All actions known, by name. Types that are not listed take their error branch unless the host adapts them. */
export function actionSupport(): readonly ActionSupport[] {
  return allActions()
    .map(({ type, support }) => ({ type, support }))
    .sort((one, other) => (one.type < other.type ? -1 : 1));
}
