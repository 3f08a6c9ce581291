import { startLoop, type Logger, type Loop } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { faultOf } from './couch-directory-reader.ts';
import { pagesOf, write } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import { parseDirectoryId } from './directory-documents.ts';

/**
 * While earlier keys are accepted, what they have signed is signed again with the key that signs now, so that they can be taken
 * away. Tells how many documents are left: no number before all have been looked at.
 */

const EVERY_MS = 5_000;
/** Between two looks at all documents when the last one found none: a master that has an earlier key still may go on signing. */
const AGAIN_MS = 600_000;
const ALL_DIRECTORY = { start: 'a', end: 'z' };

export const startSigningAgain = (
  servers: CouchServers,
  { log, left }: { readonly log: Logger; readonly left: Metrics['signedEarlier'] },
): Loop => {
  /** Documents of one server that an earlier key has signed. */
  const signAgain = (server: string, signal: AbortSignal): Promise<number> =>
    servers.on(server, async (database) => {
      let found = 0;
      for await (const documents of pagesOf(database, ALL_DIRECTORY)) {
        signal.throwIfAborted();
        for (const { _id, _rev, ...document } of documents) {
          const isOurs = parseDirectoryId(_id) !== null && database.signatures.isByEarlierKey(document);
          if (!isOurs || faultOf(database, _id, { rev: _rev, document }) !== null) continue;
          found += 1;
          await write(database, _id, document, { _rev });
        }
      }
      return found;
    });

  let before: number | null = null;
  let lookedAt = -Infinity;
  left.set(Number.NaN);
  return startLoop('signing-again', log, { intervalMs: EVERY_MS }, async (signal) => {
    if (before === 0 && performance.now() - lookedAt < AGAIN_MS) return;
    let found = 0;
    for (const server of servers.names) found += await signAgain(server, signal);
    left.set(found);
    if (found === 0 && before !== 0)
      log.info({ event: 'directory-signed-again' }, 'no document is signed with an earlier key any more');
    before = found;
    lookedAt = performance.now();
  });
};
