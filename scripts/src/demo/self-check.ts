import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectCouch, couchRequest } from '@restante/service-kit';
import { couchEnvironment, createClusterProcess, SCRIPTS, withCredentials } from '../cluster/index.ts';
import { markerOf, type Marker } from './marker.ts';
import { searchFiles } from './search-files.ts';

/**
 * A search that finds nothing proves something only if it would find what is there. So markers are planted in a
 * scratch database of the same engine, which is then closed and opened again: that moves them from LevelDB's plain
 * log into its compressed tables.
 */

const DOCUMENTS = 200;
const FILLER_BYTES = 600;
const DATABASE = 'scratch';

/** A field of each form that a leak could have: plain text, or base64 with the text at each alignment. */
const FORMS: readonly ((text: string) => string)[] = [
  (text) => text,
  ...[0, 1, 2].map((before) => (text: string) => {
    const bytes = Buffer.concat([randomBytes(99 + before), Buffer.from(text), randomBytes(FILLER_BYTES)]);
    return bytes.toString('base64');
  }),
];

/** Resolves with whether the search finds a planted marker in every form. */
export const checkSearch = async (dir: string): Promise<boolean> => {
  mkdirSync(dir, { recursive: true });
  const admin = { user: 'admin', password: randomBytes(24).toString('base64url') };
  const couch = createClusterProcess({
    name: 'scratch',
    script: SCRIPTS.couch,
    port: 0,
    environment: (port) => couchEnvironment(port, join(dir, 'data'), admin),
    readyPath: '/_up',
    logFile: join(dir, 'scratch.log'),
    onExit: () => undefined,
  });
  const planted: readonly Marker[] = FORMS.map(() => markerOf(`planted-${randomBytes(12).toString('hex')}`));
  try {
    await couch.start();
    {
      await using server = connectCouch(withCredentials(couch.url, admin), 10_000);
      await couchRequest(server, { db: DATABASE, method: 'PUT' });
      const docs = Array.from({ length: DOCUMENTS }, (_, number) => ({
        _id: `planted:${number}`,
        forms: planted.map(({ text }, form) => FORMS[form]?.(`${text} in message ${number}`)),
      }));
      await couchRequest(server, { db: DATABASE, path: '_bulk_docs', method: 'POST', body: { docs } });
    }
    await couch.restart();
    {
      await using server = connectCouch(withCredentials(couch.url, admin), 10_000);
      await couchRequest(server, { db: DATABASE });
    }
  } finally {
    await couch.kill();
  }
  const found = await Promise.all(planted.map((marker) => searchFiles(join(dir, 'data'), marker)));
  return found.every((files) => files.length > 0);
};
