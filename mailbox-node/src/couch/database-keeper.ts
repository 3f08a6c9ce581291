import { couchRequest, type CouchServer, hasStatus, type Logger, ServiceError } from '@restante/service-kit';
import { isDeepStrictEqual } from 'node:util';
import { FORMER_RULE } from './envelope-row.ts';
import type { Databases } from '../mesh/databases.ts';

export type DatabaseSize = {
  readonly name: string;
  readonly documents: number;
  readonly deleted: number;
  readonly fileBytes: number | null;
};

/** Creates and drops this node's databases, with the admin's credentials. */
export type DatabaseKeeper = {
  /** Names of the buckets that exist. */
  readonly buckets: () => Promise<string[]>;
  /**
   * Puts the node's own database, `directory` and these buckets in place, for the data path's user alone.
   */
  readonly keep: (buckets: readonly string[]) => Promise<void>;
  /** Those of these databases in which there is a document. */
  readonly filled: (existing: readonly string[]) => Promise<string[]>;
  /** Creates a bucket that is to be there. @throws ServiceError `message-expired` when its time is over */
  readonly createBucket: (database: string) => Promise<void>;
  /** Drops a bucket, with everything in it. */
  readonly drop: (database: string) => Promise<void>;
  /** The databases as of the last `keep`. */
  readonly sizes: () => readonly DatabaseSize[];
};

type Info = {
  readonly doc_count: number;
  readonly doc_del_count: number;
  readonly sizes?: { readonly file?: number };
};

/** A server that missed more changes of one document has a contradiction to resolve, and no more than that. */
const DIRECTORY_REVISIONS = 100;

type Names = { readonly names: readonly string[]; readonly roles: readonly string[] };
type Security = { readonly admins: Names; readonly members: Names };

const SYSTEM_DATABASES = ['_users', '_replicator'];

export const createDatabaseKeeper = ({
  log,
  admin,
  owner,
  databases,
  wanted,
  isAhead,
  beforeCreate,
  onCreated,
  onBornEmpty,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  /** Name of the data path's user. */
  readonly owner: string;
  readonly databases: Databases;
  /** The buckets that are to be there. */
  readonly wanted: () => readonly string[];
  /** Whether it is certain that no message can be in this bucket yet. */
  readonly isAhead: (database: string) => boolean;
  /** Told of a database that seems not to be there, before it is created. */
  readonly beforeCreate: (database: string) => Promise<void>;
  /** Told of a database that was not there and has been created. */
  readonly onCreated: (database: string) => Promise<void>;
  /** Told of a bucket that was created before any message can be in it, on any node. */
  readonly onBornEmpty: (database: string) => Promise<void>;
}): DatabaseKeeper => {
  const security: Security = {
    admins: { names: [], roles: ['_admin'] },
    members: { names: [owner], roles: [] },
  };

  let sizes: readonly DatabaseSize[] = [];
  /** Set again after a start: the database may be older. */
  let isHistoryLimited = false;

  /** Says whether it was not there. */
  const create = async (db: string): Promise<boolean> => {
    try {
      // One file: what is written in one request is there as a whole or not at all, and costs one sync.
      await couchRequest(admin, { db, method: 'PUT', qs: { q: 1 } });
      log.info({ event: 'database-created', database: db }, 'database created');
      return true;
    } catch (error) {
      if (hasStatus(error, 412)) return false;
      throw error;
    }
  };

  const createOurs = async (db: string): Promise<void> => {
    await beforeCreate(db);
    if (await create(db)) await onCreated(db);
  };

  const secure = async (db: string): Promise<void> => {
    const current = (await couchRequest(admin, { db, path: '_security' })) as Readonly<
      Record<string, unknown>
    >;
    const { admins, members } = current;
    if (isDeepStrictEqual({ admins, members }, security)) return;
    await couchRequest(admin, { db, path: '_security', method: 'PUT', body: security });
  };

  /** It costs each write much, and judges nobody any more: the mesh writes through its node's gate. */
  const dropFormerRule = async (db: string): Promise<void> => {
    const found = await couchRequest(admin, { db, path: FORMER_RULE }).catch((error: unknown) => {
      if (hasStatus(error, 404)) return null;
      throw error;
    });
    if (found === null) return;
    const { _rev: rev } = found as { readonly _rev: string };
    await couchRequest(admin, { db, path: FORMER_RULE, method: 'DELETE', qs: { rev } });
  };

  /** The users of the mesh that release 0.2.0 had are let out before its rule goes. */
  const close = async (bucket: string): Promise<void> => {
    await secure(bucket);
    await dropFormerRule(bucket);
  };

  /** Documents of the directory change often: with the default the histories would take more room than the documents. */
  const limitHistory = async (db: string): Promise<void> => {
    await couchRequest(admin, {
      db,
      path: '_revs_limit',
      method: 'PUT',
      body: String(DIRECTORY_REVISIONS),
    });
    isHistoryLimited = true;
  };

  const measure = async (db: string): Promise<DatabaseSize> => {
    const info = (await couchRequest(admin, { db })) as Info;
    const { doc_count: documents, doc_del_count: deleted } = info;
    return { name: db, documents, deleted, fileBytes: info.sizes?.file ?? null };
  };

  const list = async (): Promise<string[]> => (await couchRequest(admin, { path: '_all_dbs' })) as string[];

  return {
    sizes: () => sizes,
    buckets: async () => (await list()).filter(databases.isBucket),
    keep: async (buckets) => {
      const existing = new Set(await list());
      for (const db of SYSTEM_DATABASES) if (!existing.has(db)) await create(db);
      if (!existing.has(databases.node)) await create(databases.node);
      await secure(databases.node);
      const hasDirectory = existing.has(databases.directory);
      if (!hasDirectory) await createOurs(databases.directory);
      await secure(databases.directory);
      if (!hasDirectory || !isHistoryLimited) await limitHistory(databases.directory);
      const measured = [await measure(databases.directory)];
      for (const db of buckets) {
        const isNew = !existing.has(db);
        if (isNew) await createOurs(db);
        await close(db);
        if (isNew && isAhead(db)) await onBornEmpty(db);
        measured.push(await measure(db));
      }
      sizes = measured;
    },
    filled: async (existing) => {
      const measured = await Promise.all(existing.map(measure));
      return measured.filter(({ documents }) => documents > 0).map(({ name }) => name);
    },
    createBucket: async (db) => {
      if (!wanted().includes(db)) {
        throw new ServiceError('message-expired', 'the time of this bucket is over');
      }
      await createOurs(db);
      await secure(db);
    },
    drop: async (db) => {
      await couchRequest(admin, { db, method: 'DELETE' });
      log.info({ event: 'database-dropped', database: db }, 'expired bucket dropped');
    },
  };
};
