import nano from 'nano';
import { waitFor } from '@restante/testkit';

/** What some databases of one CouchDB hold, and what they take on its disk. */
export type DatabaseSize = {
  readonly documents: number;
  readonly deleted: number;
  /** Their files. */
  readonly fileBytes: number;
  /** What of the files is live data; null where the engine does not tell it from the files. */
  readonly activeBytes: number | null;
};

const COMPACTED_WITHIN_MS = 600_000;

const databasesOf = async (couchUrl: string, prefix: string) => {
  const server = nano(couchUrl);
  const names = (await server.db.list()).filter((name) => name.startsWith(prefix));
  return names.map((name) => ({ compact: () => server.db.compact(name), info: () => server.db.get(name) }));
};

/** Sum over the databases whose names start with `prefix`. */
export const databaseSize = async (couchUrl: string, prefix: string): Promise<DatabaseSize> => {
  const databases = await databasesOf(couchUrl, prefix);
  const infos = await Promise.all(databases.map(({ info }) => info()));
  const sum = (count: (info: (typeof infos)[number]) => number): number =>
    infos.reduce((total, info) => total + count(info), 0);
  const fileBytes = sum(({ sizes }) => sizes.file);
  const activeBytes = sum(({ sizes }) => sizes.active);
  return {
    documents: sum(({ doc_count }) => doc_count),
    deleted: sum(({ doc_del_count }) => doc_del_count),
    fileBytes,
    activeBytes: activeBytes < fileBytes ? activeBytes : null,
  };
};

/** Compacts those databases, one after the other. */
export const compact = async (couchUrl: string, prefix: string): Promise<void> => {
  for (const database of await databasesOf(couchUrl, prefix)) {
    const isDone = async (): Promise<boolean> => !(await database.info()).compact_running;
    await waitFor('a compaction under way', isDone, { timeoutMs: COMPACTED_WITHIN_MS, everyMs: 100 });
    await database.compact();
    await waitFor('compaction', isDone, { timeoutMs: COMPACTED_WITHIN_MS, everyMs: 100 });
  }
};
