import { z } from 'zod';
import { couchRequest } from './couch-request.ts';
import { hasStatus, type CouchServer } from './couch.ts';

/**
 * What a mailbox node knows of a database and keeps beside it, in its own database `node`: whoever may write into the database itself,
 * as the mesh may, cannot write here (law 12). Each is a `_local` document, which has no history and is not replicated.
 * It names the one life of the database that it is of: nothing of a database that was lost is taken for one made anew.
 */
export type About = {
  /** The node's own database. */
  readonly node: string;
  readonly database: string;
};

/** Where a scan for conflicts keeps how far it has come: a name for {@link keptPath}. */
export const CONFLICT_SCAN = 'conflict-scan';

const ofLife = z.looseObject({ instance: z.string() });
const info = z.looseObject({ instance_start_time: z.string() });

/** Path of a kept document in the node's own database. */
export const keptPath = (name: string, database: string): string => `_local/restante-${name}:${database}`;

/** When a database was created, as CouchDB tells it. @throws as `couchRequest` */
export const instanceOf = async (server: CouchServer, db: string): Promise<string> =>
  info.parse(await couchRequest(server, { db })).instance_start_time;

/**
 * What is kept under `name` of the database as it is now, or null when it is none, or of an earlier life.
 *
 * @throws as `couchRequest`; CouchError 404 also when the database is not there
 */
export const readKept = async <T>(
  server: CouchServer,
  { node, database }: About,
  name: string,
  value: z.ZodType<T>,
): Promise<T | null> => {
  const instance = await instanceOf(server, database);
  try {
    const document = await couchRequest(server, { db: node, path: keptPath(name, database) });
    return ofLife.safeParse(document).data?.instance === instance
      ? (value.safeParse(document).data ?? null)
      : null;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
};

/**
 * Keeps a value of the database as it is now. The last write counts. `life`: what {@link instanceOf} told before the value was
 * learned; of a database that was made anew meanwhile nothing is kept.
 *
 * @throws as `couchRequest`
 */
export const writeKept = async (
  server: CouchServer,
  { node, database }: About,
  name: string,
  value: object,
  life?: string,
): Promise<void> => {
  const instance = await instanceOf(server, database);
  if (life !== undefined && life !== instance) return;
  const body = { ...value, instance };
  await couchRequest(server, { db: node, path: keptPath(name, database), method: 'PUT', body });
};

/** Takes away what is kept under `name`; says whether there was anything. @throws as `couchRequest` */
export const removeKept = async (
  server: CouchServer,
  { node, database }: About,
  name: string,
): Promise<boolean> => {
  try {
    await couchRequest(server, { db: node, path: keptPath(name, database), method: 'DELETE' });
    return true;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw error;
  }
};
