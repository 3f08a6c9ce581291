import {
  CLOCK_DOCUMENT,
  clockDocument,
  hasStatus,
  couchRequest,
  type CouchServer,
} from '@restante/service-kit';
import { withAdmin, type MeshNode } from '../mesh/mesh-node.ts';

const read = async (
  server: CouchServer,
  db: string,
): Promise<{ confirmedAt: number; rev: string } | null> => {
  try {
    const found = clockDocument.safeParse(await couchRequest(server, { db, path: CLOCK_DOCUMENT }));
    return found.success ? { confirmedAt: found.data.confirmedAt, rev: found.data._rev } : null;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
};

/** The confirmed time of a node, which it keeps in its own database; null when it has written none. Throws as `couchRequest`. */
export const readConfirmedTime = (node: MeshNode, database: string): Promise<number | null> =>
  withAdmin(node, async (server) => (await read(server, database))?.confirmedAt ?? null);

/** Says to a node what time it is, whatever it has confirmed. Throws as `couchRequest`. */
export const writeConfirmedTime = (node: MeshNode, database: string, confirmedAt: number): Promise<void> =>
  withAdmin(node, async (server) => {
    const found = await read(server, database);
    const body = found === null ? { confirmedAt } : { confirmedAt, _rev: found.rev };
    await couchRequest(server, { db: database, path: CLOCK_DOCUMENT, method: 'PUT', body });
  });
