import { BUCKET_RULE } from '@restante/protocol';
import { couchRequest, type CouchServer, hasStatus, type Logger, ServiceError } from '@restante/service-kit';
import { isDeepStrictEqual } from 'node:util';
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
   * Puts the node's own database and `directory` in place, for the data path's user alone, and these buckets, with the rule of what the
   * mesh may write there, for the users of the mesh too.
   */
  readonly keep: (buckets: readonly string[]) => Promise<void>;
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

type Security = {
  readonly members: { readonly names: readonly string[]; readonly roles: readonly string[] };
};

const SYSTEM_DATABASES = ['_users', '_replicator'];

export const createDatabaseKeeper = ({
  log,
  admin,
  owner,
  guests,
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
  /** Names of the users of the mesh. */
  readonly guests: readonly string[];
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
  const securityFor = (names: readonly string[]) => ({
    admins: { names: [], roles: ['_admin'] },
    members: { names, roles: [] },
  });
  /** Nothing that the mesh may read or write (law 12). */
  const owners = securityFor([owner]);
  const shared = securityFor([owner, ...guests]);

  let sizes: readonly DatabaseSize[] = [];
  /** Set again after a start: the database may be older. */
  let isHistoryLimited = false;

  /** Says whether it was not there. */
  const create = async (db: string): Promise<boolean> => {
    try {
      // The directory is one file: what is written in one request is there as a whole or not at all.
      const qs = db === databases.directory ? { q: 1 } : {};
      await couchRequest(admin, { db, method: 'PUT', qs });
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

  const secure = async (db: string, security: Security): Promise<void> => {
    const current = (await couchRequest(admin, { db, path: '_security' })) as Readonly<
      Record<string, unknown>
    >;
    const { admins, members } = current;
    if (isDeepStrictEqual({ admins, members }, security)) return;
    await couchRequest(admin, { db, path: '_security', method: 'PUT', body: security });
  };

  /** A rule that somebody took away or changed is put back. */
  const keepRule = async (db: string): Promise<void> => {
    const path = BUCKET_RULE._id;
    const found = (await couchRequest(admin, { db, path }).catch((error: unknown) => {
      if (hasStatus(error, 404)) return {};
      throw error;
    })) as { readonly _rev?: string };
    const { _rev, ...current } = found;
    if (isDeepStrictEqual(current, BUCKET_RULE)) return;
    const body = _rev === undefined ? BUCKET_RULE : { ...BUCKET_RULE, _rev };
    try {
      await couchRequest(admin, { db, path, method: 'PUT', body });
    } catch (error) {
      // Another write is putting the bucket in place at the same moment.
      if (hasStatus(error, 409)) return;
      throw error;
    }
    log.info({ event: 'rule-set', database: db }, 'rule of the mesh set');
  };

  /** The rule stands before the users of the mesh are let in. */
  const open = async (bucket: string): Promise<void> => {
    await keepRule(bucket);
    await secure(bucket, shared);
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
      await secure(databases.node, owners);
      const hasDirectory = existing.has(databases.directory);
      if (!hasDirectory) await createOurs(databases.directory);
      await secure(databases.directory, owners);
      if (!hasDirectory || !isHistoryLimited) await limitHistory(databases.directory);
      const measured = [await measure(databases.directory)];
      for (const db of buckets) {
        const isNew = !existing.has(db);
        if (isNew) await createOurs(db);
        await open(db);
        if (isNew && isAhead(db)) await onBornEmpty(db);
        measured.push(await measure(db));
      }
      sizes = measured;
    },
    createBucket: async (db) => {
      if (!wanted().includes(db)) {
        throw new ServiceError('message-expired', 'the time of this bucket is over');
      }
      await createOurs(db);
      await open(db);
    },
    drop: async (db) => {
      await couchRequest(admin, { db, method: 'DELETE' });
      log.info({ event: 'database-dropped', database: db }, 'expired bucket dropped');
    },
  };
};
