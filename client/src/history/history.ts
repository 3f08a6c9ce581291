import type { HistoryProgress, MessengerEventSource } from '../events/messenger-events.ts';
import type { Store } from '../vault/store.ts';
import { withoutParts } from '../vault/history-row.ts';
import { ONLY, type HistoryTaken } from '../vault/tables.ts';
import { progressOf } from './progress.ts';
import { beginHistory } from './take-history.ts';

/** The messages of before this device was there, from the other devices of its account. */
export type History = {
  readonly historyProgress: () => Promise<HistoryProgress>;
  /** Takes them, or goes on after a pause; what was taken to its end is taken once more. Told by `history`. */
  readonly takeHistory: () => Promise<void>;
  readonly pauseHistory: () => Promise<void>;
};

export type HistoryDeps = {
  readonly store: Store;
  readonly events: MessengerEventSource;
  /** Resolves when the vault has been read; rejects when it has no account. */
  readonly registered: () => Promise<void>;
  /** There is something to be asked for. */
  readonly onHistory: () => void;
};

export const createHistory = ({ store, events, registered, onHistory }: HistoryDeps): History => ({
  historyProgress: async () => {
    await registered();
    return progressOf(await store.get('history', ONLY));
  },
  takeHistory: async () => {
    await registered();
    await store.transact((transaction) => beginHistory(transaction, { events, onHistory }));
  },
  pauseHistory: async () => {
    await registered();
    await store.transact(async (transaction) => {
      const row = await transaction.get('history', ONLY);
      if (row?.state !== 'running') return;
      // What was said of messages meanwhile is kept as long as they come alone: after a pause they are asked for anew.
      const paused: HistoryTaken = { ...withoutParts(row), state: 'paused' };
      transaction.put('history', ONLY, paused);
      transaction.afterCommit(() => events.emit('history', progressOf(paused)));
    });
  },
});
