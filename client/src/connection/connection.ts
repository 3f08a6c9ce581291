import type { ErrorCode, Versions } from '@restante/protocol';
import { isAway, MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { Servers } from '../server/servers.ts';
import type { Attention } from './attention.ts';
import type { Backoff } from './backoff.ts';
import { transition, type ConnectionEffect, type ConnectionEvent, type ConnectionState } from './machine.ts';
import { createPatience } from './patience.ts';
import { openSocket, type SocketEvents } from './socket.ts';
import { createWayBack } from './way-back.ts';

export type ConnectionOptions = {
  readonly servers: Servers;
  /** How often the usual server is looked for by who is at another one. */
  readonly returnMs: number;
  readonly backoff: Backoff;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly versions: Versions;
  readonly attention: Attention;
  readonly now: () => number;
  /** The master token, or null when there is none that is valid. */
  readonly token: () => string | null;
  /** Gets fresh tokens from this master. */
  readonly authenticate: (origin: string, signal: AbortSignal) => Promise<void>;
  /** Called with `welcome` first. */
  readonly onFrame: SocketEvents['onFrame'];
  /** The mailboxes must be read; `caughtUp` is to be called after the first round. */
  readonly onCatchUp: (caughtUp: () => void) => void;
  readonly onState: (state: ConnectionState) => void;
  /** A master has answered what it should not; it is tried again. */
  readonly onFault: (error: unknown) => void;
};

export type Connection = {
  readonly state: () => ConnectionState;
  readonly start: () => void;
  readonly stop: () => void;
  readonly retryNow: () => void;
  readonly close: () => void;
};

const errorCodeOf = (error: unknown): ErrorCode | null =>
  error instanceof MessengerError ? (error.body?.code ?? null) : null;

/** Carries out what the state machine decides. */
export const createConnection = (options: ConnectionOptions): Connection => {
  const { servers } = options;
  const patience = createPatience();
  let state: ConnectionState = { name: 'offline' };
  let activity = new AbortController();
  /** A connection to the usual server that has not begun. Meanwhile the end of the other one waits for its outcome. */
  let move: { readonly attempt: AbortController; heldBack: ConnectionEvent | null } | null = null;

  const replaceActivity = (next = new AbortController()): AbortSignal => {
    const previous = activity;
    activity = next;
    previous.abort();
    return activity.signal;
  };
  const endMove = (): void => {
    const ended = move;
    move = null;
    ended?.attempt.abort();
  };

  const authenticate = async (origin: string, signal: AbortSignal): Promise<ConnectionEvent> => {
    try {
      await options.authenticate(origin, signal);
      return { type: 'authenticated' };
    } catch (error) {
      if (!signal.aborted) servers.avoid(origin);
      if (!signal.aborted && !isAway(error)) options.onFault(error);
      return { type: 'authentication-failed', code: errorCodeOf(error) };
    }
  };
  const choose = async (afterMs: number, signal: AbortSignal): Promise<ConnectionEvent> => {
    if (afterMs > 0) await pause(afterMs, signal);
    return { type: 'chosen', origin: await servers.choose(signal) };
  };

  /** Once `onWelcome` has been called the connection is the one that there is. */
  const open = (
    origin: string,
    attempt: AbortController,
    onWelcome: () => void,
    onLost: (event: ConnectionEvent) => void,
  ): void => {
    const { signal } = attempt;
    const openedAt = performance.now();
    openSocket(
      {
        ...{ origin, token: options.token() ?? '', signal },
        ...{ WebSocket: options.WebSocket, versions: options.versions },
        doubtMs: patience.doubtMs(),
        attention: options.attention,
        isAlone: () => servers.inOrder().length === 1,
        isGone: () => servers.isOutdone(origin, signal),
      },
      {
        onFrame: (frame, send, tookMs) => {
          if (signal.aborted) return;
          if (frame.type === 'welcome') replaceBefore(attempt);
          options.onFrame(frame, send, tookMs);
          if (frame.type === 'welcome') onWelcome();
        },
        onClosed: (code, givenUp) => {
          if (signal.aborted) return;
          if (givenUp) patience.onGivenUp(performance.now() - openedAt);
          if (code === null || code === 'draining') servers.avoid(origin);
          onLost({ type: 'socket-closed', code, givenUp });
        },
        onFault: options.onFault,
      },
    );
  };
  const replaceBefore = (attempt: AbortController): void => {
    if (activity !== attempt) replaceActivity(attempt);
  };

  /** The connection to another server goes on until the usual one has welcomed this device. */
  const goBack = async (stay: AbortSignal): Promise<void> => {
    const origin = servers.usual();
    // A connection outlives the token that it began with.
    if (options.token() === null) await authenticate(origin, stay);
    if (stay.aborted || state.name !== 'live' || move !== null) return;
    if (options.token() === null || servers.usual() !== origin) return;
    const attempt = new AbortController();
    const moving = { attempt, heldBack: null as ConnectionEvent | null };
    move = moving;
    let hasBegun = false;
    open(
      origin,
      attempt,
      () => {
        hasBegun = true;
        move = null;
        servers.take(origin);
        dispatch({ type: 'moved', origin });
      },
      (event) => {
        if (hasBegun) dispatch(event);
        else if (move === moving) {
          move = null;
          // The device has one connection: who began to move may have been let go by the one before.
          if (moving.heldBack !== null) dispatch({ type: 'socket-closed', code: null });
        }
      },
    );
  };

  const run = (effect: ConnectionEffect): void => {
    if (effect.type === 'catch-up') {
      const { signal } = activity;
      options.onCatchUp(() => {
        if (!signal.aborted) dispatch({ type: 'caught-up' });
      });
      return;
    }
    endMove();
    const signal = replaceActivity();
    const own = activity;
    const dispatchHere = (event: ConnectionEvent): void => {
      if (signal.aborted) return;
      if (move !== null && event.type === 'socket-closed') move.heldBack = event;
      else dispatch(event);
    };
    switch (effect.type) {
      case 'choose':
        void choose(effect.afterMs, signal).then(dispatchHere);
        break;
      case 'authenticate':
        void authenticate(effect.origin, signal).then(dispatchHere);
        break;
      case 'open':
        open(effect.origin, own, () => dispatchHere({ type: 'welcome' }), dispatchHere);
        break;
      case 'wait': {
        const timer = setTimeout(() => dispatchHere({ type: 'retry' }), effect.ms);
        signal.addEventListener('abort', () => clearTimeout(timer));
        break;
      }
      case 'release':
        break;
    }
  };

  const dispatch = (event: ConnectionEvent): void => {
    const previous = state;
    const next = transition(state, event, {
      nowMs: options.now(),
      random: Math.random(),
      masters: Math.max(1, servers.inOrder().length),
      backoff: options.backoff,
      hasToken: options.token() !== null,
    });
    state = next.state;
    if (state !== previous) {
      options.onState(state);
      wayBack.onState(state);
    }
    next.effects.forEach(run);
  };
  const wayBack = createWayBack({ servers, everyMs: options.returnMs, goBack });

  return {
    state: () => state,
    start: () => dispatch({ type: 'start' }),
    stop: () => dispatch({ type: 'stop' }),
    retryNow: () => dispatch({ type: 'retry' }),
    close: () => dispatch({ type: 'close' }),
  };
};
