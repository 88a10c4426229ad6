// Menus, stored input and the touch-tone buffer, in virtual time.

import assert from 'node:assert/strict';
import { constants, createDecipheriv, generateKeyPairSync, hkdfSync, privateDecrypt } from 'node:crypto';
import { test } from 'node:test';
import { createContactFlowState } from '../../../src/contact-flow-state.ts';
import type { Digit } from '../../../src/flow-host.ts';
import { testAction } from '../../action-table.ts';
import { documentOf, run } from '../../scripted-host.ts';

const MENU = { Text: 'Press 1', InputTimeLimitSeconds: '5', StoreInput: 'False' };
const MENU_BRANCHES = {
  Errors: ['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'],
  Conditions: [['Equals', '1'] as const, ['Equals', '#'] as const],
};
const STORE = { Text: 'Type', InputTimeLimitSeconds: '10', StoreInput: 'True' };
const CUSTOM = { CustomValidation: { MaximumLength: '4' } };
const buffering = (...digits: Digit[]) => ({
  ...createContactFlowState({ logging: 'Enabled' }),
  digitBuffer: digits,
});
const stored =
  (value: string | undefined) => (ran: { state: { data: { storedCustomerInput: string | undefined } } }) =>
    assert.equal(ran.state.data.storedCustomerInput, value);

