import { coalesce } from '../coalesce.ts';
import type { Store } from '../vault/store.ts';
import type { TableName } from '../vault/tables.ts';

/** Works through the rows of a table, one after the other, between `start` and `stop`; what cannot be done yet is tried again. */
export type DueRows = {
  readonly start: () => void;
  readonly stop: () => void;
  /** There may be something to be done. */
  readonly pump: () => void;
};

export type DueRowsDeps = {
  readonly store: Pick<Store, 'list'>;
  readonly table: TableName;
  /** Does what a row says, and takes it away. Answers after how many milliseconds it is to be tried again; null: it need not be. */
  readonly tryOne: (key: string, signal: AbortSignal, attempt: number) => Promise<number | null>;
  readonly onFault: (error: unknown) => void;
};

const PAGE = 32;

export const createDueRows = ({ store, table, tryOne, onFault }: DueRowsDeps): DueRows => {
  let over = new AbortController();
  over.abort();
  let attempt = 1;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = coalesce(async () => {
    const { signal } = over;
    clearTimeout(timer);
    let waitMs: number | null = null;
    for (let after = ''; !signal.aborted;) {
      const rows = await store.list(table, { after, limit: PAGE });
      for (const { key } of rows) {
        after = key;
        const ms = await tryOne(key, signal, attempt);
        if (ms === null) attempt = 1;
        else waitMs = Math.max(waitMs ?? 0, ms);
      }
      if (rows.length < PAGE) break;
    }
    if (waitMs === null || signal.aborted) return;
    attempt += 1;
    timer = setTimeout(pump, waitMs);
  });

  const pump = (): void => {
    const { signal } = over;
    if (signal.aborted) return;
    void run().catch((error: unknown) => {
      if (!signal.aborted) onFault(error);
    });
  };

  return {
    start: () => {
      if (!over.signal.aborted) return;
      over = new AbortController();
      attempt = 1;
      pump();
    },
    stop: () => {
      over.abort();
      clearTimeout(timer);
    },
    pump,
  };
};
