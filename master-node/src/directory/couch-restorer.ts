import {
  pseudonym,
  ServiceError,
  startLoop,
  toCouchError,
  type Logger,
  type Loop,
  type SetAside,
} from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { readSigned, receive } from './couch-carriers.ts';
import { faultOf, isOfMaster, setAsideName } from './couch-directory-reader.ts';
import type { DirectoryFault } from './directory-faults.ts';
import { leavesOf, removeAll, toLeaf, write, type LeafWithHistory } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import {
  bestOf,
  generationOf,
  keeps,
  liveOf,
  together,
  type Leaf,
  type Live,
} from './directory-conflicts.ts';
import { parseDirectoryId } from './directory-documents.ts';

/**
 * Puts back at one CouchDB what somebody has overwritten, deleted or rolled back there, from what masters have signed at the
 * others. Not at first sight: a master that does not know a new key yet must not take away what another has signed with it, and
 * that is at the others too within moments. Without a signed form anywhere else everything stays as it is.
 */
export type Restorer = Loop & {
  /** A document at a server that has no form that a master has signed, or an earlier one than it had. Waits while too many do. */
  readonly add: (server: string, id: string, fault: DirectoryFault) => Promise<void>;
  /** It is what it should be. */
  readonly drop: (server: string, id: string) => void;
};

/** Seen so long ago a fault is no matter of moments. */
const SETTLED_MS = 5_000;
const EVERY_MS = 1_000;
/** While so many wait whoever finds more goes no further. */
const MAX_WAITING = 10_000;
/** Beyond this a history is somebody's who wants no more of it to be counted. */
const MAX_GENERATION = 1_000_000_000;

type Waiting = {
  readonly server: string;
  readonly id: string;
  readonly fault: DirectoryFault;
  readonly since: number;
};

type Options = {
  readonly log: Logger;
  readonly setAside: SetAside<DirectoryFault>;
  readonly restored: Metrics['restored'];
  readonly tampered: Metrics['tampered'];
  readonly settledMs?: number;
};

/** The one of several signed leaves that holds. */
const best = (id: string, leaves: readonly LeafWithHistory[]): LeafWithHistory | null => {
  const kind = parseDirectoryId(id)?.kind;
  const held = kind && bestOf(kind, liveOf(leaves.map(toLeaf)));
  return leaves.find(({ _rev }) => _rev === held?.rev) ?? null;
};

export const startRestorer = (
  servers: CouchServers,
  { log, setAside, restored, tampered, settledMs = SETTLED_MS }: Options,
): Restorer => {
  const waiting = new Map<string, Waiting>();
  const keyOf = (server: string, id: string): string => `${server} ${id}`;

  /** What the other servers that answer have. Null when one of them does not. */
  const elsewhere = async (server: string, id: string): Promise<LeafWithHistory[] | null> => {
    const others = servers.names.filter((name) => name !== server);
    if (!others.every(servers.isUp)) return null;
    const found = await Promise.all(
      others.map((name) => servers.on(name, (database) => readSigned(database, [id]))),
    );
    return found.flat();
  };

  /**
   * Puts the leaf in place where its history has been overwritten or deleted, as a new revision with what it says. False when what is
   * there says as much, or is not to be counted on.
   */
  const putBack = (server: string, leaf: LeafWithHistory): Promise<boolean> =>
    servers.on(server, async (database) => {
      const id = leaf._id;
      const kind = parseDirectoryId(id)?.kind;
      const [wanted] = liveOf([toLeaf(leaf)]);
      if (kind === undefined || wanted === undefined) return false;
      const isFit = (one: Live<object>): boolean => faultOf(database, id, one) === null;
      const unfit = (leaves: readonly Leaf<object>[]): Live<object>[] =>
        liveOf(leaves).filter((one) => !isOfMaster(database, id, one));
      const before = await leavesOf(database, id);
      const isThere = (leaves: readonly Leaf<object>[]): boolean =>
        liveOf(leaves).some((one) => isFit(one) && keeps(kind, wanted, one));
      if (before.some(({ rev }) => generationOf(rev) > MAX_GENERATION)) return false;
      if (isThere(before) && unfit(before).length === 0) return false;
      await receive(database, [leaf]);
      await removeAll(
        database,
        unfit(before).map(({ rev }) => ({ id, rev })),
      );
      setAside.clear(setAsideName(database), id);
      const after = await leavesOf(database, id);
      if (isThere(after)) return true;
      const held = bestOf(kind, liveOf(after).filter(isFit));
      if (held === null) return (await write(database, id, leaf)) !== null;
      const content = together(kind, held, wanted);
      return (await write(database, id, content, { _rev: held.rev })) !== null;
    });

  const look = async ({ server, id, fault }: Waiting): Promise<void> => {
    const leaves = await elsewhere(server, id);
    if (leaves === null) throw new ServiceError('unavailable', 'a CouchDB that may have it does not answer');
    const leaf = best(id, leaves);
    if (leaf === null || !(await putBack(server, leaf))) return;
    restored.inc({ fault });
    if (fault === 'deleted') tampered.inc({ fault });
    log.error(
      { event: 'directory-restored', server, document: pseudonym(id), fault },
      'a document that no master had changed was put back',
    );
  };

  let room = Promise.withResolvers<undefined>();
  let isStopped = false;
  const makeRoom = (): void => {
    room.resolve(undefined);
    room = Promise.withResolvers();
  };

  const loop = startLoop('directory-restorer', log, { intervalMs: EVERY_MS }, async (signal) => {
    const failures: Error[] = [];
    for (const [key, one] of [...waiting]) {
      if (signal.aborted) return;
      if (performance.now() - one.since < settledMs) continue;
      waiting.delete(key);
      await look(one).catch((error: unknown) => {
        failures.push(toCouchError(error));
        // What does not answer may do so later; what was refused is looked at when it changes again.
        if (error instanceof ServiceError) waiting.set(key, { ...one, since: performance.now() });
      });
      if (waiting.size < MAX_WAITING) makeRoom();
    }
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  });

  return {
    ...loop,
    add: async (server, id, fault) => {
      const key = keyOf(server, id);
      while (!waiting.has(key) && waiting.size >= MAX_WAITING && !isStopped) await room.promise;
      if (!waiting.has(key)) waiting.set(key, { server, id, fault, since: performance.now() });
    },
    drop: (server, id) => {
      waiting.delete(keyOf(server, id));
    },
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      makeRoom();
      await loop[Symbol.asyncDispose]();
    },
  };
};
