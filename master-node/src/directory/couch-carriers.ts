import {
  CAUGHT_UP,
  couchRequest,
  instanceOf,
  readCheckpoint,
  readCaughtUp,
  readKept,
  startLoop,
  writeCheckpoint,
  writeKept,
  type Logger,
  type Loop,
} from '@restante/service-kit';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { partsOf, readChanges, type KeptPlace } from './couch-changes.ts';
import { faultOf } from './couch-directory-reader.ts';
import { historyOf, toLeaf, withHistories, writeRevisions, type LeafWithHistory } from './couch-documents.ts';
import type { CouchServers, Database } from './couch-servers.ts';
import { keeps, liveOf, saysMore } from './directory-conflicts.ts';
import { parseDirectoryId } from './directory-documents.ts';

/**
 * Masters carry the directory from each CouchDB to each other one. They carry what a master has signed, and of that only what the
 * other does not know better: who writes at one CouchDB changes nothing at the others (law 12). Any number of masters may do so at
 * once: what is there already is not written again.
 */

/** The leaves of these documents that are what they should be, with their histories. */
export const readSigned = async (database: Database, ids: readonly string[]): Promise<LeafWithHistory[]> => {
  const found = await withHistories(database, ids);
  return [...found].flatMap(([id, leaves]) => {
    if (parseDirectoryId(id) === null) return [];
    return leaves.filter((leaf) =>
      liveOf([toLeaf(leaf)]).some((live) => faultOf(database, id, live) === null),
    );
  });
};

/** No CouchDB of ours keeps a longer history of a document. */
const MAX_HISTORY = 100;

/** What a leaf brings to another CouchDB: what is signed of it, with its history or as a branch of its own. */
const broughtBy = (leaf: LeafWithHistory, withHistory: boolean): LeafWithHistory => {
  const { _id, _rev, _revisions } = leaf;
  const content = Object.entries(leaf).filter(([field]) => !field.startsWith('_'));
  const history = _revisions && { start: _revisions.start, ids: _revisions.ids.slice(0, MAX_HISTORY) };
  return {
    ...Object.fromEntries(content),
    _id,
    _rev,
    ...(withHistory && history ? { _revisions: history } : {}),
  };
};

/**
 * Takes in signed leaves: those that follow on what is here, or say what nothing here does. A history is not signed: a leaf takes
 * the place only of what it takes nothing back of, whatever its history says.
 */
export const receive = async (database: Database, leaves: readonly LeafWithHistory[]): Promise<void> => {
  const here = await withHistories(database, [...new Set(leaves.map(({ _id }) => _id))]);
  const taken: LeafWithHistory[] = [];
  for (const leaf of leaves) {
    const kind = parseDirectoryId(leaf._id)?.kind;
    const [live] = liveOf([toLeaf(leaf)]);
    const known = here.get(leaf._id) ?? [];
    if (!kind || !live || known.some((one) => historyOf(one).includes(leaf._rev))) continue;
    const held = liveOf(known.map(toLeaf)).filter((one) => faultOf(database, leaf._id, one) === null);
    const history = historyOf(leaf);
    const replaced = held.filter(({ rev }) => history.includes(rev));
    const keepsAll = replaced.every((one) => keeps(kind, one, live));
    const follows = replaced.length > 0 && keepsAll;
    if (!follows && !saysMore(kind, held, live)) continue;
    const brought = broughtBy(leaf, keepsAll);
    taken.push(brought);
    here.set(leaf._id, [...known, brought]);
  }
  await writeRevisions(database, taken);
};

/** An idle carrier looks so often whether the other database is still the one that it was. */
const WAIT_MS = 2_000;
const ALONE_EVERY_MS = 1_000;

/** `life`: when the other database was created. */
const placeAtSource = z.object({ life: z.string() });
const placeAtTarget = z.object({ life: z.string(), source: z.string() });

/**
 * How far one CouchDB's directory has been carried to another. The place holds for both databases: each keeps it, and when one of
 * them was lost or put back all is carried again, or all since the earlier of the two places.
 */
