import {
  envelopeRevision,
  foreignTombstoneDocument,
  parseDocumentId,
  tombstoneRevision,
  type Envelope,
  type MessageId,
} from '@restante/protocol';
import {
  couchRequest,
  type CouchRow,
  type CouchServer,
  hasStatus,
  type Logger,
  pseudonym,
  type SetAside,
} from '@restante/service-kit';
import { z } from 'zod';
import type { BulkWriter } from './bulk-writer.ts';
import { faultOfRow, readEnvelope, type DocumentFault } from './envelope-row.ts';

/**
 * Envelopes of a bucket's documents. Each is given in its one revision: another one never stands for it, and does not
 * survive its deletion (laws 4 and 5). What is no envelope is set aside (law 16).
 */
export type Envelopes = {
  /**
   * The envelope of each row, read with its document; null where there is none to give.
   *
   * @throws ServiceError `unavailable`, CouchError
   */
  readonly read: (database: string, rows: readonly CouchRow[]) => Promise<(Envelope | null)[]>;
  /**
   * The id of the envelope of each row, which is read without its document; null where there is none to give. Fields are not
   * looked at: an envelope that is set aside for them has an id here.
   *
   * @throws ServiceError `unavailable`, CouchError
   */
  readonly ids: (database: string, rows: readonly CouchRow[]) => Promise<(MessageId | null)[]>;
  /**
   * Looks at a live document that has another leaf than its envelope: when its owner has deleted it every leaf ends, otherwise
   * it is noted. What fails is tried again when the document is read next.
   */
  readonly mend: (database: string, id: string) => Promise<void>;
};

const history = z.object({ start: z.int(), ids: z.array(z.string()) });
const found = z.object({
  results: z.array(
    z.object({
      docs: z.array(
        z.object({
          ok: z.looseObject({ _id: z.string(), _rev: z.string(), _revisions: history }).optional(),
        }),
      ),
    }),
  ),
});
const leaves = z.object({
  _rev: z.string(),
  _conflicts: z.array(z.string()).default([]),
  _deleted_conflicts: z.array(z.string()).default([]),
  _revisions: history,
});

/** Whether an envelope's tombstone is this revision or one that it came of. */
const comesOfTombstone = (id: string, { start, ids }: z.infer<typeof history>): boolean =>
  `2-${ids[start - 2]}` === tombstoneRevision(id);

export const createEnvelopes = ({
  log,
  server,
  writer,
  setAside,
  isOfTime,
}: {
  readonly log: Logger;
  readonly server: CouchServer;
  readonly writer: BulkWriter;
  readonly setAside: SetAside<DocumentFault>;
  /** Whether a message of this time belongs into this bucket. */
  readonly isOfTime: (database: string, messageTimeMs: number) => boolean;
}): Envelopes => {
  type Behind = { readonly isDeleted: boolean; readonly document: unknown };

  /** What is behind winners that are no envelopes. */
  const readBehind = async (db: string, rows: readonly CouchRow[]): Promise<ReadonlyMap<string, Behind>> => {
    if (rows.length === 0) return new Map();
    const docs = rows.flatMap(({ id, rev }) =>
      [rev, envelopeRevision(id), tombstoneRevision(id)].map((wanted) => ({ id, rev: wanted })),
    );
    const request = { db, path: '_bulk_get', method: 'POST', qs: { revs: true }, body: { docs } } as const;
    const { results } = found.parse(await couchRequest(server, request));
    const revisions = results.flatMap((result) => result.docs.flatMap(({ ok }) => ok ?? []));
    const byId = Map.groupBy(revisions, ({ _id }) => _id);
    return new Map(
      rows.map(({ id }) => {
        const known = byId.get(id) ?? [];
        const isDeleted = known.some(({ _revisions }) => comesOfTombstone(id, _revisions));
        return [id, { isDeleted, document: known.find(({ _rev }) => _rev === envelopeRevision(id)) }];
      }),
    );
  };

  const endLeaves = async (db: string, id: string): Promise<void> => {
    const document = leaves.parse(
      await couchRequest(server, {
        db,
        path: encodeURIComponent(id),
        qs: { conflicts: true, deleted_conflicts: true, revs: true },
      }),
    );
    const isDeleted =
      document._deleted_conflicts.includes(tombstoneRevision(id)) ||
      comesOfTombstone(id, document._revisions);
    if (!isDeleted) {
      setAside.note(db, id, 'foreign-revision');
      return;
    }
    const live = [document._rev, ...document._conflicts];
    await writer.write(
      db,
      live.map((leaf) => foreignTombstoneDocument(id, leaf)),
    );
    log.warn(
      { event: 'foreign-revision-ended', database: db, document: pseudonym(id), leaves: live.length },
      'a deleted message had another revision: it was deleted too',
    );
  };

  const mend: Envelopes['mend'] = async (db, id) => {
    try {
      await endLeaves(db, id);
    } catch (error) {
      if (hasStatus(error, 404)) return;
      log.info(
        { event: 'mend-failed', database: db, document: pseudonym(id), err: error },
        'a document was not mended',
      );
    }
  };

  /** Each row with its envelope's document, as far as ids and revisions tell what that is; null where there is none. */
  const sift = async (
    db: string,
    rows: readonly CouchRow[],
  ): Promise<({ id: string; document: unknown } | null)[]> => {
    const live = rows.filter(({ isDeleted }) => !isDeleted);
    const faults = new Map(
      live.map(({ id, rev }) => [id, faultOfRow(id, rev, (time) => isOfTime(db, time))]),
    );
    const behind = await readBehind(
      db,
      live.filter(({ id }) => faults.get(id) === 'foreign-revision'),
    );
    const sifted: ({ id: string; document: unknown } | null)[] = [];
    for (const { id, isDeleted, doc } of rows) {
      const fault = faults.get(id) ?? null;
      const hidden = behind.get(id);
      if (hidden?.isDeleted === true) await mend(db, id);
      else if (fault !== null) setAside.note(db, id, fault);
      const isHidden = hidden !== undefined && (hidden.isDeleted || hidden.document === undefined);
      const isGone = isDeleted || fault === 'foreign-id' || isHidden;
      sifted.push(isGone ? null : { id, document: hidden === undefined ? doc : hidden.document });
    }
    return sifted;
  };

  return {
    read: async (db, rows) =>
      (await sift(db, rows)).map((row) => {
        if (row === null || row.document === undefined || row.document === null) return null;
        const envelope = readEnvelope(row.id, row.document);
        if (envelope === null) setAside.note(db, row.id, 'bad-fields');
        return envelope;
      }),
    ids: async (db, rows) =>
      (await sift(db, rows)).map((row) => (row && parseDocumentId(row.id)?.messageId) ?? null),
    mend,
  };
};