testAction('GetParticipantInput', [
  {
    name: 'menu: a key after the prompt takes its condition',
    Parameters: MENU,
    ...MENU_BRANCHES,
    script: { presses: { 2500: '1' } },
    goesTo: 'Equals 1',
    heard: ['Press 1'],
    elapsedMs: 2_500,
    logs: [
      [
        'GetUserInput',
        { Text: 'Press 1', TextToSpeechType: 'text', Voice: 'Joanna', Timeout: '5000', MaxDigits: '1' },
        '1',
      ],
    ],
  },
  {
    name: 'menu: a key interrupts the prompt',
    Parameters: MENU,
    ...MENU_BRANCHES,
    script: { presses: { 300: '#' } },
    goesTo: 'Equals #',
    elapsedMs: 300,
  },
  {
    name: 'menu: a key without condition goes to NoMatchingCondition',
    Parameters: MENU,
    ...MENU_BRANCHES,
    script: { presses: { 2000: '9' } },
    goesTo: 'NoMatchingCondition',
  },
  {
    name: 'menu: silence after the prompt takes the time-out branch, counted from its end',
    Parameters: MENU,
    ...MENU_BRANCHES,
    goesTo: 'InputTimeLimitExceeded',
    elapsedMs: 6_000,
  },
  {
    name: 'menu: silence goes to NoMatchingError when there is no time-out branch',
    Parameters: MENU,
    Errors: ['NoMatchingError'],
    Conditions: [['Equals', '1']],
    goesTo: 'NoMatchingError',
  },
  {
    name: 'menu: without a prompt it only listens',
    Parameters: { InputTimeLimitSeconds: 2 },
    ...MENU_BRANCHES,
    goesTo: 'InputTimeLimitExceeded',
    elapsedMs: 2_000,
  },
  {
    name: 'menu: a prompt that cannot be played goes to NoMatchingError',
    Parameters: { ...MENU, Text: '$.External.nothing' },
    ...MENU_BRANCHES,
    goesTo: 'NoMatchingError',
  },
  {
    name: 'menu: a buffered key answers without the prompt',
    Parameters: MENU,
    ...MENU_BRANCHES,
    script: { state: buffering('1', '2') },
    goesTo: 'Equals 1',
    heard: [],
    also: (ran) => assert.deepEqual(ran.state.digitBuffer, ['2']),
  },
  {
    name: 'store: keeps the digits up to the terminator',
    Parameters: { ...STORE, InputValidation: { CustomValidation: { MaximumLength: 10 } } },
    Errors: ['NoMatchingError'],
    script: { presses: { 500: '12', 3000: '34#' } },
    goesTo: 'next',
    elapsedMs: 3_000,
    also: stored('1234'),
    logs: [
      [
        'StoreUserInput',
        { Text: 'Type', TextToSpeechType: 'text', Voice: 'Joanna', Timeout: '10000' },
        'Success',
      ],
    ],
  },
  {
    name: 'store: ends at its length',
    Parameters: { ...STORE, InputValidation: CUSTOM },
    Errors: ['NoMatchingError'],
    script: { presses: { 1500: '12345' } },
    goesTo: 'next',
    elapsedMs: 1_500,
    also: stored('1234'),
  },
  {
    name: 'store: ends when the next key takes too long, five seconds unless said otherwise',
    Parameters: { ...STORE, InputValidation: CUSTOM },
    Errors: ['NoMatchingError'],
    script: { presses: { 2000: '12' } },
    goesTo: 'next',
    elapsedMs: 7_000,
    also: stored('12'),
  },
  {
    name: 'store: the inter-digit time limit can be set',
    Parameters: { ...STORE, InputValidation: CUSTOM, DTMFConfiguration: { InterdigitTimeLimitSeconds: '1' } },
    Errors: ['NoMatchingError'],
    script: { presses: { 2000: '12' } },
    goesTo: 'next',
    elapsedMs: 3_000,
  },
  {
    name: 'store: silence is a success with the text Timeout',
    Parameters: { ...STORE, InputValidation: CUSTOM },
    Errors: ['NoMatchingError'],
    goesTo: 'next',
    elapsedMs: 11_000,
    also: stored('Timeout'),
  },
  {
    name: 'store: a terminator of its own, with * as an ordinary key',
    Parameters: {
      ...STORE,
      InputValidation: { CustomValidation: { MaximumLength: '20' } },
      DTMFConfiguration: { InputTerminationSequence: '*#', DisableCancelKey: 'True' },
    },
    Errors: ['NoMatchingError'],
    script: { presses: { 2000: '12*3*#' } },
    goesTo: 'next',
    also: stored('12*3'),
  },
  {
    name: 'store: a local phone number becomes E.164',
    Parameters: {
      ...STORE,
      InputValidation: { PhoneNumberValidation: { NumberFormat: 'Local', CountryCode: 'US' } },
    },
    Errors: ['NoMatchingError', 'InvalidPhoneNumber'],
    script: { presses: { 2000: '2065550100#' } },
    goesTo: 'next',
    also: stored('+12065550100'),
  },
  {
    name: 'store: keys that are no phone number take their branch',
    Parameters: { ...STORE, InputValidation: { PhoneNumberValidation: { NumberFormat: 'E164' } } },
    Errors: ['NoMatchingError', 'InvalidPhoneNumber'],
    script: { presses: { 2000: '123#' } },
    goesTo: 'InvalidPhoneNumber',
    also: stored(undefined),
  },
  {
    name: 'store: enough buffered keys skip the prompt, and the rest stays in the buffer',
    Parameters: { ...STORE, InputValidation: CUSTOM },
    Errors: ['NoMatchingError'],
    script: { state: buffering('1', '2', '3', '4', '5') },
    goesTo: 'next',
    heard: [],
    elapsedMs: 0,
    also: (ran) => {
      stored('1234')(ran);
      assert.deepEqual(ran.state.digitBuffer, ['5']);
    },
  },
  {
    name: 'store: too few buffered keys are completed under the inter-digit time limit',
    Parameters: { ...STORE, InputValidation: CUSTOM },
    Errors: ['NoMatchingError'],
    script: { state: buffering('1', '2') },
    goesTo: 'next',
    heard: ['Type'],
    elapsedMs: 6_000,
    also: stored('12'),
  },
  {
    name: 'store: the value is not stored in the clear when it cannot be encrypted',
    Parameters: {
      ...STORE,
      InputValidation: CUSTOM,
      InputEncryption: { EncryptionKeyId: 'k', Key: 'no certificate' },
    },
    Errors: ['NoMatchingError'],
    script: { presses: { 2000: '1234' } },
    goesTo: 'NoMatchingError',
    detail: /no usable certificate/,
    also: stored(undefined),
  },
  {
    name: 'buffer: starts keeping keys',
    Parameters: { EnableDTMFBuffer: 'true' },
    Errors: ['NoMatchingError'],
    goesTo: 'next',
    also: (ran) => assert.deepEqual(ran.state.digitBuffer, []),
  },
  {
    name: 'buffer: stops and drops what was kept',
    Parameters: { EnableDTMFBuffer: 'false' },
    Errors: ['NoMatchingError'],
    script: { state: buffering('1') },
    goesTo: 'next',
    also: (ran) => {
      assert.equal(ran.state.digitBuffer, undefined);
      stored(undefined)(ran);
    },
  },
  {
    name: 'buffer: stops and stores what was kept',
    Parameters: { EnableDTMFBuffer: 'false', StoreInput: 'true' },
    Errors: ['NoMatchingError'],
    script: { state: buffering('1', '2') },
    goesTo: 'next',
    also: stored('12'),
  },
  {
    name: 'is skipped when nobody is there',
    Parameters: MENU,
    ...MENU_BRANCHES,
    script: { participant: 'nobody' },
    goesTo: 'next',
  },
]);

