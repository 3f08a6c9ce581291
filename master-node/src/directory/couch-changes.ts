import { CouchError, startLoop, type Logger, type Loop } from '@restante/service-kit';
import { LONG_POLL_MS, type Changes, type CouchServers } from './couch-servers.ts';

const PAGE = 500;
/** A place is kept after so many changes: at most these are read twice. */
const KEEP_EVERY = 100;

/** Where a follower has come to at each server, kept beyond its own life. */
export type KeptPlaces = {
  /** Null: everything is to be read. */
  readonly load: (server: string) => Promise<string | null>;
  /** All up to this sequence has been handed on. */
  readonly keep: (server: string, sequence: string) => Promise<void>;
};

type Follower = {
  /** `now`: only what comes from here on. Otherwise what has come since the place that was kept. */
  readonly from: 'now' | KeptPlaces;
  readonly onRow: (row: Changes['results'][number]) => void | Promise<void>;
  /** Changes may have been missed: the feed begins, or goes on at another server. Called before the first row. */
  readonly onGap?: () => void;
};

/**
 * Follows the changes of the directory at whichever server is current, each document with all its leaves. A server
 * that was followed before is followed from where it was left.
 */
export const followChanges = (
  name: string,
  servers: CouchServers,
  log: Logger,
  { from, onRow, onGap }: Follower,
): Loop => {
  const positions = new Map<string, string>();
  let followed: string | null = null;
  let unkept = 0;

  return startLoop(name, log, { intervalMs: 20, maxBackoffMs: 1000 }, async (signal) => {
    const server = servers.current();
    if (server !== followed) {
      if (from === 'now') {
        const { last_seq } = await servers.changes(server, { since: 'now', limit: 1 }, signal);
        positions.set(server, last_seq);
      } else if (!positions.has(server)) {
        const kept = await from.load(server);
        if (kept !== null) positions.set(server, kept);
      }
      onGap?.();
      followed = server;
    }
    const query = { feed: 'longpoll', timeout: LONG_POLL_MS, limit: PAGE, style: 'all_docs' };
    const since = positions.get(server) ?? '0';
    const page = await servers.changes(server, { ...query, since }, signal).catch((error: unknown) => {
      followed = null;
      if (error instanceof CouchError) positions.delete(server);
      throw error;
    });
    for (const row of page.results) {
      if (signal.aborted) return;
      await onRow(row);
    }
    positions.set(server, page.last_seq);
    unkept += page.results.length;
    if (from === 'now' || unkept < KEEP_EVERY) return;
    await from.keep(server, page.last_seq);
    unkept = 0;
  });
};
