import { LIMITS, type MessageId } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Store, Transaction } from '../vault/store.ts';

/**
 * What enough nodes have deleted and some have not, since they were away: all are told again until all have said at one time that it is done, over
 * restarts, as long as the message could be there. A node does not tell another one (law 12); and what one has not deleted yet, another that
 * had lost its disk may have got from it.
 */
export type OwedDeletes = {
  readonly owe: (transaction: Pick<Transaction, 'put' | 'afterCommit'>, ids: readonly MessageId[]) => void;
  /** Tells what is owed, now and for as long as anything is. */
  readonly start: () => void;
  readonly stop: () => void;
};

export type OwedDeletesDeps = {
  readonly store: Store;
  /** Deletes at every node; answers whether all have done it. */
  readonly deleteEverywhere: (ids: readonly MessageId[]) => Promise<boolean>;
  readonly backoff: Backoff;
  readonly onFault: (error: unknown) => void;
};

/** A node that is away is not asked as often as one that somebody waits for. */
const PATIENCE = 20;

export const createOwedDeletes = ({
  store,
  deleteEverywhere,
  backoff,
  onFault,
}: OwedDeletesDeps): OwedDeletes => {
  const bounds = { minMs: backoff.minMs, maxMs: PATIENCE * backoff.maxMs };
  let isRunning = false;
  let attempt = 1;
  let timer: ReturnType<typeof setTimeout> | null = null;

  /** Whether nothing is owed any more. While a node is away no more than a page is told again. */
  const tellAll = async (): Promise<boolean> => {
    while (isRunning) {
      const rows = await store.list('owedDeletes', { limit: LIMITS.idsPerAcknowledge });
      if (rows.length === 0) return true;
      const ids = rows.map(({ key }) => key);
      if (!(await deleteEverywhere(ids))) return false;
      await store.transact((transaction) => {
        for (const id of ids) transaction.delete('owedDeletes', id);
      });
    }
    return false;
  };

  const tell = coalesce(async () => {
    if (await tellAll()) attempt = 1;
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
    owe: (transaction, ids) => {
      for (const id of ids) transaction.put('owedDeletes', id, true);
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
