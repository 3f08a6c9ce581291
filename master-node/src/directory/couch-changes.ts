import { CouchError, instanceOf, startLoop, type Logger, type Loop } from '@restante/service-kit';
import { isDeepStrictEqual } from 'node:util';
import { LONG_POLL_MS, type Changes, type CouchServers } from './couch-servers.ts';

const PAGE = 500;
const LONG_POLL = { feed: 'longpoll', timeout: LONG_POLL_MS, limit: PAGE, style: 'all_docs' };
/** What comes in so much time is read at once. */
const GATHER_MS = 100;
/** A place is kept after so many changes: at most these are read twice. */
const KEEP_EVERY = 100;

/** Where a reader has come to at a server, kept beyond its own life. */
export type KeptPlace = {
  /** Of these lives of its databases. Null: everything is to be read. */
  readonly load: (lives: Lives) => Promise<string | null>;
  /** All up to this sequence has been handed on, in these lives. */
  readonly keep: (sequence: string, lives: Lives) => Promise<void>;
};

/** Servers and when their databases were created: one that was made anew has had nothing of what its predecessor had. */
type Lives = ReadonlyMap<string, string>;

/** Throws as `CouchServers.on`. */
const livesOf = async (servers: CouchServers, names: readonly string[]): Promise<Lives> =>
  new Map(
    await Promise.all(
      [...new Set(names)].map(
        async (name) =>
          [name, await servers.on(name, ({ couch, about }) => instanceOf(couch, about.database))] as const,
      ),
    ),
  );

type Rows = Changes['results'];

/** So many documents are read at once: with pages of keys they are some megabytes. */
const PART = 50;

/** The documents of a page of changes, in parts that may be read at once. */
export const partsOf = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / PART) }, (_part, index) =>
    ids.slice(index * PART, (index + 1) * PART),
  );

/**
 * Follows the changes of the directory at whichever server is current, from now on. A server that was followed before is followed
 * from where it was left.
 *
 * `onGap`: changes may have been missed: the feed begins, or goes on at another server. Called before the first row.
 */
export const followCurrent = (
  name: string,
  servers: CouchServers,
  log: Logger,
  { onRow, onGap }: { readonly onRow: (row: Rows[number]) => void; readonly onGap: () => void },
): Loop => {
  const positions = new Map<string, string>();
  let followed: string | null = null;

  return startLoop(name, log, { intervalMs: 20, maxBackoffMs: 1000 }, async (signal) => {
    const server = servers.current();
    if (server !== followed) {
      const { last_seq } = await servers.changes(server, { since: 'now', limit: 1 }, signal);
      positions.set(server, last_seq);
      onGap();
      followed = server;
    }
    const since = positions.get(server) ?? 'now';
    const page = await servers.changes(server, { ...LONG_POLL, since }, signal).catch((error: unknown) => {
      followed = null;
      if (error instanceof CouchError) positions.delete(server);
      throw error;
    });
    for (const row of page.results) onRow(row);
    positions.set(server, page.last_seq);
  });
};

type Reader = {
  readonly server: string;
  /** Another one that the place is of too. */
  readonly to?: string;
  readonly place: KeptPlace;
  /** How long to wait for changes before the place is looked at again. */
  readonly waitMs?: number;
  readonly onRows: (rows: Rows) => Promise<void>;
  /** Everything that was there at this moment has been handed on. */
  readonly onEnd?: (lives: Lives) => Promise<void>;
};

/** Reads all changes of the directory at one server, each document with all its leaves, from the place that was kept. */
export const readChanges = (
  name: string,
  servers: CouchServers,
  log: Logger,
  { server, to = server, place, waitMs = LONG_POLL_MS, onRows, onEnd }: Reader,
): Loop => {
  /** Null: the kept place is to be looked at, which is so after a failure too. */
  let at: { readonly sequence: string; readonly lives: Lives } | null = null;
  let unkept = 0;

  return startLoop(name, log, { intervalMs: GATHER_MS, maxBackoffMs: 1000 }, async (signal) => {
    const lives = await livesOf(servers, [server, to]);
    const known = at !== null && isDeepStrictEqual(at.lives, lives) ? at : null;
    at = null;
    const since = known?.sequence ?? (await place.load(lives)) ?? '0';
    // The first page comes at once, however little there is.
    const query = known === null ? { limit: PAGE, style: 'all_docs' } : { ...LONG_POLL, timeout: waitMs };
    const { results, last_seq } = await servers.changes(server, { ...query, since }, signal);
    if (results.length > 0) await onRows(results);
    unkept += results.length;
    if (unkept >= KEEP_EVERY) {
      await place.keep(last_seq, lives);
      unkept = 0;
    }
    if (results.length < PAGE) await onEnd?.(lives);
    at = { sequence: last_seq, lives };
  });
};
