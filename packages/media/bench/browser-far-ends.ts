/**
 * The far ends of `browser-legs.ts`, a process of their own: browsers of the WebRTC library, and phones of an engine of their
 * own. All speak at once and count what comes back.
 */
import { type MediaSession, openMediaEngine } from '../src/index.ts';
import { TestBrowser } from '../src/webrtc-session.fixture.ts';
import type { FromFarEnds, ToFarEnds } from './browser-messages.ts';

const engine = await openMediaEngine({
  host: '127.0.0.1',
  ports: { first: 40_000, last: 49_999 },
  workers: 1,
});
const browsers: TestBrowser[] = [];
const phones: MediaSession[] = [];

async function answer(message: ToFarEnds): Promise<FromFarEnds | undefined> {
  switch (message.kind) {
    case 'join': {
      const browser = new TestBrowser(1_000);
      const phone = await engine.openSession();
      browsers.push(browser);
      phones.push(phone);
      return {
        kind: 'joined',
        browser: await browser.answer(message.browser),
        phone: await phone.answerOffer(message.phone),
      };
    }
    case 'speak':
      for (const browser of browsers) browser.speak();
      for (const phone of phones)
        void phone.play({ tone: { frequenciesHz: [400] }, durationMs: 60_000 }, { repeat: 'forever' });
      return { kind: 'speaking' };
    case 'count': {
      const legs = await Promise.all(phones.map((phone) => phone.stats()));
      const received = browsers.reduce((sum, browser) => sum + browser.received, 0);
      const lost = browsers.reduce((sum, browser) => sum + browser.lost, 0);
      return {
        kind: 'counted',
        received: legs.reduce((sum, leg) => sum + leg.packetsReceived, received),
        lost: legs.reduce((sum, leg) => sum + leg.lost, lost),
      };
    }
    case 'stop':
      process.exit(0);
  }
}

// Whoever measures was killed: nobody needs this any more.
process.once('disconnect', () => process.exit());
process.on('message', async (message: ToFarEnds) => {
  const said = await answer(message);
  if (said) process.send?.(said);
});
