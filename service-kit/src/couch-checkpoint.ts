import { z } from 'zod';
import { couchRequest } from './couch-request.ts';
import { CouchError, hasStatus, type CouchServer } from './couch.ts';
import { readKept, writeKept, type About } from './kept-about.ts';

/**
 * How far a reader of a database's changes has come, as the node keeps it. Such a place may lie when a disk was put back, in whole
 * or in part, or a document was copied: then all is to be read again.
 */
export type Checkpoint<T> = {
  readonly sequence: string;
  readonly value: T;
  /** Whether it fits the database as it is now. */
  readonly isSound: boolean;
};

const count = z.int().nonnegative();
const place = z.object({
  sequence: z.string(),
  /** Documents, deleted ones too, that were there when everything up to `sequence` had been read. None ever goes. */
  documents: count,
});
const sequence = z.union([z.string(), z.number()]).transform(String);
const info = z.object({
  update_seq: sequence,
  doc_count: count,
  doc_del_count: count,
});
const rest = z.object({ pending: count });

const lookAt = async (server: CouchServer, db: string) => {
  const { update_seq, doc_count, doc_del_count } = info.parse(await couchRequest(server, { db }));
  return { last: update_seq, documents: doc_count + doc_del_count };
};

/** The number that a sequence begins with; sequences are opaque otherwise. */
const numberOf = (text: string): number => Number.parseInt(text, 10);

/** How many documents have changed after a place; null when CouchDB does not know the place. */
const changesAfter = async (server: CouchServer, db: string, since: string): Promise<number | null> => {
  try {
    const request = { db, path: '_changes', qs: { since, limit: 0 } };
    return rest.parse(await couchRequest(server, request)).pending;
  } catch (error) {
    if (error instanceof CouchError && !hasStatus(error, 404)) return null;
    throw error;
  }
};

const isSound = async (server: CouchServer, db: string, kept: z.infer<typeof place>): Promise<boolean> => {
  const { last, documents } = await lookAt(server, db);
  if (documents < kept.documents) return false;
  if (numberOf(last) < numberOf(kept.sequence)) return false;
  const after = await changesAfter(server, db, kept.sequence);
  // Documents that have not changed since: no more than there were then.
  return after !== null && documents - after <= kept.documents;
};

/**
 * The checkpoint of this name; null when there is none of the database as it is now, or no such one.
 *
 * @throws as `couchRequest`
 */
export const readCheckpoint = async <T>(
  server: CouchServer,
  about: About,
  name: string,
  value: z.ZodType<T>,
): Promise<Checkpoint<T> | null> => {
  const document = await readKept(server, about, name, z.looseObject({}));
  const [kept, known] = [place.safeParse(document).data, value.safeParse(document).data];
  if (kept === undefined || known === undefined) return null;
  return { sequence: kept.sequence, value: known, isSound: await isSound(server, about.database, kept) };
};

/**
 * Keeps that everything up to `sequence` has been read. The last write counts. `life` as for {@link writeKept}.
 *
 * @throws as `couchRequest`
 */
export const writeCheckpoint = async (
  server: CouchServer,
  about: About,
  name: string,
  { sequence: read, value }: { readonly sequence: string; readonly value: object },
  life?: string,
): Promise<void> => {
  const { documents } = await lookAt(server, about.database);
  await writeKept(server, about, name, { ...value, sequence: read, documents }, life);
};
