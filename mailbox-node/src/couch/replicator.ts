import { couchRequest, hasStatus, type CouchServer } from '@restante/service-kit';
import { z } from 'zod';
import type { MeshStep, StoredReplication } from '../mesh/compared.ts';

/** A CouchDB's replicator, with an admin's credentials. Throws as `couchRequest`. */

const rows = z.object({
  rows: z.array(z.object({ doc: z.looseObject({ _id: z.string(), _rev: z.string() }) })),
});
const sequence = z.union([z.string(), z.number()]).transform(String);
const scheduled = z.object({
  docs: z.array(
    z.object({
      doc_id: z.string(),
      state: z.string().nullable(),
      info: z.looseObject({ through_seq: sequence.nullish() }).nullish().catch(null),
    }),
  ),
});

/** What CouchDB's scheduler tells of a job. `through`: how far it is in its peer's changes. */
export type ScheduledJob = { readonly state: string; readonly through: string };

/** The documents whose ids begin so. */
export const readReplications = async (
  admin: CouchServer,
  prefix: string,
): Promise<Map<string, StoredReplication>> => {
  const qs = { startkey: prefix, endkey: `${prefix}~`, include_docs: true };
  const found = rows.parse(await couchRequest(admin, { db: '_replicator', path: '_all_docs', qs }));
  return new Map(found.rows.map(({ doc }) => [doc._id, doc]));
};

/** The jobs by their documents' ids. */
export const readSchedule = async (admin: CouchServer): Promise<Map<string, ScheduledJob>> => {
  const answer = await couchRequest(admin, { path: '_scheduler/docs', qs: { limit: 10_000 } });
  return new Map(
    scheduled
      .parse(answer)
      .docs.map(({ doc_id, state, info }) => [
        doc_id,
        { state: state ?? 'initializing', through: info?.through_seq ?? '0' },
      ]),
  );
};

/**
 * Carries a step out. A job that waits is made to start at once by a fresh document. Somebody else may write the same one at the
 * same moment, CouchDB too: that is no failure, the next look tells.
 */
export const applyStep = async (admin: CouchServer, step: MeshStep): Promise<void> => {
  const { id, action, stored, desired } = step;
  const at = { db: '_replicator', path: encodeURIComponent(id) };
  const unlessChanged = async (write: Promise<unknown>): Promise<void> => {
    await write.catch((error: unknown) => {
      if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
    });
  };
  const isReplaced = action === 'restart' || action === 'remove';
  if (stored !== null && isReplaced) {
    await unlessChanged(couchRequest(admin, { ...at, method: 'DELETE', qs: { rev: stored._rev } }));
  }
  if (desired === null) return;
  const body = stored !== null && !isReplaced ? { ...desired, _rev: stored._rev } : desired;
  await unlessChanged(couchRequest(admin, { ...at, method: 'PUT', body }));
};
