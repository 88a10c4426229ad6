/** What happened, as it happens, for someone who watches: the demo prints it. Nobody inside decides anything from it. */
import type { FlowStep } from '@ringback/flow';
import type { SipTraceEntry } from '@ringback/sip';
import type { ContactId } from './ids.ts';

export type TimelineEntry =
  | { readonly kind: 'api'; readonly atMs: number; readonly operation: string; readonly status: number }
  | { readonly kind: 'sip'; readonly atMs: number; readonly trace: SipTraceEntry }
  | { readonly kind: 'flow'; readonly atMs: number; readonly contactId: ContactId; readonly step: FlowStep }
  | { readonly kind: 'prompt'; readonly atMs: number; readonly contactId: ContactId; readonly says: string }
  | { readonly kind: 'digit'; readonly atMs: number; readonly contactId: ContactId; readonly digit: string }
  | {
      readonly kind: 'event';
      readonly atMs: number;
      readonly contactId: ContactId;
      readonly eventType: string;
    };

/** Receives entries; absent where nobody watches. */
export type Observer = (entry: TimelineEntry) => void;
