import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audioQuality } from './audio-quality.ts';
import { NO_STATS } from './media-stats.ts';

describe('audio quality', () => {
  it('is the best that G.711 can be on a clean line', () => {
    const quality = audioQuality({ ...NO_STATS, packetsReceived: 1_000, jitterMs: 1, roundTripMs: 10 });
    assert.ok((quality?.score ?? 0) > 4.3, `${quality?.score}`);
    assert.deepEqual(quality?.issues, []);
  });

  it('falls with loss, delay and jitter, each of them named', () => {
    const bad = audioQuality({
      ...NO_STATS,
      packetsReceived: 900,
      lost: 100,
      jitterMs: 60,
      roundTripMs: 800,
    });
    assert.ok((bad?.score ?? 5) < 2, `${bad?.score}`);
    assert.deepEqual(bad?.issues, ['HighPacketLoss', 'HighRoundTripTime', 'HighJitterBuffer']);
    const lossy = audioQuality({ ...NO_STATS, packetsReceived: 970, lost: 30 });
    // G.113: 3 % random loss costs G.711 with concealment about 10 points of rating.
    assert.ok((lossy?.score ?? 0) > 3.9 && (lossy?.score ?? 5) < 4.2, `${lossy?.score}`);
  });

  it('is unknown where nothing was heard', () => {
    assert.equal(audioQuality(NO_STATS), undefined);
  });
});
