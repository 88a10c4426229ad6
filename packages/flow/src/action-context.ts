// What an action sees while it runs: its parameters with references resolved, the host, and what flows remember.

import { ActionFailure } from './action-failure.ts';
import { after } from './awaitable.ts';
import { numberOf } from './conditions.ts';
import type { ContactFlowState, FlowData } from './contact-flow-state.ts';
import { type Action, type Flow, member } from './flow-document.ts';
import type { Awaitable, FlowHost, FlowNote, FlowParticipant, HostResult } from './flow-host.ts';
import type { FlowType } from './flow-type.ts';
import { resolveReference, type ValueScope } from './flow-values.ts';
import { parseTemplate, type Reference, type Template, textOf } from './references.ts';
import { escapeMarkup, hasMarkup } from './ssml.ts';

/** How substituted values are put into text: as they are, or so that they cannot break the markup around them. */
export type Rendering = 'plain' | 'markup';

/** Deepest nesting of parameters that is resolved. */
const MAX_PARAMETER_DEPTH = 48;

/**
 * The view of one running flow. The interpreter owns one for each run and points it at the action that runs; actions
 * must not keep it beyond their run.
 */
export class ActionContext implements ValueScope {
  readonly host: FlowHost;
  readonly signal: AbortSignal;
  readonly state: ContactFlowState;
  action: Action;
  /** The flow or module that runs. */
  flow: Flow;
  /** Type of the flow that was started; inside modules that of the flow that called them. */
  flowType: FlowType;
  /** Values of the flow or module that runs. */
  data: FlowData;
  /** How many modules we are in, 0 outside. */
  moduleDepth = 0;

  constructor(host: FlowHost, signal: AbortSignal, state: ContactFlowState, flow: Flow, action: Action) {
    this.host = host;
    this.signal = signal;
    this.state = state;
    this.flow = flow;
    this.flowType = flow.type;
    this.action = action;
    this.data = state.data;
  }

  get contact(): FlowHost['contact'] {
    return this.host.contact;
  }

  /** A parameter as written. */
  raw(name: string): unknown {
    return member(this.action.parameters, name);
  }

  /** Whether a parameter is there (JSON null counts as absent). */
  has(name: string): boolean {
    const value = this.raw(name);
    return value !== undefined && value !== null;
  }

  /** The value behind a whole-value reference (undefined or null when it leads nowhere); other values as they are. */
  value(written: unknown): unknown {
    if (typeof written !== 'string') return written;
    const template = this.#template(written);
    if (template.single !== undefined) return resolveReference(template.single, this);
    return this.render(template, 'plain');
  }

  /** Text with its references substituted; what is missing becomes empty. */
  inline(written: string, rendering: Rendering = 'plain'): string {
    const template = this.#template(written);
    return this.render(template, rendering);
  }

  /** The value of a reference. */
  reference(reference: Reference): unknown {
    return resolveReference(reference, this);
  }

  /**
   * A text parameter, undefined when it is absent.
   * @throws {ActionFailure} when it is nothing but a reference and that is missing.
   */
  text(name: string): string | undefined {
    return this.textOf(this.raw(name), name);
  }

  /** As `text`, for a value below a parameter; `name` is for the failure's message. */
  textOf(written: unknown, name: string): string | undefined {
    if (written === undefined || written === null) return undefined;
    const value = textOf(this.value(written));
    if (value === undefined || value === '') {
      throw new ActionFailure(`${name} is ${String(written)}, which has no value`);
    }
    return value;
  }

