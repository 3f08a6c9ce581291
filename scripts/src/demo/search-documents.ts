import { connectCouch, couchRequest } from '@restante/service-kit';
import { z } from 'zod';
import type { MeshNode } from '../mesh/mesh-node.ts';
import { contains, type Marker } from './marker.ts';

const PAGE = 200;
const TIMEOUT_MS = 30_000;

const page = z.object({ rows: z.array(z.object({ id: z.string(), doc: z.unknown() })) });

/** Reads every document of a database as CouchDB gives it. Resolves with the ids of those that hold the marker. */
export const searchDocuments = async (
  { adminUrl }: MeshNode,
  database: string,
  marker: Marker,
): Promise<string[]> => {
  await using server = connectCouch(adminUrl, TIMEOUT_MS);
  const found: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { rows } = page.parse(
      await couchRequest(server, {
        db: database,
        path: '_all_docs',
        qs: { include_docs: true, limit: PAGE, ...(after !== undefined && { startkey: `${after}\u0000` }) },
      }),
    );
    for (const { id, doc } of rows) {
      if (contains(Buffer.from(JSON.stringify(doc)), marker)) found.push(id);
    }
    if (rows.length < PAGE) return found;
    after = rows.at(-1)?.id;
  }
};
