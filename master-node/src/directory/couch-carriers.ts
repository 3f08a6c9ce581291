import {
  CAUGHT_UP_DOCUMENT,
  caughtUpDocument,
  couchRequest,
  readCheckpoint,
  startLoop,
  writeCheckpoint,
  type Logger,
  type Loop,
} from '@restante/service-kit';
import { z } from 'zod';
import { instanceOf, readChanges, type KeptPlace } from './couch-changes.ts';
import { faultOf } from './couch-directory-reader.ts';
import { find, historyOf, toLeaf, withHistories, writeRevisions, type Found } from './couch-documents.ts';
import type { CouchServers, Database } from './couch-servers.ts';
import { liveOf, saysMore } from './directory-conflicts.ts';
import { parseDirectoryId } from './directory-documents.ts';

/**
 * Masters carry the directory from each CouchDB to each other one. They carry what a master has signed, and of that only what the
 * other does not know better: who writes at one CouchDB changes nothing at the others (law 12). Any number of masters may do so at
 * once: what is there already is not written again.
 */

export type SignedLeaf = Found<object>;

/** The leaves of these documents that are what they should be, with their histories. */
export const readSigned = async (database: Database, ids: readonly string[]): Promise<SignedLeaf[]> => {
  const found = await withHistories(database, ids);
  return [...found].flatMap(([id, leaves]) => {
    if (parseDirectoryId(id) === null) return [];
    return leaves.filter((leaf) =>
      liveOf([toLeaf(leaf)]).some((live) => faultOf(database, id, live) === null),
    );
  });
};

/** Takes in signed leaves: those that follow on what is here, or say what nothing here does. */
export const receive = async (database: Database, leaves: readonly SignedLeaf[]): Promise<void> => {
  const here = await withHistories(database, [...new Set(leaves.map(({ _id }) => _id))]);
  const taken: SignedLeaf[] = [];
  for (const leaf of leaves) {
    const kind = parseDirectoryId(leaf._id)?.kind;
    const [live] = liveOf([toLeaf(leaf)]);
    const known = here.get(leaf._id) ?? [];
    if (!kind || !live || known.some((one) => historyOf(one).includes(leaf._rev))) continue;
    const held = liveOf(known.map(toLeaf)).filter((one) => faultOf(database, leaf._id, one) === null);
    const history = historyOf(leaf);
    const follows = held.some(({ rev }) => history.includes(rev));
    if (!follows && !saysMore(kind, held, live)) continue;
    taken.push(leaf);
    here.set(leaf._id, [...known, leaf]);
  }
  await writeRevisions(database, taken);
};

/** An idle carrier looks so often whether the other database is still the one that it was. */
const WAIT_MS = 2_000;
const ALONE_EVERY_MS = 1_000;

const placeAtTarget = z.object({ source: z.string() });

/**
 * How far one CouchDB's directory has been carried to another. The place holds for both databases: each keeps it, and when one of
 * them was lost or put back all is carried again.
 */
const carriedPlace = (servers: CouchServers, from: string, to: string): KeptPlace => {
  const atSource = `_local/restante-carried-to-${to}`;
  const atTarget = `_local/restante-carried-from-${from}`;
  return {
    load: async () => {
      const [source, target] = await Promise.all([
        servers.on(from, ({ couch, name }) => readCheckpoint(couch, name, atSource, z.object({}))),
        servers.on(to, ({ couch, name }) => readCheckpoint(couch, name, atTarget, placeAtTarget)),
      ]);
      const isSound = source?.isSound === true && target?.isSound === true;
      return isSound && target.value.source === source.sequence ? source.sequence : null;
    },
    keep: async (sequence) => {
      await servers.on(to, async ({ couch, name }) => {
        const info = (await couchRequest(couch, { db: name })) as { readonly update_seq: string | number };
        const value = { source: sequence };
        await writeCheckpoint(couch, name, atTarget, { sequence: String(info.update_seq), value });
      });
      await servers.on(from, ({ couch, name }) =>
        writeCheckpoint(couch, name, atSource, { sequence, value: {} }),
      );
    },
    instance: async () =>
      (await Promise.all([from, to].map((server) => instanceOf(servers, server)))).join(' '),
  };
};

/** Notes at a server what it has been filled with. */
const createCaughtUpNotes = (servers: CouchServers) => {
  const noted = new Map<string, string>();
  const turns = new Map<string, Promise<void>>();

  const write = (to: string, from: string | null): Promise<void> =>
    servers.on(to, async (database) => {
      const document = await find<object>(database, CAUGHT_UP_DOCUMENT);
      const known = caughtUpDocument.safeParse(document).data;
      const peers = [...new Set([...(known?.peers ?? []), ...(from === null ? [] : [from])])];
      const others = servers.names.filter((name) => name !== to);
      const isComplete = known?.isComplete === true || others.every((name) => peers.includes(name));
      if (known?.isComplete === isComplete && known.peers.length === peers.length) return;
      const body = { peers, isComplete, ...(document ? { _rev: document._rev } : {}) };
      const request = { db: database.name, path: CAUGHT_UP_DOCUMENT, method: 'PUT', body } as const;
      await couchRequest(database.couch, request);
    });

  /** That `to` has everything that `from` had, at some time since it was created; null: that there is no other. */
  return async (to: string, from: string | null): Promise<void> => {
    const instance = await instanceOf(servers, to);
    const pair = `${from ?? ''} ${to}`;
    if (noted.get(pair) === instance) return;
    const turn = (turns.get(to) ?? Promise.resolve()).catch(() => undefined).then(() => write(to, from));
    turns.set(to, turn);
    await turn;
    noted.set(pair, instance);
  };
};

export const startCarriers = (servers: CouchServers, log: Logger): Loop[] => {
  const note = createCaughtUpNotes(servers);

  const start = (from: string, to: string): Loop =>
    readChanges(`carry ${from} ${to}`, servers, log, {
      server: from,
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
        if (missing.length === 0) return;
        const leaves = await servers.on(from, (database) => readSigned(database, missing));
        await servers.on(to, (database) => receive(database, leaves));
      },
      onEnd: () => note(to, from),
    });

  const { names } = servers;
  const [only] = names;
  if (only !== undefined && names.length === 1)
    return [startLoop('carry', log, { intervalMs: ALONE_EVERY_MS }, () => note(only, null))];
  return names.flatMap((from) => names.flatMap((to) => (from === to ? [] : [start(from, to)])));
};
