import type { ErrorCode } from '@restante/protocol';
import type { DataKey, LocalErrorCode, MessengerEvents } from '@restante/client';
import type { Calls, LeaderStatus } from './calls.ts';

/**
 * What tabs and the leader say to each other over a `BroadcastChannel`. Every tab hears everything; `tab` names the one
 * that is meant. Calls are sent again to a new leader, so a call may be carried out twice.
 */
export type Call = {
  readonly kind: 'call';
  readonly tab: string;
  /** Grows with each call of a tab. */
  readonly call: number;
  readonly method: keyof Calls;
  readonly args: readonly unknown[];
};

export type ToLeader =
  | Call
  /** A tab is there; a person is looking at it or not. Answered with the status. `lockAfterMs`: null: never. */
  | {
      readonly kind: 'tab';
      readonly tab: string;
      readonly visible: boolean;
      readonly lockAfterMs: number | null;
    }
  /** A person is doing something in a tab. */
  | { readonly kind: 'active' }
  /** A worker is there that may lead next. Answered with the key. */
  | { readonly kind: 'successor' };

export type CallError = {
  readonly code:
    | ErrorCode
    | LocalErrorCode
    /** The storage is not open: phase `locked`, `lost` or `failed`. */
    | 'no-storage'
    /** More calls wait than a tab may have. */
    | 'too-many-calls'
    | 'unexpected';
  readonly message: string;
  readonly retryAfterMs?: number;
};

/** Events of the messenger that are no part of the status. */
export type ForwardedEvents = Omit<MessengerEvents, 'connection' | 'catch-up' | 'storage' | 'fault'>;

export type EngineEvent = {
  [Type in keyof ForwardedEvents]: { readonly type: Type; readonly detail: ForwardedEvents[Type] };
}[keyof ForwardedEvents];

export type FromLeader =
  /** A leader has begun: calls that it has not answered are to be sent again. */
  | { readonly kind: 'leading' }
  | { readonly kind: 'status'; readonly status: LeaderStatus }
  /** What opens the storage in place of its passphrase, for the next leader; null: nothing does. It cannot be exported. */
  | { readonly kind: 'key'; readonly dataKey: DataKey | null }
  | { readonly kind: 'event'; readonly event: EngineEvent }
  /** The account is about to be taken off this device because its owner wants it. */
  | { readonly kind: 'leaving-account' }
  | { readonly kind: 'value'; readonly tab: string; readonly call: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly tab: string; readonly call: number; readonly error: CallError };

export const CHANNEL = 'restante';
/** Whoever holds this lock has the vault open and the connection. */
export const LEADER_LOCK = 'restante-leader';
/** Held as long as a tab is there, or its worker: how others learn that it is gone, however it went. */
export const tabLock = (tab: string): string => `restante-tab-${tab}`;
export const workerLock = (tab: string): string => `restante-worker-${tab}`;
