import { CouchError, type Logger } from '@restante/service-kit';

export type CouchState = 'unknown' | 'up' | 'down' | 'refused';

/** What is known of CouchDB at this moment, as its last call told. */
export type CouchCondition = {
  readonly state: () => CouchState;
  readonly reason: () => string | undefined;
  /** Records how a call went. Logs when the state changes. */
  readonly passed: () => void;
  readonly failed: (error: unknown) => void;
};

/** `what` names the connection in log lines. */
export const createCouchCondition = (log: Logger, what: string): CouchCondition => {
  let state: CouchState = 'unknown';
  let reason: string | undefined;
  const set = (next: CouchState, why: string | undefined): void => {
    reason = why;
    if (next === state) return;
    state = next;
    log[next === 'up' ? 'info' : 'error']({ event: 'couchdb', what, state, reason }, `${what}: ${state}`);
  };
  return {
    state: () => state,
    reason: () => reason,
    passed: () => set('up', undefined),
    failed: (error) => {
      const isRefusal = error instanceof CouchError && (error.statusCode === 401 || error.statusCode === 403);
      const message = error instanceof Error ? error.message : 'unknown';
      set(isRefusal ? 'refused' : 'down', message.slice(0, 200));
    },
  };
};
