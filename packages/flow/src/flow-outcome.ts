// How a run of a flow ends, seen by whoever started it.

/**
 * Why control left the flow. The host decides what follows: `ended` outside a queue or whisper means hang up; in a
 * customer queue flow the customer goes on waiting in silence; in a whisper the parties are joined.
 */
export type FlowOutcome =
  /** `DisconnectParticipant`: the host was asked to hang up. */
  | { readonly kind: 'disconnected' }
  /** `EndFlowExecution`, no target left, or an error without a branch. */
  | { readonly kind: 'ended'; readonly reason: 'endFlowExecution' | 'noTarget' | 'errorWithoutBranch' }
  /** The contact waits in a queue: from a flow, or moved from one queue to another by a customer queue flow. */
  | { readonly kind: 'queued'; readonly from: 'flow' | 'queue' }
  /** `TransferContactToAgent`. */
  | { readonly kind: 'transferredToAgent' }
  /** `TransferParticipantToThirdParty` without return: customer and third party are joined. */
  | { readonly kind: 'transferredToThirdParty' }
  /** The signal was aborted (the customer hung up, the contact was stopped). No further branch was taken. */
  | { readonly kind: 'aborted' }
  /** A module run on its own reached `EndFlowModuleExecution`. */
  | { readonly kind: 'moduleEnded'; readonly result: string | undefined; readonly resultData: unknown }
  /** The guard against endless cycles stopped the flow. */
  | { readonly kind: 'stepLimitReached'; readonly steps: number; readonly actionIdentifier: string };
