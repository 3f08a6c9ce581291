import {
  CLOCK_DOCUMENT,
  clockDocument,
  couchRequest,
  createDoubtWatch,
  hasStatus,
  startLoop,
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

/** Reads the confirmed time that the mailbox node of the directory's CouchDB keeps there (law 15). */
export const followConfirmedTime = (servers: CouchServers, clock: ConfirmedClock, log: Logger): Loop => {
  const watchDoubt = createDoubtWatch(clock, log);
  return startLoop('clock', log, { intervalMs: READ_EVERY_MS }, async () => {
    const found = clockDocument.safeParse(await servers.on(servers.current(), readClock));
    if (found.success) clock.set(found.data.confirmedAt);
    watchDoubt();
  });
};
