/**
 * Records a call to the file named on the command line until the process is killed. Run by the engine's tests.
 */
import { openMediaEngine } from '../src/index.ts';

const [, , path] = process.argv;
if (!path) throw new Error('usage: record-until-killed.ts FILE');
const engine = await openMediaEngine({ host: '127.0.0.1', ports: { first: 20_000, last: 59_999 } });
const caller = await engine.openSession();
const phone = await engine.openSession();
await caller.acceptAnswer(await phone.answerOffer(caller.createOffer()));
await caller.startRecording(path);
const tone = (hz: number) => ({ tone: { frequenciesHz: [hz] }, durationMs: 60_000 });
await Promise.all([caller.play(tone(600)), phone.play(tone(1_500))]);
