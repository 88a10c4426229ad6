/** `npm start`. Turns on Node's compile cache before anything large is loaded: a second start takes a third of the time. */
import { enableCompileCache } from 'node:module';
import { keepNurseryToMainThread } from './main-thread-nursery.ts';

enableCompileCache();
keepNurseryToMainThread();
await import('./run.ts');
