import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AccountId, Username } from '@restante/protocol';
import { pseudonym, type Logger } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { faultOf, type DirectoryReader } from './couch-directory-reader.ts';
import { removeAll, write, writeRevisions } from './couch-documents.ts';
import type { CouchServers, Database } from './couch-servers.ts';
import { heldBy, type Updates } from './couch-updates.ts';
import { displacedUsernames, holderOf, judge, type Leaf, type Resolution } from './directory-conflicts.ts';
import { isRemoval, parseDirectoryId, usernameDocumentId, type LiveUsername } from './directory-documents.ts';

/**
 * Resolves the conflicts of a document at one CouchDB of the directory. Any number of masters may do so at once, at each of the
 * CouchDBs: all find the same winner, every step can be done twice, and the losing leaves go last. Each resolution leaves a
 * document `conflict:<time>:<hash>` that is the same whoever writes it.
 */

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
  readonly updates: Updates;
};

export type ConflictResolver = {
  /** Resolves what contradicts in these leaves of a document at a server. `unresolvable`: none of them is what it should be. */
  readonly resolve: (
    server: string,
    id: string,
    leaves: readonly Leaf<object>[],
  ) => Promise<'agreed' | 'resolved' | 'unresolvable'>;
};

export const createConflictResolver = (
  servers: CouchServers,
  { log, resolved: counter, reader, updates }: Options,
): ConflictResolver => {
  const isHeldBy = async (name: Username, account: AccountId): Promise<boolean> => {
    const answers = await servers.askWhereUp((database) => reader.username(database, name));
    const holder = heldBy(answers, holderOf)?.answer;
    return holder !== undefined && !isRemoval(holder) && holder.accountId === account;
  };

  /** Gives an account that lost its username another one. */
  const displace = async (account: AccountId, username: Username, createdAt: number): Promise<void> => {
    for (const name of displacedUsernames(username, account)) {
      const id = usernameDocumentId(name);
      const isOurs =
        (await servers.run((database) => write(database, id, { accountId: account, createdAt }))) !== null ||
        (await isHeldBy(name, account));
      if (!isOurs) continue;
      await updates.account(account, (current, updatedAt) =>
        current.username === username ? { ...current, username: name, updatedAt } : current,
      );
      return;
    }
    throw new Error('no name is free for an account that lost its own');
  };

  /** Whether an account goes by a username that another one has. */
  const goesBy = async (account: AccountId, username: Username): Promise<boolean> => {
    const current = await updates.account(account, (same) => same);
    return current?.before.username === username;
  };

  const displaceLosers = async (
    database: Database,
    username: Username,
    { leaves, winner, losers }: Resolved,
  ): Promise<void> => {
    const id = usernameDocumentId(username);
    const holder = (rev: string): LiveUsername | null => {
      const document = leaves.find((leaf) => leaf.rev === rev)?.document ?? null;
      if (document === null || faultOf(database, id, { rev, document }) !== null) return null;
      return isRemoval(document) ? null : (document as LiveUsername);
    };
    const kept = holder(winner)?.accountId;
    for (const rev of losers) {
      const loser = holder(rev);
      if (loser && loser.accountId !== kept && (await goesBy(loser.accountId, username)))
        await displace(loser.accountId, username, loser.createdAt);
    }
  };

  /** False when it has changed meanwhile: that comes as a change of its own. */
  const merge = async (
    database: Database,
    id: string,
    { merged, winner, leaves }: Resolved,
  ): Promise<boolean> => {
    if (merged === undefined) return true;
    const held = new Map(Object.entries(leaves.find(({ rev }) => rev === winner)?.document ?? {}));
    const isHeld = Object.entries(merged).every(([field, value]) =>
      isDeepStrictEqual(held.get(field), value),
    );
    if (isHeld) return true;
    return (await write(database, id, merged, { _rev: winner })) !== null;
  };

  return {
    resolve: async (server, id, leaves) => {
      const about = parseDirectoryId(id);
      if (about === null) return 'agreed';
      const verdict = await servers.on(server, (database) =>
        Promise.resolve(judge(about.kind, leaves, (leaf) => faultOf(database, id, leaf) === null)),
      );
      if (verdict.name !== 'resolved') return verdict.name;
      const resolved = { strategy: verdict.strategy, leaves, ...verdict.resolution };
      await servers.on(server, async (database) => {
        if (about.kind === 'username') await displaceLosers(database, about.username, resolved);
        if (!(await merge(database, id, resolved))) return;
        await writeRevisions(database, [recordOf(id, about.kind, resolved)]);
        const removed = await removeAll(
          database,
          resolved.losers.map((rev) => ({ id, rev })),
        );
        if (removed === 0) return;
        counter.inc({ kind: about.kind }, removed);
        log.warn(
          {
            event: 'conflict-resolved',
            server,
            kind: about.kind,
            strategy: resolved.strategy,
            document: pseudonym(id),
            losers: removed,
          },
          'contradicting revisions were resolved',
        );
      });
      return 'resolved';
    },
  };
};
