import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AccountId, Username } from '@restante/protocol';
import {
  pseudonym,
  readCheckpoint,
  ServiceError,
  writeCheckpoint,
  type Logger,
  type Loop,
  type SetAside,
} from '@restante/service-kit';
import { z } from 'zod';
import type { Metrics } from '../metrics.ts';
import { followChanges, type KeptPlaces } from './couch-changes.ts';
import { DIRECTORY, type DirectoryFault, type DirectoryReader } from './couch-directory-reader.ts';
import { leavesOf, removeAll, write, writeRevisions } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import { displacedUsernames, judge, type Leaf, type Resolution } from './directory-conflicts.ts';
import {
  isDirectoryDocument,
  isRemoval,
  parseDirectoryId,
  usernameDocumentId,
  type UsernameDocument,
} from './directory-documents.ts';

/**
 * Resolves conflicts of the directory as they come up, and at its start those that have come since the place that was kept. Any
 * number of masters may do so at once, and keep that place: all find the same winner, every step can be done twice, and the losing
 * leaves go last. When no leaf is what it should be the conflict stays, is told, and is looked at again at each start.
 * Each resolution leaves a document `conflict:<time>:<hash>` that is the same whoever writes it.
 */

const CHECKPOINT = 'conflicts-resolved';
const checkpoint = z.object({ unresolved: z.array(z.string()) });
/** Conflicts that stay are kept with the place. While there are more it is not kept: the next start looks at all. */
const MAX_UNRESOLVED = 1_000;

type Resolved = { readonly strategy: string; readonly leaves: readonly Leaf<object>[] } & Resolution;

/** The newest time in the leaves: when the conflict came to be, as far as one can say. */
const timeOf = (leaves: readonly Leaf<object>[]): number =>
  Math.max(
    0,
    ...leaves.flatMap(({ document }) =>
      Object.entries(document ?? {}).flatMap(([key, value]) =>
        (key === 'createdAt' || key === 'updatedAt') && Number.isSafeInteger(value) ? [Number(value)] : [],
      ),
    ),
  );

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const recordOf = (documentId: string, kind: string, resolved: Resolved) => {
  const { strategy, winner, losers, leaves } = resolved;
  const body = { kind, documentId, strategy, winner, losers: [...losers].sort() };
  const time = String(timeOf(leaves)).padStart(13, '0');
  const hash = sha256(JSON.stringify(body));
  return { _id: `conflict:${time}:${hash.slice(0, 12)}`, _rev: `1-${hash.slice(0, 32)}`, ...body };
};

type Options = {
  readonly log: Logger;
  readonly resolved: Metrics['conflicts'];
  readonly reader: DirectoryReader;
  readonly setAside: SetAside<DirectoryFault>;
};

export const startConflictResolver = (
  servers: CouchServers,
  { log, resolved: counter, reader, setAside }: Options,
): Loop => {
  const unresolved = new Set<string>();

  /** Gives an account that lost its username another one. */
  const displace = async (account: AccountId, username: Username, createdAt: number): Promise<void> => {
    await servers.run(async (database) => {
      const document = await reader.account(database, account);
      if (!document || isRemoval(document) || document.username !== username) return;
      for (const name of displacedUsernames(username, account)) {
        const id = usernameDocumentId(name);
        const isOurs =
          (await write(database, id, { accountId: account, createdAt })) ||
          (await reader.username(database, name))?.accountId === account;
        if (!isOurs) continue;
        const updatedAt = document.updatedAt + 1;
        const isWritten = await write(
          database,
          document._id,
          { ...document, username: name, updatedAt },
          document,
        );
        if (isWritten) return;
        throw new ServiceError('unavailable', 'an account changed while it was renamed');
      }
      throw new Error('no name is free for an account that lost its own');
    });
  };

  const displaceLosers = async (username: Username, { leaves, winner, losers }: Resolved): Promise<void> => {
    const document = (rev: string | null): UsernameDocument | null => {
      const found = leaves.find((leaf) => leaf.rev === rev)?.document ?? null;
      return found !== null && isDirectoryDocument(usernameDocumentId(username), found)
        ? (found as UsernameDocument)
        : null;
    };
    const kept = document(winner)?.accountId;
    for (const rev of losers) {
      const loser = document(rev);
      if (loser && loser.accountId !== kept) await displace(loser.accountId, username, loser.createdAt);
    }
  };

  /** False when it has changed meanwhile: that comes as a change of its own. */
  const merge = async (id: string, { merged, winner, leaves }: Resolved): Promise<boolean> => {
    if (merged === undefined) return true;
    const held = new Map(Object.entries(leaves.find(({ rev }) => rev === winner)?.document ?? {}));
    const isHeld = Object.entries(merged).every(([field, value]) =>
      isDeepStrictEqual(held.get(field), value),
    );
    if (isHeld) return true;
    return servers.run((database) => write(database, id, merged, { _rev: winner }));
  };

  const resolve = async (id: string): Promise<void> => {
    const about = parseDirectoryId(id);
    if (about === null) return;
    const leaves = await servers.run((database) => leavesOf(database, id));
    const verdict = judge(about.kind, leaves, (leaf) => isDirectoryDocument(id, leaf));
    if (verdict.name === 'unresolvable') {
      setAside.note(DIRECTORY, id, 'unresolvable');
      unresolved.add(id);
    }
    if (verdict.name !== 'resolved') return;
    const resolved = { strategy: verdict.strategy, leaves, ...verdict.resolution };
    if (about.kind === 'username') await displaceLosers(about.username, resolved);
    if (!(await merge(id, resolved))) return;
    await servers.run((database) => writeRevisions(database, [recordOf(id, about.kind, resolved)]));
    const removed = await servers.run((database) =>
      removeAll(
        database,
        resolved.losers.map((rev) => ({ id, rev })),
      ),
    );
    if (removed === 0) return;
    counter.inc({ kind: about.kind }, removed);
    log.warn(
      {
        event: 'conflict-resolved',
        kind: about.kind,
        strategy: resolved.strategy,
        document: pseudonym(id),
        losers: removed,
      },
      'contradicting revisions were resolved',
    );
  };

  const look = async (id: string): Promise<void> => {
    try {
      await resolve(id);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      unresolved.add(id);
      log.error(
        { event: 'conflict-unresolved', document: pseudonym(id), err: error },
        'a conflict could not be resolved',
      );
    }
  };

  const places: KeptPlaces = {
    load: async (server) => {
      const kept = await servers.on(server, (couch, about) =>
        readCheckpoint(couch, about, CHECKPOINT, checkpoint),
      );
      if (kept === null || !kept.isSound) return null;
      for (const id of kept.value.unresolved) await look(id);
      return kept.sequence;
    },
    keep: async (server, sequence) => {
      if (unresolved.size > MAX_UNRESOLVED) return;
      const value = { unresolved: [...unresolved] };
      await servers.on(server, (couch, about) =>
        writeCheckpoint(couch, about, CHECKPOINT, { sequence, value }),
      );
    },
  };

  return followChanges('conflict-resolver', servers, log, {
    from: places,
    onRow: async ({ id, changes }) => {
      setAside.clear(DIRECTORY, id);
      unresolved.delete(id);
      if (changes.length > 1) await look(id);
    },
  });
};
