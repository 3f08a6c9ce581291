import type { Call, CallError } from './channel.ts';
import { EngineError } from './engine-error.ts';

type Pending = {
  readonly request: Pick<Call, 'call' | 'method' | 'args'>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngineError) => void;
  readonly done: Promise<unknown>;
};

/** Calls that may wait for a leader. */
const MAX_CALLS = 1_000;

/** The calls of a tab that the leader has not answered, in their order. */
export const createPendingCalls = (send: (request: Pending['request']) => void) => {
  const pending = new Map<number, Pending>();
  let calls = 0;

  const settle = (call: number, finish: (call: Pending) => void): void => {
    const waiting = pending.get(call);
    pending.delete(call);
    if (waiting !== undefined) finish(waiting);
  };

  return {
    call: (method: Call['method'], args: Call['args']): Promise<unknown> => {
      if (pending.size >= MAX_CALLS) {
        const error = new EngineError({ code: 'too-many-calls', message: `${MAX_CALLS} calls are waiting` });
        return Promise.reject(error);
      }
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const request = { call: (calls += 1), method, args };
      pending.set(request.call, { request, resolve, reject, done: promise });
      try {
        send(request);
      } catch {
        settle(request.call, () =>
          reject(new EngineError({ code: 'unexpected', message: 'cannot be handed over' })),
        );
      }
      return promise;
    },
    resolve: (call: number, value: unknown): void => settle(call, ({ resolve }) => resolve(value)),
    reject: (call: number, error: CallError): void =>
      settle(call, ({ reject }) => reject(new EngineError(error))),
    sendAgain: (): void => {
      for (const { request } of pending.values()) send(request);
    },
    /** Resolves when nothing waits. */
    settled: async (): Promise<void> => {
      while (pending.size > 0) await Promise.allSettled([...pending.values()].map(({ done }) => done));
    },
  };
};
