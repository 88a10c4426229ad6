/** Links to a prompt's audio that end by themselves, as GetPromptFile gives them out: an HMAC stands for the signature. */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { InstanceId, PromptId } from '../ids.ts';

/** How long a link may be followed, ms. */
const lifetimeMs = 600_000;

/** Below this path are prompts as files; no operation of the API is there. */
export const promptsPath = '/_ringback/prompts';

export interface PromptLinks {
  /** The whole URL. */
  urlFor(instanceId: InstanceId, promptId: PromptId, nowMs: number): string;
  /** Whether a link was given out by us, unchanged, and has not ended. */
  isValid(link: {
    readonly instanceId: string;
    readonly promptId: string;
    readonly expires: string;
    readonly signature: string;
    readonly nowMs: number;
  }): boolean;
}

/**
 * @param secret what every node of a deployment shares; without it links end with this process.
 * @param baseUrl where clients reach the service, asked for when a link is made.
 */
export function openPromptLinks(secret: string | undefined, baseUrl: () => string): PromptLinks {
  const key =
    secret === undefined
      ? randomBytes(32)
      : Buffer.from(hkdfSync('sha256', secret, '', 'ringback prompt links', 32));
  const signatureOf = (instanceId: string, promptId: string, expires: string): Buffer =>
    createHmac('sha256', key).update(`${instanceId} ${promptId} ${expires}`).digest();
  return {
    urlFor(instanceId, promptId, nowMs) {
      const expires = String(Math.ceil((nowMs + lifetimeMs) / 1000));
      const signature = signatureOf(instanceId, promptId, expires).toString('base64url');
      const query = new URLSearchParams({ expires, signature });
      return `${baseUrl()}${promptsPath}/${instanceId}/${promptId}.wav?${query}`;
    },
    isValid({ instanceId, promptId, expires, signature, nowMs }) {
      const given = Buffer.from(signature, 'base64url');
      const right = signatureOf(instanceId, promptId, expires);
      return given.length === right.length && timingSafeEqual(given, right) && Number(expires) * 1000 > nowMs;
    },
  };
}
