/** `npm start`. Turns on Node's compile cache before anything large is loaded: a second start takes a third of the time. */
import { enableCompileCache } from 'node:module';
import { keepNurseryToMainThread } from './main-thread-nursery.ts';
import { answerToArguments } from './start-arguments.ts';

const answer = answerToArguments(process.argv.slice(2));
if (answer) {
  (answer.exitCode === 0 ? process.stdout : process.stderr).write(answer.text);
  process.exitCode = answer.exitCode;
} else {
  enableCompileCache();
  keepNurseryToMainThread();
  await import('./run.ts');
}
