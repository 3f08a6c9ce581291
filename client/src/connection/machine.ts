import type { ErrorCode } from '@restante/protocol';
import { backoffDelayMs, type Backoff } from './backoff.ts';

/**
 * The connection to a master as a pure function: sockets, requests and timers are effects that
 * `connection.ts` carries out; at most one of them is under way, and the next one replaces it.
 *
 * `attempt` counts failures since the connection was last live; `origin` is that of the master in use.
 */

export type ConnectionState =
  /** Not started, or stopped. */
  | { readonly name: 'offline' }
  /** Looking for a master that answers. */
  | { readonly name: 'choosing'; readonly attempt: number; readonly authenticate: boolean }
  /** Asking for tokens. */
  | { readonly name: 'authenticating'; readonly attempt: number; readonly origin: string }
  /** A socket is being opened; ends with `welcome`. */
  | { readonly name: 'connecting'; readonly attempt: number; readonly origin: string }
  /** Connected; the mailboxes are being read. */
  | { readonly name: 'catching-up'; readonly attempt: number; readonly origin: string }
  | { readonly name: 'live'; readonly attempt: 0; readonly origin: string }
  | {
      readonly name: 'waiting';
      readonly attempt: number;
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
  /** Null: none answers. */
  | { readonly type: 'chosen'; readonly origin: string | null }
  | { readonly type: 'authenticated' }
  /** `code` is null when no master answered. */
  | { readonly type: 'authentication-failed'; readonly code: ErrorCode | null }
  | { readonly type: 'welcome' }
  | { readonly type: 'caught-up' }
  /** Another connection has taken the place of this one, which was live, without an end of it. */
  | { readonly type: 'moved'; readonly origin: string }
  /** `givenUp`: by this device alone, for its silence. */
  | { readonly type: 'socket-closed'; readonly code: ErrorCode | null; readonly givenUp?: boolean };

export type ConnectionEffect =
  /** Send `chosen` when one answers. `afterMs`: not at once, for many have lost the same server. */
  | { readonly type: 'choose'; readonly afterMs: number }
  | { readonly type: 'authenticate'; readonly origin: string }
  | { readonly type: 'open'; readonly origin: string }
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

const begin = (attempt: number, authenticate: boolean, afterMs = 0): Transition => ({
  state: { name: 'choosing', attempt, authenticate },
  effects: [{ type: 'choose', afterMs }],
});

const connect = (
  { attempt, authenticate }: Extract<ConnectionState, { name: 'choosing' }>,
  origin: string,
  { hasToken }: ConnectionContext,
): Transition =>
  authenticate || !hasToken
    ? { state: { name: 'authenticating', attempt, origin }, effects: [{ type: 'authenticate', origin }] }
    : { state: { name: 'connecting', attempt, origin }, effects: [{ type: 'open', origin }] };

const refuse = (code: ErrorCode): Transition => ({
  state: { name: 'refused', code },
  effects: [{ type: 'release' }],
});

/** A person has acted on a refusal, or thinks that it holds no more. */
const beginAgain = ({ code }: Extract<ConnectionState, { name: 'refused' }>): Transition =>
  begin(0, NEEDS_TOKENS.has(code));

const wait = (
  attempt: number,
  authenticate: boolean,
  { backoff, masters, nowMs, random }: ConnectionContext,
): Transition => {
  const ms = backoffDelayMs(backoff, Math.ceil(attempt / masters), random);
  return {
    state: { name: 'waiting', attempt, retryAt: nowMs + ms, authenticate },
    effects: [{ type: 'wait', ms }],
  };
};

/** Goes on with another master: at once while there is one that has not been tried in this round. */
const fail = (
  { attempt }: { attempt: number },
  context: ConnectionContext,
  { atOnce, authenticate, afterMs = 0 }: { atOnce: boolean; authenticate: boolean; afterMs?: number },
): Transition => {
  const failures = attempt + 1;
  return (atOnce && attempt === 0) || failures % context.masters !== 0
    ? begin(failures, authenticate, afterMs)
    : wait(failures, authenticate, context);
};

/** Those who were connected to one master do not come to the next ones all in one moment. */
const spreadMs = ({ name }: ConnectionState, { masters, backoff, random }: ConnectionContext): number =>
  masters > 1 && name !== 'connecting' ? Math.round(backoff.minMs * random) : 0;

const onSocketClosed = (
  state: Extract<ConnectionState, { name: 'connecting' | 'catching-up' | 'live' }>,
  { code, givenUp = false }: Extract<ConnectionEvent, { type: 'socket-closed' }>,
  context: ConnectionContext,
): Transition => {
  if (code !== null && FINAL.has(code)) return refuse(code);
  return fail(state, context, {
    afterMs: givenUp ? 0 : spreadMs(state, context),
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
      if (state.name === 'refused') return beginAgain(state);
      return state.name === 'offline' ? begin(0, false) : unchanged;
    case 'retry':
      if (state.name === 'refused') return beginAgain(state);
      return state.name === 'waiting' ? begin(state.attempt, state.authenticate) : unchanged;
    case 'chosen':
      if (state.name !== 'choosing') return unchanged;
      return event.origin === null
        ? wait(state.attempt + 1, state.authenticate, context)
        : connect(state, event.origin, context);
    case 'authenticated':
      return state.name === 'authenticating'
        ? { state: { ...state, name: 'connecting' }, effects: [{ type: 'open', origin: state.origin }] }
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
        ? { state: { name: 'live', attempt: 0, origin: state.origin }, effects: [] }
        : unchanged;
    case 'moved':
      return state.name === 'live'
        ? { state: { ...state, origin: event.origin }, effects: [{ type: 'catch-up' }] }
        : unchanged;
    case 'socket-closed':
      return state.name === 'connecting' || state.name === 'catching-up' || state.name === 'live'
        ? onSocketClosed(state, event, context)
        : unchanged;
  }
};
