import type { ErrorCode } from '@restante/protocol';
import type { LocalErrorCode, MessengerEvents } from '@restante/client';
import type { Calls, Status } from './calls.ts';

/**
 * What tabs and the leader say to each other over a `BroadcastChannel`. Every tab hears everything; `tab` names the one
 * that is meant. Calls are sent again to a new leader, so a call may be carried out twice.
 */
export type ToLeader =
  /** Asks for the status. */
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'call';
      readonly tab: string;
      readonly call: number;
      readonly method: keyof Calls;
      readonly args: readonly unknown[];
    }
  /** Whether a person is looking at this tab; `closed` when it goes. */
  | { readonly kind: 'tab'; readonly tab: string; readonly state: 'visible' | 'hidden' | 'closed' };

export type CallError = {
  readonly code: ErrorCode | LocalErrorCode | 'unexpected';
  readonly message: string;
  readonly retryAfterMs?: number;
};

export type EngineEvent = {
  [Type in Exclude<keyof MessengerEvents, 'connection' | 'catch-up' | 'fault'>]: {
    readonly type: Type;
    readonly detail: MessengerEvents[Type];
  };
}[Exclude<keyof MessengerEvents, 'connection' | 'catch-up' | 'fault'>];

export type FromLeader =
  /** A leader has begun: calls that it has not answered are to be sent again. */
  | { readonly kind: 'leading' }
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'event'; readonly event: EngineEvent }
  | { readonly kind: 'value'; readonly tab: string; readonly call: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly tab: string; readonly call: number; readonly error: CallError };

export const CHANNEL = 'restante';
/** Whoever holds this lock has the vault open and the connection. */
export const LEADER_LOCK = 'restante-leader';
