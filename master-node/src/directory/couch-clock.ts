import {
  CLOCK_DOCUMENT,
  clockDocument,
  createDoubtWatch,
  startLoop,
  type ConfirmedClock,
  type Logger,
  type Loop,
} from '@restante/service-kit';
import { find } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';

const READ_EVERY_MS = 10_000;

/** Reads the confirmed time that the mailbox node of the directory's CouchDB keeps there (law 15). */
export const followConfirmedTime = (servers: CouchServers, clock: ConfirmedClock, log: Logger): Loop => {
  const watchDoubt = createDoubtWatch(clock, log);
  return startLoop('clock', log, { intervalMs: READ_EVERY_MS }, async () => {
    const found = clockDocument.safeParse(await servers.run((database) => find(database, CLOCK_DOCUMENT)));
    if (found.success) clock.set(found.data.confirmedAt);
    watchDoubt();
  });
};