test('GetParticipantInput › keys pressed before it, without buffering, mean nothing', async () => {
  const menu = (next: string) => ({
    Type: 'GetParticipantInput',
    Parameters: { InputTimeLimitSeconds: '5' },
    Transitions: {
      NextAction: 'end',
      Errors: [{ ErrorType: 'InputTimeLimitExceeded', NextAction: 'end' }],
      Conditions: [{ NextAction: next, Condition: { Operator: 'Equals', Operands: ['1'] } }],
    },
  });
  const flow = documentOf({
    hello: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'menu' } },
    menu: menu('pressed'),
    pressed: { Type: 'EndFlowExecution' },
    end: { Type: 'EndFlowExecution' },
  });
  assert.deepEqual((await run(flow, { presses: { 500: '1' } })).path, ['hello', 'menu', 'end']);
  assert.deepEqual((await run(flow, { presses: { 1500: '1' } })).path, ['hello', 'menu', 'pressed']);
});

test('GetParticipantInput › the buffer keeps thirty keys, in order, over other actions', async () => {
  const flow = documentOf({
    on: {
      Type: 'GetParticipantInput',
      Parameters: { EnableDTMFBuffer: 'true' },
      Transitions: { NextAction: 'hello' },
    },
    hello: { Type: 'MessageParticipant', Parameters: { Text: 'x' }, Transitions: { NextAction: 'store' } },
    store: {
      Type: 'GetParticipantInput',
      Parameters: {
        StoreInput: 'True',
        InputTimeLimitSeconds: '5',
        InputValidation: { CustomValidation: { MaximumLength: '40' } },
      },
      Transitions: { NextAction: 'end' },
    },
    end: { Type: 'EndFlowExecution' },
  });
  const ran = await run(flow, { presses: { 500: '123456789012345678901234567890XX'.replace('XX', '99') } });
  assert.equal(ran.state.data.storedCustomerInput, '123456789012345678901234567890');
});

test('GetParticipantInput › encrypted input is an AWS Encryption SDK message that only the private key opens', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const flow = documentOf({
    store: {
      Type: 'GetParticipantInput',
      Parameters: {
        StoreInput: 'True',
        InputTimeLimitSeconds: '5',
        InputValidation: { CustomValidation: { MaximumLength: '16' } },
        InputEncryption: { EncryptionKeyId: 'key-1', Key: publicKey.export({ type: 'spki', format: 'pem' }) },
      },
      Transitions: { NextAction: 'end' },
    },
    end: { Type: 'EndFlowExecution' },
  });
  const ran = await run(flow, { presses: { 500: '4111111111111111' } });
  const message = Buffer.from(ran.state.data.storedCustomerInput ?? '', 'base64');
  // Read field by field as the format's reference lists them.
  let at = 0;
  const take = (length: number): Buffer => {
    at += length;
    return message.subarray(at - length, at);
  };
  const counted = (): Buffer => take(take(2).readUInt16BE());
  assert.equal(take(1)[0], 2);
  const suite = take(2);
  assert.equal(suite.readUInt16BE(), 0x0478);
  const messageId = take(32);
  assert.equal(take(2).readUInt16BE(), 0);
  assert.equal(take(2).readUInt16BE(), 1);
  assert.equal(counted().toString(), 'AmazonConnect');
  assert.equal(counted().toString(), 'key-1');
  const dataKey = privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha512' },
    counted(),
  );
  assert.equal(take(1)[0], 2);
  assert.equal(take(4).readUInt32BE(), 4096);
  const commitment = take(32);
  const headerEnd = at;
  const headerTag = take(16);
  assert.deepEqual(Buffer.from(hkdfSync('sha512', dataKey, messageId, 'COMMITKEY', 32)), commitment);
  const key = Buffer.from(
    hkdfSync('sha512', dataKey, messageId, Buffer.concat([suite, Buffer.from('DERIVEKEY')]), 32),
  );
  const header = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12)).setAAD(
    message.subarray(0, headerEnd),
  );
  header.setAuthTag(headerTag).final();
  assert.equal(take(4).readUInt32BE(), 0xffffffff);
  const sequence = take(4);
  const iv = take(12);
  const length = take(4).readUInt32BE();
  const lengthField = Buffer.alloc(8);
  lengthField.writeBigUInt64BE(BigInt(length));
  const body = createDecipheriv('aes-256-gcm', key, iv).setAAD(
    Buffer.concat([messageId, Buffer.from('AWSKMSEncryptionClient Final Frame'), sequence, lengthField]),
  );
  const content = take(length);
  body.setAuthTag(take(16));
  assert.equal(Buffer.concat([body.update(content), body.final()]).toString(), '4111111111111111');
  assert.equal(at, message.length);
});
