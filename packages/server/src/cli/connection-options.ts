/** The options by which a command finds a running service: flags first, then the variables that the AWS clients read. */
import type { Command } from 'commander';
import type { Connection } from './ask-signed.ts';

export interface ConnectionFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly instance?: string;
}

/** Adds the flags to a command. */
export function withConnection(command: Command): Command {
  return command
    .option(
      '--endpoint <url>',
      'the service (default: AWS_ENDPOINT_URL_CONNECT, AWS_ENDPOINT_URL, or http://127.0.0.1:8642)',
    )
    .option('--region <region>', 'its Region (default: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1)')
    .option('--instance <id>', 'id, ARN or alias; needed where there is more than one');
}

/** A service without access keys takes any; the secret then signs, but nobody checks it. */
const anyKey = { accessKeyId: 'ringback', secretAccessKey: 'ringback' };

/** The endpoint is no address of a service. The message says what would be. */
export class EndpointUnusable extends Error {
  override readonly name = 'EndpointUnusable';
}

/** @throws {EndpointUnusable} */
export function connectionOf(
  flags: ConnectionFlags,
  env: Readonly<Record<string, string | undefined>>,
): Connection {
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  const endpoint =
    flags.endpoint ?? (env.AWS_ENDPOINT_URL_CONNECT || env.AWS_ENDPOINT_URL || 'http://127.0.0.1:8642');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new EndpointUnusable(
      `"${endpoint}" is not the address of a service, such as http://127.0.0.1:8642. ` +
        'Give one with --endpoint, or in AWS_ENDPOINT_URL_CONNECT.',
    );
  }
  return {
    endpoint,
    region: flags.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1'),
    credentials: {
      ...(accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : anyKey),
      sessionToken: env.AWS_SESSION_TOKEN || undefined,
    },
  };
}
