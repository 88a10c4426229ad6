// From the parameters of an action to one message ready to be played: Text, SSML, PromptId or Media.

import type { ActionContext } from './action-context.ts';
import { ActionFailure } from './action-failure.ts';
import { member } from './flow-document.ts';
import type { Message, Voice } from './flow-host.ts';
import { DEFAULT_VOICE_ID, languageInForce } from './flow-values.ts';
import { object, type ParameterSpec, text } from './parameter-spec.ts';
import { MAX_MESSAGE_LENGTH, parseSsml } from './ssml.ts';

/** The keys of which a message has exactly one. */
export const MESSAGE_KEYS = ['Text', 'SSML', 'PromptId', 'Media'] as const;

/** Parameters of a message. */
export const MESSAGE_PARAMETERS: Readonly<Record<(typeof MESSAGE_KEYS)[number], ParameterSpec>> = {
  Text: text('inline', { maxLength: MAX_MESSAGE_LENGTH }),
  SSML: text('inline', { maxLength: MAX_MESSAGE_LENGTH }),
  PromptId: { ...text('whole'), resource: 'prompt' },
  Media: object({
    Uri: { ...text('inline'), required: true },
    SourceType: { ...text('static', { values: ['S3'] }), required: true },
    MediaType: { ...text('static', { values: ['Audio'] }), required: true },
  }),
};

/** Words that open an SSML document, wherever it is written. */
const SPEAK = /^\s*<speak[\s>/]/;

/** Whether an action's parameters hold a message at all. */
export function hasMessage(parameters: unknown): boolean {
  return MESSAGE_KEYS.some((key) => (member(parameters, key) ?? undefined) !== undefined);
}

/**
 * Resolves the message in `parameters`. Text that begins with `<speak` is SSML; SSML without that element gets it.
 * Values are substituted before the markup is read; inside markup they are escaped unless they are markup themselves.
 *
 * @throws {ActionFailure} on a missing reference, malformed SSML, empty or too long text.
 */
export function resolveMessage(context: ActionContext, parameters: unknown): Message {
  const promptId = context.textOf(member(parameters, 'PromptId'), 'PromptId');
  if (promptId !== undefined) return { kind: 'prompt', promptId: promptId.trim() };
  const media = member(parameters, 'Media');
  if (typeof media === 'object' && media !== null) {
    const uri = context.textOf(member(media, 'Uri'), 'Media.Uri');
    if (uri === undefined) throw new ActionFailure('Media.Uri is missing');
    return {
      kind: 'media',
      uri,
      sourceType: context.textOf(member(media, 'SourceType'), 'Media.SourceType') ?? 'S3',
      mediaType: context.textOf(member(media, 'MediaType'), 'Media.MediaType') ?? 'Audio',
    };
  }
  const ssml = member(parameters, 'SSML');
  const written = ssml ?? member(parameters, 'Text');
  if (typeof written !== 'string') throw new ActionFailure('the action has no Text, SSML, PromptId or Media');
  // Fails when the whole text is a reference without a value.
  context.textOf(written, ssml === undefined ? 'Text' : 'SSML');
  const isMarkup = typeof ssml === 'string' || SPEAK.test(written);
  return spokenMessage(context, context.inline(written, isMarkup ? 'markup' : 'plain'), isMarkup);
}

function spokenMessage(context: ActionContext, rendered: string, isMarkup: boolean): Message {
  if (rendered.trim() === '')
    throw new ActionFailure('the message is empty once its references are substituted');
  if (rendered.length > MAX_MESSAGE_LENGTH) {
    throw new ActionFailure(
      `the message has ${rendered.length} characters; at most ${MAX_MESSAGE_LENGTH} can be spoken`,
    );
  }
  const voice = voiceInForce(context);
  const speaks = SPEAK.test(rendered);
  if (!isMarkup && !speaks) return { kind: 'text', text: rendered, voice };
  const ssml = speaks ? rendered.trim() : `<speak>${rendered}</speak>`;
  const parsed = parseSsml(ssml);
  if (!parsed.ok) throw new ActionFailure(parsed.detail);
  return { kind: 'ssml', ssml, voice };
}

function voiceInForce(context: ActionContext): Voice {
  const languageCode = languageInForce(context);
  const { voice } = context.state;
  if (voice !== undefined) return { ...voice, languageCode };
  return { voiceId: context.contact.textToSpeechVoiceId ?? DEFAULT_VOICE_ID, languageCode };
}

/** The message as the flow log shows it. */
export function messageLog(message: Message): Readonly<Record<string, unknown>> {
  if (message.kind === 'prompt') return { PromptId: message.promptId };
  if (message.kind === 'media') return { Uri: message.uri };
  return {
    Text: message.kind === 'text' ? message.text : message.ssml,
    TextToSpeechType: message.kind,
    Voice: message.voice.voiceId,
  };
}
