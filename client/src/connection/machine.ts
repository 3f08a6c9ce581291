import type { ErrorCode } from '@restante/protocol';
import { backoffDelayMs, type Backoff } from './backoff.ts';

/**
 * The connection to a master as a pure function: sockets, requests and timers are effects that
 * `connection.ts` carries out; at most one of them is under way, and the next one replaces it.
 *
 * `attempt` counts failures since the connection was last live; `master` is the index of the master in use.
 */

export type ConnectionState =
  /** Not started, or stopped. */
  | { readonly name: 'offline' }
  /** Asking for tokens. */
  | { readonly name: 'authenticating'; readonly attempt: number; readonly master: number }
  /** A socket is being opened; ends with `welcome`. */
  | { readonly name: 'connecting'; readonly attempt: number; readonly master: number }
  /** Connected; the mailboxes are being read. */
  | { readonly name: 'catching-up'; readonly attempt: number; readonly master: number }
  | { readonly name: 'live'; readonly attempt: 0; readonly master: number }
  | {
      readonly name: 'waiting';
      readonly attempt: number;
      readonly master: number;
      /** Milliseconds since 1970 by this machine's clock. */
      readonly retryAt: number;
      readonly authenticate: boolean;
    }
  /** A person must act: log in again, take this device back from another window (`retry`), update. */
  | { readonly name: 'refused'; readonly code: ErrorCode }
  | { readonly name: 'closed' };

export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'close' }
  | { readonly type: 'retry' }
  | { readonly type: 'authenticated' }
  /** `code` is null when no master answered. */
  | { readonly type: 'authentication-failed'; readonly code: ErrorCode | null }
  | { readonly type: 'welcome' }
  | { readonly type: 'caught-up' }
  | { readonly type: 'socket-closed'; readonly code: ErrorCode | null };

export type ConnectionEffect =
  | { readonly type: 'authenticate'; readonly master: number }
  | { readonly type: 'open'; readonly master: number }
  /** Send `retry` then. */
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'catch-up' }
  /** Ends what is under way. */
  | { readonly type: 'release' };

/** What a transition depends on beside state and event. */
export type ConnectionContext = {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  readonly masters: number;
  readonly backoff: Backoff;
  /** There is a master token that has not expired. */
  readonly hasToken: boolean;
};

export type Transition = { readonly state: ConnectionState; readonly effects: readonly ConnectionEffect[] };

/** Codes after which trying again is for a person to decide. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['superseded', 'unsupported-version', 'forbidden']);

/** Codes after which the first attempt is made at once: nothing is broken. */
const AT_ONCE: ReadonlySet<ErrorCode> = new Set(['draining', 'token-expired', 'unauthorized']);

const NEEDS_TOKENS: ReadonlySet<ErrorCode> = new Set(['token-expired', 'unauthorized']);

const begin = (attempt: number, master: number, authenticate: boolean, hasToken: boolean): Transition =>
  authenticate || !hasToken
    ? { state: { name: 'authenticating', attempt, master }, effects: [{ type: 'authenticate', master }] }
    : { state: { name: 'connecting', attempt, master }, effects: [{ type: 'open', master }] };

const refuse = (code: ErrorCode): Transition => ({
  state: { name: 'refused', code },
  effects: [{ type: 'release' }],
});

/** A person has acted on a refusal, or thinks that it holds no more. */
const beginAgain = (
  { code }: Extract<ConnectionState, { name: 'refused' }>,
  { hasToken }: ConnectionContext,
): Transition => begin(0, 0, NEEDS_TOKENS.has(code), hasToken);

/** Goes on with the next master: at once while there is one that has not been tried in this round. */
const fail = (
  { attempt, master }: { attempt: number; master: number },
  context: ConnectionContext,
  { atOnce, authenticate }: { atOnce: boolean; authenticate: boolean },
): Transition => {
  const failures = attempt + 1;
  const next = (master + 1) % context.masters;
  if ((atOnce && attempt === 0) || failures % context.masters !== 0) {
    return begin(failures, next, authenticate, context.hasToken);
  }
  const ms = backoffDelayMs(context.backoff, Math.ceil(failures / context.masters), context.random);
  return {
    state: { name: 'waiting', attempt: failures, master: next, retryAt: context.nowMs + ms, authenticate },
    effects: [{ type: 'wait', ms }],
  };
};

const onSocketClosed = (
  state: Extract<ConnectionState, { name: 'connecting' | 'catching-up' | 'live' }>,
  code: ErrorCode | null,
  context: ConnectionContext,
): Transition => {
  if (code !== null && FINAL.has(code)) return refuse(code);
  return fail(state, context, {
    atOnce: code !== null && AT_ONCE.has(code),
    // A browser does not say why an upgrade failed; asking for tokens does.
    authenticate: state.name === 'connecting' || (code !== null && NEEDS_TOKENS.has(code)),
  });
};

/** The state after an event, and what to do. An event that has no meaning in a state changes nothing. */
export const transition = (
  state: ConnectionState,
  event: ConnectionEvent,
  context: ConnectionContext,
): Transition => {
  const unchanged: Transition = { state, effects: [] };
  if (state.name === 'closed') return unchanged;
  switch (event.type) {
    case 'close':
      return { state: { name: 'closed' }, effects: [{ type: 'release' }] };
    case 'stop':
      return { state: { name: 'offline' }, effects: [{ type: 'release' }] };
    case 'start':
      if (state.name === 'refused') return beginAgain(state, context);
      return state.name === 'offline' ? begin(0, 0, false, context.hasToken) : unchanged;
    case 'retry':
      if (state.name === 'refused') return beginAgain(state, context);
      return state.name === 'waiting'
        ? begin(state.attempt, state.master, state.authenticate, context.hasToken)
        : unchanged;
    case 'authenticated':
      return state.name === 'authenticating'
        ? { state: { ...state, name: 'connecting' }, effects: [{ type: 'open', master: state.master }] }
        : unchanged;
    case 'authentication-failed':
      if (state.name !== 'authenticating') return unchanged;
      return event.code === 'unauthorized' || (event.code !== null && FINAL.has(event.code))
        ? refuse(event.code)
        : fail(state, context, { atOnce: false, authenticate: true });
    case 'welcome':
      return state.name === 'connecting'
        ? { state: { ...state, name: 'catching-up' }, effects: [{ type: 'catch-up' }] }
        : unchanged;
    case 'caught-up':
      return state.name === 'catching-up'
        ? { state: { name: 'live', attempt: 0, master: state.master }, effects: [] }
        : unchanged;
    case 'socket-closed':
      return state.name === 'connecting' || state.name === 'catching-up' || state.name === 'live'
        ? onSocketClosed(state, event.code, context)
        : unchanged;
  }
};