const carriedPlace = (servers: CouchServers, from: string, to: string): KeptPlace => {
  const atSource = `carried-to-${to}`;
  const atTarget = `carried-from-${from}`;
  return {
    load: async (lives) => {
      const [source, target] = await Promise.all([
        servers.on(from, ({ couch, about }) => readCheckpoint(couch, about, atSource, placeAtSource)),
        servers.on(to, ({ couch, about }) => readCheckpoint(couch, about, atTarget, placeAtTarget)),
      ]);
      if (source?.isSound !== true || target?.isSound !== true) return null;
      if (source.value.life !== lives.get(to) || target.value.life !== lives.get(from)) return null;
      // Another master may have kept one of the two since.
      return [source.sequence, target.value.source].reduce((a, b) =>
        Number.parseInt(b, 10) < Number.parseInt(a, 10) ? b : a,
      );
    },
    keep: async (sequence, lives) => {
      await servers.on(to, async ({ couch, about }) => {
        const info = (await couchRequest(couch, { db: about.database })) as {
          readonly update_seq: string | number;
        };
        const value = { life: lives.get(from), source: sequence };
        const place = { sequence: String(info.update_seq), value };
        await writeCheckpoint(couch, about, atTarget, place, lives.get(to));
      });
      await servers.on(from, ({ couch, about }) =>
        writeCheckpoint(
          couch,
          about,
          atSource,
          { sequence, value: { life: lives.get(to) } },
          lives.get(from),
        ),
      );
    },
  };
};

/** Name of what is kept of a directory that has everything that this server had. */
const filledFrom = (server: string): string => `filled-from-${server}`;

/** A note that is there is looked for again after this time: the node's own database may be lost too. */
const LOOK_AGAIN_MS = 60_000;
const MAX_NOTED = 1_000;

/**
 * Notes at a server what it has been filled with: each note by itself, as several masters do so at once, and that it is complete when
 * all are there.
 */
const createCaughtUpNotes = (servers: CouchServers) => {
  const noted = new LRUCache<string, string>({ max: MAX_NOTED, ttl: LOOK_AGAIN_MS });

  /** That `to` has everything that these servers had, at some time in this life of its directory. */
  return async (to: string, from: readonly string[], life: string): Promise<void> => {
    const pair = [...from, to].join(' ');
    if (noted.get(pair) === life) return;
    const others = servers.names.filter((name) => name !== to);
    await servers.on(to, async ({ couch, about }) => {
      if ((await readCaughtUp(couch, about))?.isComplete === true) return;
      for (const name of from) await writeKept(couch, about, filledFrom(name), {}, life);
      for (const name of others) {
        if ((await readKept(couch, about, filledFrom(name), z.object({}))) === null) return;
      }
      await writeKept(couch, about, CAUGHT_UP, { peers: others, isComplete: true }, life);
    });
    noted.set(pair, life);
  };
};

export const startCarriers = (servers: CouchServers, log: Logger): Loop[] => {
  const note = createCaughtUpNotes(servers);

  const start = (from: string, to: string): Loop =>
    readChanges(`carry ${from} ${to}`, servers, log, {
      server: from,
      to,
      place: carriedPlace(servers, from, to),
      waitMs: WAIT_MS,
      onRows: async (rows) => {
        const revisions = Object.fromEntries(
          rows
            .filter(({ id }) => parseDirectoryId(id) !== null)
            .map(({ id, changes }) => [id, changes.map(({ rev }) => rev)]),
        );
        if (Object.keys(revisions).length === 0) return;
        const missing = Object.keys(await servers.on(to, (database) => database.missing(revisions)));
        for (const ids of partsOf(missing)) {
          const leaves = await servers.on(from, (database) => readSigned(database, ids));
          await servers.on(to, (database) => receive(database, leaves));
        }
      },
      onEnd: (lives) => note(to, [from], lives.get(to) ?? ''),
    });

  const { names } = servers;
  const [only] = names;
  if (only !== undefined && names.length === 1) {
    const noteAlone = async (): Promise<void> => {
      const life = await servers.on(only, ({ couch, about }) => instanceOf(couch, about.database));
      await note(only, [], life);
    };
    return [startLoop('carry', log, { intervalMs: ALONE_EVERY_MS }, noteAlone)];
  }
  return names.flatMap((from) => names.flatMap((to) => (from === to ? [] : [start(from, to)])));
};
