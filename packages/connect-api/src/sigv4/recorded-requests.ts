// Requests as real clients sent them, recorded against a local server: AWS CLI 2 and 1, boto3 and the AWS SDK for
// JavaScript. The kernel name in the user agent is left out and no client signs it. Their secret key was not kept, so
// tests verify these requests after signing the same headers anew. Test data only.

import type { SignedRequest } from './request.ts';

export type RecordedRequest = {
  readonly client: string;
  readonly request: SignedRequest;
  /** Length that the client stated, so that a slip in this file shows. */
  readonly contentLength: number;
};

const HOST = '127.0.0.1:18089';
const INSTANCE = '11111111-1111-1111-1111-111111111111';
const FLOW = '22222222-2222-2222-2222-222222222222';
const QUEUE = '33333333-3333-3333-3333-333333333333';

const BOTO_SIGNED = 'content-type;host;x-amz-date';
const SDK_SIGNED =
  'amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-user-agent';

function recorded(
  client: string,
  contentLength: number,
  body: string,
  signature: { readonly signedHeaders: string; readonly value: string },
  headers: Readonly<Record<string, string>>,
): RecordedRequest {
  const date = headers['x-amz-date']?.slice(0, 8);
  const credential = `AKIDEXAMPLE/${date}/us-east-1/connect/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signature.signedHeaders}, Signature=${signature.value}`;
  return {
    client,
    contentLength,
    request: {
      method: 'PUT',
      url: '/contact/outbound-voice',
      headers: {
        host: HOST,
        'content-type': 'application/json',
        'content-length': String(contentLength),
        ...headers,
        authorization,
      },
      body: Buffer.from(body),
    },
  };
}

export const recordedRequests: readonly RecordedRequest[] = [
  recorded(
    'AWS CLI 2.9.19',
    255,
    `{"DestinationPhoneNumber": "+441234567890", "ContactFlowId": "${FLOW}", "InstanceId": "${INSTANCE}", "ClientToken": "tok-1", "QueueId": "${QUEUE}", "Attributes": {"k": "v"}}`,
    { signedHeaders: BOTO_SIGNED, value: '86df07b892a28aa59ecf92de77704a22d9bd879c905f4369940ba9e16fc51d4c' },
    { 'accept-encoding': 'identity', 'x-amz-date': '20261122T055814Z' },
  ),
  recorded(
    'boto3 1.26.27',
    286,
    `{"DestinationPhoneNumber": "+441234567890", "ContactFlowId": "${FLOW}", "InstanceId": "${INSTANCE}", "QueueId": "${QUEUE}", "Attributes": {"k": "v"}, "ClientToken": "ed41e18a-d133-44d7-bcf3-2e622a4b698c"}`,
    { signedHeaders: BOTO_SIGNED, value: '722d0ee35db962e71718209761967136728240a2fb2b1960d1be6528043a2a2a' },
    {
      'accept-encoding': 'identity',
      'x-amz-date': '20261122T055815Z',
      'amz-sdk-invocation-id': '4eed6809-81cb-490b-a0c8-fe94e23adcd9',
      'amz-sdk-request': 'attempt=1',
    },
  ),
  recorded(
    'AWS CLI 1.45.11',
    226,
    '{"Name": "n1", "DestinationPhoneNumber": "+441234567890", "ContactFlowId": "2", "InstanceId": "1", "OutboundStrategy": {"Type": "AGENT_FIRST"}, "RingTimeoutInSeconds": 30, "ClientToken": "3fad418d-17e2-4145-8b05-f614308ca674"}',
    { signedHeaders: BOTO_SIGNED, value: '30f720e33054a16e7c8bf268257ac6393a8c4ebda5fd5bc9b25fb57c0d806443' },
    {
      'accept-encoding': 'identity',
      'x-amz-date': '20261122T060404Z',
      'amz-sdk-invocation-id': 'b56e176e-0230-430e-b31e-73643c4cd9a9',
      'amz-sdk-request': 'attempt=1',
    },
  ),
  recorded(
    'AWS SDK for JavaScript 3.1136.0',
    274,
    `{"DestinationPhoneNumber":"+441234567890","ContactFlowId":"${FLOW}","InstanceId":"${INSTANCE}","ClientToken":"91690197-1394-4269-82ab-fac9be073d77","QueueId":"${QUEUE}","Attributes":{"k":"v"}}`,
    { signedHeaders: SDK_SIGNED, value: 'b7102ad67ad898e7da43673c068d6a4f6c7fa82eda1aed45c750dd58a54cb70a' },
    {
      'x-amz-user-agent': 'aws-sdk-js/3.1135.0',
      'amz-sdk-invocation-id': '9295079b-f076-410b-b836-558ad0603456',
      'amz-sdk-request': 'attempt=1; max=3',
      'x-amz-date': '20261122T055816Z',
      'x-amz-content-sha256': 'b28733c25869f062334ebb40fc1ccd8210a094d30b37344d265959e82588d773',
    },
  ),
  recorded(
    'AWS SDK for JavaScript 3.1136.0, newer members',
    399,
    `{"DestinationPhoneNumber":"+441234567890","ContactFlowId":"${FLOW}","InstanceId":"${INSTANCE}","Name":"n","References":{"r":{"Type":"URL","Value":"v"}},"ClientToken":"fd7f0f5c-d11a-4620-80d2-f68c6f3a3ba6","QueueId":"${QUEUE}","Attributes":{"k":"v"},"OutboundStrategy":{"Type":"AGENT_FIRST"},"RingTimeoutInSeconds":30}`,
    { signedHeaders: SDK_SIGNED, value: 'a50daa70737f7d7d45820c8d03f9d8a75c9087eeaa45863ecff96cb91c60e0a6' },
    {
      'x-amz-user-agent': 'aws-sdk-js/3.1135.0',
      'amz-sdk-invocation-id': '519a376d-f30b-445c-8dc4-20125035d640',
      'amz-sdk-request': 'attempt=1; max=3',
      'x-amz-date': '20261122T060516Z',
      'x-amz-content-sha256': '3362bba87086e92538c50c2048d74e459bd93bf5175dc5cbef46edee70a3d082',
    },
  ),
];
