import { LIMITS, type MessageId } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Store, Transaction } from '../vault/store.ts';

/**
 * What enough nodes have deleted and others have not, since they were away: each is told until it has said that it is done, over restarts, as
 * long as the message could be there. The nodes do not tell each other (law 12).
 */
export type OwedDeletes = {
  /** Owes the deletion to all nodes but `done` (base URLs). */
  readonly owe: (
    transaction: Pick<Transaction, 'put' | 'afterCommit'>,
    ids: readonly MessageId[],
    done: readonly string[],
  ) => void;
  /** Tells what is owed, now and for as long as anything is. */
  readonly start: () => void;
  readonly stop: () => void;
};

export type OwedDeletesDeps = {
  readonly store: Store;
  /** Base URLs of the nodes. */
  readonly nodes: () => readonly string[];
  /** Deletes at one node. Throws when it has not. */
  readonly deleteAt: (node: string, ids: readonly MessageId[]) => Promise<void>;
  readonly backoff: Backoff;
  /** Told of what a node has answered. */
  readonly onRefusal: (error: unknown) => void;
  readonly onFault: (error: unknown) => void;
};

/** A node that is away is not asked as often as one that somebody waits for. */
const PATIENCE = 20;

export const createOwedDeletes = (deps: OwedDeletesDeps): OwedDeletes => {
  const { store, backoff, onFault } = deps;
  const bounds = { minMs: backoff.minMs, maxMs: PATIENCE * backoff.maxMs };
  let isRunning = false;
  let attempt = 1;
  let timer: ReturnType<typeof setTimeout> | null = null;

  /** Those of the ids that are owed to no node any more are forgotten. */
  const settle = async (node: string, ids: readonly MessageId[]): Promise<void> =>
    store.transact(async (transaction) => {
      const rows = await transaction.getMany('owedDeletes', ids);
      ids.forEach((id, index) => {
        const row = rows[index];
        if (row === undefined) return;
        const done = [...new Set([...row.done, node])];
        const isDone = deps.nodes().every((each) => done.includes(each));
        if (isDone) transaction.delete('owedDeletes', id);
        else transaction.put('owedDeletes', id, { done });
      });
    });

  /** Whether everything was told that is owed to a node. */
  const tellNode = async (node: string): Promise<boolean> => {
    for (let after = ''; isRunning;) {
      const rows = await store.list('owedDeletes', { after, limit: LIMITS.idsPerAcknowledge });
      const last = rows.at(-1);
      if (last === undefined) return true;
      after = last.key;
      const ids = rows.filter(({ value }) => !value.done.includes(node)).map(({ key }) => key);
      if (ids.length === 0) continue;
      try {
        await deps.deleteAt(node, ids);
      } catch (error) {
        deps.onRefusal(error);
        return false;
      }
      await settle(node, ids);
    }
    return false;
  };

  const tell = coalesce(async () => {
    const told = await Promise.all(deps.nodes().map(tellNode));
    if (told.every(Boolean)) attempt = 1;
    else tellLater();
  });

  const tellLater = (): void => {
    if (!isRunning || timer !== null) return;
    timer = setTimeout(
      () => {
        timer = null;
        tell().catch((error: unknown) => {
          onFault(error);
          tellLater();
        });
      },
      backoffDelayMs(bounds, attempt, Math.random()),
    );
    attempt += 1;
  };

  return {
    owe: (transaction, ids, done) => {
      for (const id of ids) transaction.put('owedDeletes', id, { done });
      if (ids.length > 0) transaction.afterCommit(tellLater);
    },
    start: () => {
      if (isRunning) return;
      isRunning = true;
      tellLater();
    },
    stop: () => {
      isRunning = false;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
};