  /** A text parameter that has to be there. @throws {ActionFailure} */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new ActionFailure(`${name} is missing`);
    return value;
  }

  /** A number within limits, undefined when absent. Values beyond the limits are cut. @throws {ActionFailure} */
  number(name: string, min: number, max: number): number | undefined {
    return this.numberOf(this.raw(name), name, min, max);
  }

  /** As `number`, for a value below a parameter. @throws {ActionFailure} */
  numberOf(written: unknown, name: string, min: number, max: number): number | undefined {
    const value = this.textOf(written, name);
    if (value === undefined) return undefined;
    const number = numberOf(value);
    if (number === undefined) throw new ActionFailure(`${name} is "${value}", which is no number`);
    return Math.min(max, Math.max(min, number));
  }

  /** Whether a `True`/`False` parameter (any case, or a JSON boolean) is true; absent counts as false. */
  isTrue(name: string): boolean {
    return this.isTrueValue(this.raw(name));
  }

  /** As `isTrue`, for a value below a parameter. */
  isTrueValue(written: unknown): boolean {
    return textOf(this.value(written))?.toLowerCase() === 'true';
  }

  /** A map of texts; references are substituted in keys and values. @throws {ActionFailure} when it is no object. */
  textMap(written: unknown, name: string): Map<string, string> {
    const entries = new Map<string, string>();
    if (written === undefined || written === null) return entries;
    if (typeof written !== 'object' || Array.isArray(written))
      throw new ActionFailure(`${name} is no object`);
    for (const [key, value] of Object.entries(written)) {
      entries.set(this.inline(key), textOf(this.value(value)) ?? '');
    }
    return entries;
  }

  /** Any JSON with its references resolved; missing ones become null. */
  resolveDeep(written: unknown, depth = 0): unknown {
    if (typeof written === 'string') return this.value(written) ?? null;
    if (typeof written !== 'object' || written === null) return written;
    if (depth > MAX_PARAMETER_DEPTH) throw new ActionFailure('the parameters are nested too deep');
    if (Array.isArray(written)) return written.map((entry) => this.resolveDeep(entry, depth + 1));
    return Object.fromEntries(
      Object.entries(written).map(([key, value]) => [this.inline(key), this.resolveDeep(value, depth + 1)]),
    );
  }

  /**
   * Takes a host's answer: its value, or the error branch that its refusal names.
   * @throws {ActionFailure} when refused (rejects, when the answer is a promise).
   */
  perform<T>(operation: string, answer: Awaitable<HostResult<T>> | undefined): Awaitable<T> {
    if (answer === undefined) return this.#accept(operation, { kind: 'unsupported', detail: 'not offered' });
    return after(answer, (result) => this.#accept(operation, result));
  }

  /** As `perform`, for operations without which a call is still as good: a host that cannot do them is noted only. */
  performIfOffered(operation: string, answer: Awaitable<HostResult> | undefined): Awaitable<undefined> {
    if (answer === undefined) return this.#passOver(operation, 'not offered');
    return after(answer, (result) =>
      result.kind === 'unsupported'
        ? this.#passOver(operation, result.detail)
        : this.#accept<undefined>(operation, result),
    );
  }

  /**
   * Whom this flow speaks to, or undefined when nobody is there and the action is to be skipped. An outbound whisper
   * flow dials the customer before its first participant action.
   */
  participant(): Awaitable<FlowParticipant | undefined> {
    const present = this.host.participant;
    if (present !== undefined) return present;
    if (this.flowType !== 'OUTBOUND_WHISPER' || this.host.completeOutboundCall === undefined) {
      this.note('info', 'skipped: there is no participant');
      return undefined;
    }
    return after(
      this.perform('completeOutboundCall', this.host.completeOutboundCall({}, this.signal)),
      () => this.host.participant,
    );
  }

  /** Tells whoever watches the service. */
  note(level: FlowNote['level'], message: string, error?: unknown): void {
    const note = {
      level,
      message,
      flowName: this.flow.name,
      actionIdentifier: this.action.identifier,
      actionType: this.action.type,
    };
    this.host.note(error === undefined ? note : { ...note, error });
  }

  render(template: Template, rendering: Rendering): string {
    let rendered = '';
    for (const part of template.parts) {
      if (typeof part === 'string') rendered += part;
      else {
        const value = textOf(resolveReference(part, this)) ?? '';
        rendered += rendering === 'plain' || hasMarkup(value) ? value : escapeMarkup(value);
      }
    }
    return rendered;
  }

  #passOver(operation: string, detail: string): undefined {
    this.note('info', `this host cannot do ${operation}: ${detail}; going on as if it had`);
    return undefined;
  }

  #template(written: string): Template {
    const { templates } = this.flow.document;
    const known = templates.get(written);
    if (known !== undefined) return known;
    const template = parseTemplate(written);
    templates.set(written, template);
    return template;
  }

  #accept<T>(operation: string, result: HostResult<T>): T {
    if (result.kind === 'done') return result.value;
    if (result.kind === 'unsupported') {
      this.note('warn', `this host cannot do ${operation}: ${result.detail}; taking the error branch`);
      throw new ActionFailure(`${operation} is not supported: ${result.detail}`);
    }
    throw new ActionFailure(`${operation} failed: ${result.detail}`, result.errorType);
  }
}
