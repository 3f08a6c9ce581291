import type { Store } from '../vault/store.ts';
import type { TableName } from '../vault/tables.ts';
import { createRepeatedWork, type RepeatedWork } from './repeated-work.ts';

export type DueRowsDeps = {
  readonly store: Pick<Store, 'list'>;
  readonly table: TableName;
  /** Does what a row says, and takes it away. Answers after how many milliseconds it is to be tried again; null: it need not be. */
  readonly tryOne: (key: string, signal: AbortSignal, attempt: number) => Promise<number | null>;
  readonly onFault: (error: unknown) => void;
};

const PAGE = 32;

/** Works through the rows of a table, one after the other; what cannot be done yet is tried again. */
export const createDueRows = ({ store, table, tryOne, onFault }: DueRowsDeps): RepeatedWork =>
  createRepeatedWork(async (signal, first) => {
    let attempt = first;
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
    return waitMs === null ? null : { afterMs: waitMs, attempt: attempt + 1 };
  }, onFault);
