import { onActivity } from './activity.ts';
import { INITIAL_LEADER_STATUS, type Calls, type LeaderStatus, type Status } from './calls.ts';
import { CHANNEL, tabLock, type EngineEvent, type FromLeader, type ToLeader } from './channel.ts';
import { holdLock } from './lifetime-lock.ts';
import { createPendingCalls } from './pending-calls.ts';
import { newRequestId } from './request-id.ts';
import { storageUse, type StorageUse } from './storage.ts';
import { createTabAccount } from './tab-account.ts';
import { superviseWorker } from './worker-supervision.ts';

export { EngineError } from './engine-error.ts';
export type { StorageUse } from './storage.ts';

/** The messenger as a tab sees it; it runs in the worker of the tab that leads. */
export type Engine = {
  /** Each call resolves when the leader has carried it out, also when another tab takes over meanwhile. */
  readonly calls: Calls;
  readonly status: () => Status;
  readonly onStatus: (listener: (status: Status) => void) => void;
  readonly onEvent: (listener: (event: EngineEvent) => void) => void;
  /** The person knows that the storage was wiped: `status().wiped` is null from now on. */
  readonly forgetWiped: () => void;
  /** Locks when nobody has done anything in any tab for so long; null: never. Without a passphrase nothing is locked. */
  readonly lockAfter: (ms: number | null) => void;
  readonly storageUse: () => Promise<StorageUse>;
  /** Asks the browser to keep the storage, in answer to a click. Answers whether it has promised that. */
  readonly askForPersistence: () => Promise<boolean>;
  /** Resolves when no call waits for its answer. */
  readonly settled: () => Promise<void>;
};

/** What the engine cannot do without; all of it is there in secure contexts of today's browsers. */
const missing = (): string | null =>
  ['locks', 'storage'].find((name) => !(name in navigator)) ??
  ['BroadcastChannel', 'Worker', 'indexedDB'].find((name) => !(name in window)) ??
  null;

/** A leader that opens the storage says nothing yet about what is in it: what was known of that stands. */
const ongoing = (known: LeaderStatus, told: LeaderStatus): LeaderStatus =>
  told.phase === 'starting'
    ? { ...told, phase: known.phase, self: known.self, hasPassphrase: known.hasPassphrase }
    : told;

const SENDING: ReadonlySet<keyof Calls> = new Set(['sendText', 'sendFiles']);

/** What is sent again to another leader is the same message. */
const withRequestId = ([to, text, options]: readonly unknown[]): readonly unknown[] => [
  to,
  text,
  { requestId: newRequestId(), ...(options as object | undefined) },
];

export const startEngine = (): Engine => {
  const lacks = missing();
  const channel = lacks === null ? new BroadcastChannel(CHANNEL) : null;
  const statusListeners = new Set<(status: Status) => void>();
  const eventListeners = new Set<(event: EngineEvent) => void>();
  let tab = '';
  let lockAfterMs: number | null = null;
  let leader: LeaderStatus =
    lacks === null
      ? INITIAL_LEADER_STATUS
      : { ...INITIAL_LEADER_STATUS, phase: 'failed', failure: `no ${lacks}` };

  const post = (message: ToLeader): void => channel?.postMessage(message);
  const pending = createPendingCalls((request) => post({ kind: 'call', tab, ...request }));
  const status = (): Status => ({ ...leader, ...account.status() });
  const tellStatus = (): void => {
    const told = status();
    for (const listener of statusListeners) listener(told);
  };
  const account = createTabAccount(tellStatus);
  const greet = (): void =>
    post({ kind: 'tab', tab, visible: document.visibilityState === 'visible', lockAfterMs });

  channel?.addEventListener('message', ({ data }: MessageEvent<FromLeader | ToLeader>) => {
    switch (data.kind) {
      case 'leading':
        greet();
        pending.sendAgain();
        break;
      case 'status':
        leader = ongoing(leader, data.status);
        account.note(leader);
        tellStatus();
        break;
      case 'event':
        for (const listener of eventListeners) listener(data.event);
        break;
      case 'leaving-account':
        leader = { ...leader, phase: 'starting', self: null };
        account.leave();
        break;
      case 'value':
        if (data.tab === tab) pending.resolve(data.call, data.value);
        break;
      case 'error':
        if (data.tab === tab) pending.reject(data.call, data.error);
        break;
      case 'key':
      case 'call':
      case 'tab':
      case 'active':
      case 'successor':
        break;
    }
  });

  /** From when the page is shown until it is hidden, which may be to come back (back/forward cache). */
  const enter = (): (() => void) => {
    tab = crypto.randomUUID();
    const held = holdLock(tabLock(tab));
    void held.then(() => {
      greet();
      pending.sendAgain();
    });
    const endWorker = superviseWorker(tab);
    return () => {
      endWorker();
      void held.then((release) => release());
    };
  };
  if (lacks === null) {
    let leave: (() => void) | null = enter();
    document.addEventListener('visibilitychange', greet);
    onActivity(() => {
      if (leader.hasPassphrase) post({ kind: 'active' });
    });
    window.addEventListener('pagehide', () => {
      leave?.();
      leave = null;
    });
    window.addEventListener('pageshow', () => (leave ??= enter()));
  }

  const call = async (method: keyof Calls, args: readonly unknown[]): Promise<unknown> => {
    const value = await pending.call(method, SENDING.has(method) ? withRequestId(args) : args);
    if (method === 'removeDevice' && args[0] === account.status().wiped?.deviceId) account.forgetWiped();
    return value;
  };
  const calls = new Proxy({} as Calls, {
    get:
      (_, method: keyof Calls) =>
      (...args: readonly unknown[]) =>
        call(method, args),
  });

  return {
    calls,
    status,
    onStatus: (listener) => void statusListeners.add(listener),
    onEvent: (listener) => void eventListeners.add(listener),
    forgetWiped: account.forgetWiped,
    lockAfter: (ms) => {
      lockAfterMs = ms;
      greet();
    },
    storageUse,
    askForPersistence: account.askForPersistence,
    settled: pending.settled,
  };
};
