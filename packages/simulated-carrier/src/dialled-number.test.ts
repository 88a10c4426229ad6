import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf } from './dialled-number.ts';

for (const [uri, number] of [
  ['sip:+12065550100@127.0.0.1:5080', '+12065550100'],
  ['sip:12065550100@carrier.example;user=phone', '+12065550100'],
  ['sip:2065550100@carrier.example', '+12065550100'],
  ['sips:+1-206-555-0100@carrier.example', '+12065550100'],
  ['sip:+12065550100;npdi;rn=+12065559999@carrier.example', '+12065550100'],
  ['sip:%2B12065550100@carrier.example', '+12065550100'],
  ['tel:+1(206)555-0100;ext=7', '+12065550100'],
  ['TEL:+442079460000', '+442079460000'],
  ['sip:anonymous@anonymous.invalid', 'anonymous'],
  ['sip:911@carrier.example', '911'],
  ['sip:carrier.example', 'sip:carrier.example'],
  ['urn:service:sos', 'urn:service:sos'],
] as const) {
  test(`dialled number › ${uri} is ${number}`, () => assert.equal(numberOf(uri), number));
}
