import {
  LIMITS,
  type Acknowledge,
  type Acknowledged,
  type MessageId,
  type Session,
} from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import type { Store } from '../vault/store.ts';
import type { PendingDelete } from '../vault/tables.ts';
import type { OwedDeletes } from './owed-deletes.ts';

/**
 * Tells the cluster what may be forgotten: only what a transaction has kept (law 3), again and again until enough
 * nodes have said that it is deleted. Through a master when there is one, which also gives the senders their receipts;
 * otherwise directly at the mailbox nodes, and the receipts follow later.
 */
export type Acknowledger = {
  readonly connect: (send: (frame: Acknowledge) => void) => void;
  readonly disconnect: () => void;
  /** Tells of messages that have just been kept. */
  readonly acknowledge: (kept: readonly PendingRow[]) => void;
  /** Tells of everything that is still owed. */
  readonly sweep: () => void;
  /**
   * Until `release`, what is acknowledged is only noted: deleting takes the nodes as long as reading, and a person
   * waits for the reading. Each `hold` is ended by one `release`.
   */
  readonly hold: () => void;
  readonly release: () => void;
  readonly onAcknowledged: (frame: Acknowledged) => void;
};

export type PendingRow = { readonly key: MessageId; readonly value: PendingDelete };

/** Pages of pending deletes that are told before an answer is waited for (law 10). */
const SWEEP_PAGES = 4;

export type AcknowledgerDeps = {
  readonly store: Store;
  readonly tokens: () => Pick<Session, 'mailboxNodes' | 'writeConcern'>;
  /** Deletes at every node; answers how many have done it. */
  readonly deleteDirectly: (ids: readonly MessageId[]) => Promise<number>;
  readonly owed: Pick<OwedDeletes, 'owe'>;
  /** No master can be reached, but mailbox nodes may be. */
  readonly mayDeleteDirectly: () => boolean;
  readonly retryMs: number;
  readonly onFault: (error: unknown) => void;
};

const frameOf = (rows: readonly PendingRow[], receipts: boolean): Acknowledge => ({
  type: 'acknowledge',
  receipts,
  messages: rows.map(({ key, value }) => ({
    id: key,
    senderId: value.senderId,
    senderDeviceId: value.senderDeviceId,
  })),
});

export const createAcknowledger = (deps: AcknowledgerDeps): Acknowledger => {
  const { store, tokens, deleteDirectly, owed, mayDeleteDirectly, retryMs, onFault } = deps;
  let send: ((frame: Acknowledge) => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let holds = 0;
  /** The last sweep ended at its bound: there is more. */
  let isCut = false;
  /** Frames without an answer on this connection. */
  let unanswered = 0;
  /** How often each was told on this connection while its receipt was held, without an answer: the receipt is still owed then. */
  const toldWithout = new Map<MessageId, number>();
  const noteToldWithout = (id: MessageId): void => void toldWithout.set(id, (toldWithout.get(id) ?? 0) + 1);
  /** Whether one of the answers that are due is of such a telling: it is taken for that one. */
  const wasToldWithout = (id: MessageId): boolean => {
    const times = toldWithout.get(id) ?? 0;
    if (times > 1) toldWithout.set(id, times - 1);
    else toldWithout.delete(id);
    return times > 0;
  };

  const neededCopies = (): number => Math.min(tokens().writeConcern, tokens().mailboxNodes.length);

  const settleDirectly = async (rows: readonly PendingRow[]): Promise<void> => {
    const open = rows.filter(({ value }) => !value.deleted);
    if (open.length === 0) return;
    const ids = open.map(({ key }) => key);
    const done = await deleteDirectly(ids);
    if (done < neededCopies()) return;
    await store.transact((transaction) => {
      if (done < tokens().mailboxNodes.length) owed.owe(transaction, ids);
      for (const { key, value } of open) {
        if (value.receipt) transaction.put('pendingDeletes', key, { ...value, deleted: true });
        else transaction.delete('pendingDeletes', key);
      }
    });
  };

  const tell = async (rows: readonly PendingRow[]): Promise<void> => {
    if (send === null) {
      if (mayDeleteDirectly()) await settleDirectly(rows);
      return;
    }
    for (const receipts of [true, false]) {
      const part = rows.filter(({ value }) =>
        receipts ? value.receipt && !value.held : !value.receipt || (value.held && !value.deleted),
      );
      if (part.length === 0) continue;
      if (!receipts) for (const { key, value } of part) if (value.held) noteToldWithout(key);
      unanswered += 1;
      send(frameOf(part, receipts));
    }
  };

  const sweepOnce = coalesce(async () => {
    let after = '';
    isCut = false;
    for (let page = 0; send !== null || mayDeleteDirectly(); page += 1) {
      const rows = await store.list('pendingDeletes', { after, limit: LIMITS.idsPerAcknowledge });
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.key;
      sweepLater();
      isCut = page >= SWEEP_PAGES;
      if (isCut) return;
      await tell(rows);
    }
  });
  const sweep = (): void => void sweepOnce().catch(onFault);

  /** What has not been answered by then is told again. */
  const sweepLater = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      sweep();
    }, retryMs);
  };

  return {
    connect: (sendFrame) => {
      send = sendFrame;
      unanswered = 0;
      toldWithout.clear();
      sweep();
    },
    disconnect: () => {
      send = null;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
    acknowledge: (kept) => {
      if (kept.length === 0) return;
      sweepLater();
      if (holds === 0) void tell(kept).catch(onFault);
    },
    sweep,
    hold: () => {
      holds += 1;
    },
    release: () => {
      holds -= 1;
      if (holds === 0) sweep();
    },
    onAcknowledged: ({ ids, copies }) => {
      unanswered -= 1;
      const withoutReceipt = new Set(ids.filter(wasToldWithout));
      if (copies < neededCopies()) return;
      store
        .transact(async (transaction) => {
          const rows = await transaction.getMany('pendingDeletes', ids);
          if (copies < tokens().mailboxNodes.length) owed.owe(transaction, ids);
          ids.forEach((id, index) => {
            const row = rows[index];
            if (row?.receipt && withoutReceipt.has(id))
              transaction.put('pendingDeletes', id, { ...row, deleted: true });
            else transaction.delete('pendingDeletes', id);
          });
          transaction.afterCommit(() => {
            if (isCut && unanswered === 0) sweep();
          });
        })
        .catch(onFault);
    },
  };
};
