// Parting of sessions that were joined, when one of them is gone already.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AudioSession, type MediaEngine, MediaEngineClosed, MediaSessionClosed } from '@ringback/media';
import { joinAudio } from './join-audio.ts';

/** A session whose leaving of its bridge fails. */
const leavingWith = (error: Error) =>
  ({ bridge: async () => undefined, unbridge: () => Promise.reject(error) }) as unknown as AudioSession;

const engine = {} as MediaEngine;

for (const [when, error] of [
  ['ended meanwhile', new MediaSessionClosed(1)],
  ['dies with its worker at that moment', new MediaEngineClosed('the media worker ended: exit code 1')],
] as const) {
  it(`joined audio › is parted from a session that ${when}`, async () => {
    const session = leavingWith(error);
    const joined = await joinAudio(engine, session, session);
    await joined.part();
  });
}

it('joined audio › tells of any other failure to part', async () => {
  const session = leavingWith(new Error('a bug'));
  const joined = await joinAudio(engine, session, session);
  await assert.rejects(joined.part(), /a bug/);
});
