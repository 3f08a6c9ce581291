import workerUrl from './worker.ts?worker&url';
import { INITIAL_STATUS, type Calls, type Status } from './calls.ts';
import { CHANNEL, type CallError, type EngineEvent, type FromLeader, type ToLeader } from './channel.ts';
import { trustedScriptUrl } from './trusted-script-url.ts';

/** A call that the messenger refused. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: CallError['code'];
  readonly retryAfterMs: number | undefined;

  constructor({ code, message, retryAfterMs }: CallError) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The messenger as a tab sees it; it runs in the worker of the tab that leads. */
export type Engine = {
  /** Each call resolves when the leader has carried it out, also when another tab takes over meanwhile. */
  readonly calls: Calls;
  readonly status: () => Status;
  readonly onStatus: (listener: (status: Status) => void) => void;
  readonly onEvent: (listener: (event: EngineEvent) => void) => void;
};

type Pending = {
  readonly request: ToLeader;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngineError) => void;
};

export const startEngine = (): Engine => {
  const tab = crypto.randomUUID();
  const channel = new BroadcastChannel(CHANNEL);
  const post = (message: ToLeader): void => channel.postMessage(message);
  const pending = new Map<number, Pending>();
  const statusListeners = new Set<(status: Status) => void>();
  const eventListeners = new Set<(event: EngineEvent) => void>();
  let calls = 0;
  let status = INITIAL_STATUS;

  const settle = (call: number, finish: (call: Pending) => void): void => {
    const waiting = pending.get(call);
    pending.delete(call);
    if (waiting !== undefined) finish(waiting);
  };
  const tellVisibility = (): void => post({ kind: 'tab', tab, state: document.visibilityState });
  const greet = (): void => {
    post({ kind: 'hello' });
    tellVisibility();
  };

  channel.addEventListener('message', ({ data }: MessageEvent<FromLeader | ToLeader>) => {
    switch (data.kind) {
      case 'leading':
        greet();
        for (const { request } of pending.values()) post(request);
        break;
      case 'status':
        status = data.status;
        for (const listener of statusListeners) listener(status);
        break;
      case 'event':
        for (const listener of eventListeners) listener(data.event);
        break;
      case 'value':
        if (data.tab === tab) settle(data.call, ({ resolve }) => resolve(data.value));
        break;
      case 'error':
        if (data.tab === tab) settle(data.call, ({ reject }) => reject(new EngineError(data.error)));
        break;
      case 'hello':
      case 'call':
      case 'tab':
        break;
    }
  });
  document.addEventListener('visibilitychange', tellVisibility);
  window.addEventListener('pagehide', () => post({ kind: 'tab', tab, state: 'closed' }));
  window.addEventListener('pageshow', tellVisibility);
  greet();
  new Worker(trustedScriptUrl(workerUrl), { type: 'module', name: 'engine' });

  return {
    calls: new Proxy({} as Calls, {
      get:
        (_, method: keyof Calls) =>
        (...args: readonly unknown[]) =>
          new Promise((resolve, reject) => {
            const call = (calls += 1);
            const request: ToLeader = { kind: 'call', tab, call, method, args };
            pending.set(call, { request, resolve, reject });
            post(request);
          }),
    }),
    status: () => status,
    onStatus: (listener) => void statusListeners.add(listener),
    onEvent: (listener) => void eventListeners.add(listener),
  };
};
