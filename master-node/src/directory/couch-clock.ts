import {
  CLOCK_DOCUMENT,
  clockDocument,
  couchRequest,
  createDoubtWatch,
  hasStatus,
  startLoop,
  type AgreedTime,
  type ConfirmedClock,
  type Logger,
  type Loop,
} from '@restante/service-kit';
import type { CouchServers, Database } from './couch-servers.ts';

const READ_EVERY_MS = 10_000;

/** Null when the node has kept none. */
const readClock = async ({ couch, about: { node } }: Database): Promise<unknown> => {
  try {
    return await couchRequest(couch, { db: node, path: CLOCK_DOCUMENT });
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
};

/** What a node has confirmed; null when it has kept nothing that is one, or does not answer now. */
const confirmedAt = async (servers: CouchServers, name: string): Promise<number | null> => {
  const found = await servers.on(name, readClock).catch(() => null);
  return clockDocument.safeParse(found).data?.confirmedAt ?? null;
};

/**
 * Reads the confirmed times that the mailbox nodes keep in the directory's CouchDBs (law 15), and goes by the one in the middle, of two by
 * the earlier one: none is trusted alone (law 12).
 */
export const followConfirmedTime = (
  servers: CouchServers,
  clock: ConfirmedClock,
  time: AgreedTime,
  log: Logger,
): Loop => {
  const watchDoubt = createDoubtWatch(clock, time, log);
  return startLoop('clock', log, { intervalMs: READ_EVERY_MS }, async () => {
    const times = await Promise.all(servers.names.map((name) => confirmedAt(servers, name)));
    const known = times.filter((time) => time !== null).sort((a, b) => a - b);
    const middle = known[Math.floor((known.length - 1) / 2)];
    if (middle !== undefined) clock.set(middle);
    watchDoubt();
  });
};
