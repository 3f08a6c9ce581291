import type { Downstream, ErrorCode, Versions } from '@restante/protocol';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { Backoff } from './backoff.ts';
import { transition, type ConnectionEffect, type ConnectionEvent, type ConnectionState } from './machine.ts';
import { openSocket, type SendFrame } from './socket.ts';

export type ConnectionOptions = {
  readonly masters: readonly string[];
  readonly backoff: Backoff;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly versions: Versions;
  readonly now: () => number;
  /** The master token, or null when there is none that is valid. */
  readonly token: () => string | null;
  /** Gets fresh tokens from this master. */
  readonly authenticate: (origin: string, signal: AbortSignal) => Promise<void>;
  /** Called with `welcome` first. */
  readonly onFrame: (frame: Downstream, send: SendFrame) => void;
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
  let state: ConnectionState = { name: 'offline' };
  let activity = new AbortController();

  const originOf = (master: number): string => options.masters[master] ?? '';

  const replaceActivity = (): AbortSignal => {
    const previous = activity;
    activity = new AbortController();
    previous.abort();
    return activity.signal;
  };

  const authenticate = async (master: number, signal: AbortSignal): Promise<ConnectionEvent> => {
    try {
      await options.authenticate(originOf(master), signal);
      return { type: 'authenticated' };
    } catch (error) {
      if (!signal.aborted && !isAway(error)) options.onFault(error);
      return { type: 'authentication-failed', code: errorCodeOf(error) };
    }
  };

  const open = (master: number, signal: AbortSignal, dispatchHere: (event: ConnectionEvent) => void): void =>
    openSocket(
      {
        ...{ origin: originOf(master), token: options.token() ?? '', signal },
        ...{ WebSocket: options.WebSocket, versions: options.versions },
      },
      {
        onFrame: (frame, send) => {
          if (signal.aborted) return;
          options.onFrame(frame, send);
          if (frame.type === 'welcome') dispatchHere({ type: 'welcome' });
        },
        onClosed: (code) => dispatchHere({ type: 'socket-closed', code }),
        onFault: options.onFault,
      },
    );

  const run = (effect: ConnectionEffect): void => {
    if (effect.type === 'catch-up') {
      const { signal } = activity;
      options.onCatchUp(() => {
        if (!signal.aborted) dispatch({ type: 'caught-up' });
      });
      return;
    }
    const signal = replaceActivity();
    const dispatchHere = (event: ConnectionEvent): void => {
      if (!signal.aborted) dispatch(event);
    };
    switch (effect.type) {
      case 'authenticate':
        void authenticate(effect.master, signal).then(dispatchHere);
        break;
      case 'open':
        open(effect.master, signal, dispatchHere);
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
      masters: options.masters.length,
      backoff: options.backoff,
      hasToken: options.token() !== null,
    });
    state = next.state;
    if (state !== previous) options.onState(state);
    next.effects.forEach(run);
  };

  return {
    state: () => state,
    start: () => dispatch({ type: 'start' }),
    stop: () => dispatch({ type: 'stop' }),
    retryNow: () => dispatch({ type: 'retry' }),
    close: () => dispatch({ type: 'close' }),
  };
};
