// `node packages/connect-api/bench/verify.ts`: microseconds per signature verification and per reading of a
// StartOutboundVoiceContact input, on this machine, one core.

import { createHash, createHmac } from 'node:crypto';
import { readInput, type SignedRequest, SigningKeys, verifySigV4 } from '../src/index.ts';

const SECRET = 'bench-secret';
const NOW_MS = Date.UTC(2026, 10, 22, 5, 58, 16);
const ROUNDS = 5;
const CALLS = 20_000;

const body = Buffer.from(
  JSON.stringify({
    DestinationPhoneNumber: '+441234567890',
    ContactFlowId: '22222222-2222-2222-2222-222222222222',
    InstanceId: '11111111-1111-1111-1111-111111111111',
    ClientToken: '91690197-1394-4269-82ab-fac9be073d77',
    QueueId: '33333333-3333-3333-3333-333333333333',
    Attributes: { k: 'v' },
  }),
);
const query = { getAll: () => [] };
const input = { pathParameters: {}, query, body, contentType: 'application/json' };

const request = sign({
  method: 'PUT',
  url: '/contact/outbound-voice',
  headers: {
    'amz-sdk-invocation-id': '9295079b-f076-410b-b836-558ad0603456',
    'amz-sdk-request': 'attempt=1; max=3',
    'content-length': String(body.length),
    'content-type': 'application/json',
    host: '127.0.0.1:18089',
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    'x-amz-date': '20261122T055816Z',
    'x-amz-user-agent': 'aws-sdk-js/3.1135.0',
  },
  body,
});
const signingKeys = new SigningKeys();
const options = { secretFor: () => SECRET, nowMs: NOW_MS, expectedService: 'connect', signingKeys };

const first = await verifySigV4(request, options);
if (first.kind !== 'verified') throw first.error;

const verifyUs: number[] = [];
const parseUs: number[] = [];
const readUs: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  verifyUs.push(await microsecondsPerCall(() => verifySigV4(request, options)));
  parseUs.push(await microsecondsPerCall(() => JSON.parse(body.toString('utf8'))));
  readUs.push(await microsecondsPerCall(() => readInput('StartOutboundVoiceContact', input)));
}
console.log(`verifySigV4, 8 signed headers   ${summary(verifyUs)} (bar 20)`);
console.log(`JSON.parse of the body          ${summary(parseUs)}`);
console.log(`readInput, JSON.parse included  ${summary(readUs)}`);
console.log(
  `readInput beyond JSON.parse     ${(Math.min(...readUs) - Math.min(...parseUs)).toFixed(2)} µs (bar 2)`,
);

async function microsecondsPerCall(call: () => unknown): Promise<number> {
  const startMs = performance.now();
  for (let index = 0; index < CALLS; index += 1) await call();
  return ((performance.now() - startMs) * 1000) / CALLS;
}

function summary(samples: readonly number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${median.toFixed(2)} µs median, ${(sorted[0] ?? 0).toFixed(2)} best`;
}

function sign(unsigned: SignedRequest): SignedRequest {
  const names = Object.keys(unsigned.headers);
  const lines = names.map((name) => `${name}:${String(unsigned.headers[name])}\n`).join('');
  const payload = createHash('sha256').update(unsigned.body).digest('hex');
  const canonical = `${unsigned.method}\n${unsigned.url}\n\n${lines}\n${names.join(';')}\n${payload}`;
  const scope = '20261122/us-east-1/connect/aws4_request';
  const digest = createHash('sha256').update(canonical).digest('hex');
  let key: Buffer = Buffer.from(`AWS4${SECRET}`);
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n20261122T055816Z\n${scope}\n${digest}`)
    .digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...unsigned, headers: { ...unsigned.headers, authorization } };
}
