import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { epochMs, writeOutput } from './write-output.ts';

describe('writeOutput', () => {
  test('writes members as they are', () => {
    assert.equal(writeOutput('StartOutboundVoiceContact', { ContactId: 'c' }), '{"ContactId":"c"}');
  });

  test('leaves undefined members out', () => {
    assert.equal(
      writeOutput('StartOutboundVoiceContact', { ContactId: undefined as unknown as string }),
      '{}',
    );
    const contact = { Id: 'c', InitiationTimestamp: undefined as unknown as Date };
    assert.equal(writeOutput('DescribeContact', { Contact: contact }), '{"Contact":{"Id":"c"}}');
  });

  test('writes times as seconds with at most three decimals, wherever they stand', () => {
    const at = new Date('2026-11-22T05:58:16.123Z');
    const text = writeOutput('DescribeContact', {
      Contact: {
        InitiationTimestamp: at,
        DisconnectTimestamp: epochMs(at.getTime() + 877.4),
        AgentInfo: { Id: 'a', StateTransitions: [{ StateStartTimestamp: at }] },
        ContactEvaluations: { e: { StartTimestamp: at } },
        Attributes: { InitiationTimestamp: 'the caller’s own' },
        SegmentAttributes: { 'connect:Subtype': { ValueString: 'connect:Telephony' } },
      },
    });
    assert.deepEqual(JSON.parse(text), {
      Contact: {
        InitiationTimestamp: 1795327096.123,
        DisconnectTimestamp: 1795327097,
        AgentInfo: { Id: 'a', StateTransitions: [{ StateStartTimestamp: 1795327096.123 }] },
        ContactEvaluations: { e: { StartTimestamp: 1795327096.123 } },
        Attributes: { InitiationTimestamp: 'the caller’s own' },
        SegmentAttributes: { 'connect:Subtype': { ValueString: 'connect:Telephony' } },
      },
    });
    assert.match(text, /"InitiationTimestamp":1795327096\.123,/);
  });

  test('writes an empty body without output, and {} for an empty structure', () => {
    assert.equal(writeOutput('UpdateQueueStatus', undefined), '');
    assert.equal(writeOutput('StopContact', {}), '{}');
  });

  test('throws on a date that is none, and on a plain string for a time', () => {
    assert.throws(
      () => writeOutput('DescribeContact', { Contact: { InitiationTimestamp: new Date('no') } }),
      TypeError,
    );
    const text = '2026-11-22T05:58:16Z' as unknown as Date;
    assert.throws(
      () => writeOutput('DescribeContact', { Contact: { InitiationTimestamp: text } }),
      TypeError,
    );
  });

  test('is checked by the compiler', () => {
    const written = writeOutput('DescribeContact', { Contact: { InitiationTimestamp: epochMs(1500) } });
    assert.equal(written, '{"Contact":{"InitiationTimestamp":1.5}}');
    // @ts-expect-error: seconds and milliseconds cannot be told apart in a plain number.
    writeOutput('DescribeContact', { Contact: { InitiationTimestamp: 1795327096 } });
    // @ts-expect-error: the member does not exist.
    writeOutput('StartOutboundVoiceContact', { contactId: 'c' });
    // @ts-expect-error: not a value of the enumeration.
    writeOutput('DescribeContact', { Contact: { Channel: 'SMOKE' } });
  });
});
