import { readSigned, receive } from './couch-carriers.ts';
import { historyOf, type LeafWithHistory } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';

/**
 * What says who may read and write is at two servers, where two answer, before anybody is told that it is so. `written`: what was
 * just written, which a server may say that it has and not have (law 12).
 */
export const createSecure =
  (servers: CouchServers) =>
  (ids: readonly string[], written: readonly (LeafWithHistory | null | undefined)[]): Promise<void> =>
    servers.carry(
      (database) => readSigned(database, ids),
      async (database, found) => {
        const own = found.find(({ server }) => server === database.server)?.answer ?? [];
        const has = ({ _id, _rev }: LeafWithHistory): boolean =>
          own.some((leaf) => leaf._id === _id && historyOf(leaf).includes(_rev));
        const leaves = [...found.flatMap(({ answer }) => answer), ...written.flatMap((leaf) => leaf ?? [])];
        const missing = leaves.filter((leaf) => !has(leaf));
        if (missing.length > 0) await receive(database, missing);
      },
    );

export type Secure = ReturnType<typeof createSecure>;
