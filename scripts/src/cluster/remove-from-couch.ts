import { connectCouch, hasStatus, type CouchServer } from '@restante/service-kit';
import { z } from 'zod';

const TIMEOUT_MS = 20_000;
/** A replication that is just ending writes its document once more. */
const MOST_ROUNDS = 10;

const names = z.array(z.string());
const rows = z.object({
  rows: z.array(z.object({ id: z.string(), value: z.object({ rev: z.string() }), doc: z.unknown() })),
});
type Row = z.infer<typeof rows>['rows'][number];

const endpoint = z.union([z.string(), z.object({ url: z.string() }).transform(({ url }) => url)]);
const replication = z.object({ source: endpoint, target: endpoint });

const databaseAt = (address: string): string => decodeURIComponent(address.split('/').at(-1) ?? '');

const isReplicationOf = (prefix: string, { doc }: Row): boolean => {
  const { success, data } = replication.safeParse(doc);
  return success && [data.source, data.target].some((address) => databaseAt(address).startsWith(prefix));
};

const isUserOf = (prefix: string, { id }: Row): boolean => id.startsWith(`org.couchdb.user:${prefix}`);

/** Whether nothing was left to remove. */
const removeDocuments = async (
  server: CouchServer,
  db: string,
  isOurs: (row: Row) => boolean,
): Promise<boolean> => {
  const answer: unknown = await server.request({ db, path: '_all_docs', qs: { include_docs: true } });
  const ours = rows.parse(answer).rows.filter(isOurs);
  for (const { id, value } of ours) {
    const path = encodeURIComponent(id);
    await server.request({ db, path, method: 'DELETE', qs: { rev: value.rev } }).catch((error: unknown) => {
      if (!hasStatus(error, 404) && !hasStatus(error, 409)) throw error;
    });
  }
  return ours.length === 0;
};

/**
 * Removes what a cluster with this database prefix has made on a CouchDB that others use too: replications, databases,
 * users. The cluster must have stopped. `adminUrl` has an admin's credentials.
 *
 * @throws Error when something comes back again and again, or CouchDB fails
 */
export const removeFromCouch = async (adminUrl: string, databasePrefix: string): Promise<void> => {
  if (databasePrefix === '') throw new RangeError('without a prefix everything on the server would be meant');
  await using server = connectCouch(adminUrl, TIMEOUT_MS);
  const databases = names.parse(await server.request({ path: '_all_dbs' }));
  const documents = [
    ['_replicator', (row: Row) => isReplicationOf(databasePrefix, row)],
    ['_users', (row: Row) => isUserOf(databasePrefix, row)],
  ] as const;
  for (const [database, isOurs] of documents) {
    let rounds = databases.includes(database) ? MOST_ROUNDS : 0;
    while (rounds > 0 && !(await removeDocuments(server, database, isOurs))) rounds -= 1;
    if (rounds === 0 && databases.includes(database)) {
      throw new Error(`documents of ${databasePrefix} in ${database} come back: does the cluster still run?`);
    }
  }
  for (const database of databases.filter((name) => name.startsWith(databasePrefix))) {
    await server.request({ db: database, method: 'DELETE' }).catch((error: unknown) => {
      if (!hasStatus(error, 404)) throw error;
    });
  }
};
