import { parseDocumentId, type DeviceAddress, type Envelope } from '@restante/protocol';
import { type CouchRow, type CouchServer, requestRows, type SetAside } from '@restante/service-kit';
import { canaryConfirmed, canaryNode, canaryTime, isCanary } from './canary.ts';
import type { Change } from './changes-feeds.ts';
import type { Envelopes } from './envelopes.ts';
import { faultOfRow, type DocumentFault } from './envelope-row.ts';

/** Documents in one read: bounds the memory that live events take. */
const DOCUMENTS_PER_READ = 32;

/**
 * Makes live events of a bucket's changes. Reads only documents that somebody waits for: of mailboxes with
 * listeners, and the other nodes' canaries. Ids and revisions of all changes are looked at.
 */
export const createArrivals = ({
  server,
  envelopes,
  setAside,
  now,
  isOfTime,
  endEarly,
  isHeard,
  onEnvelope,
  isPeer,
  onCanary,
}: {
  readonly server: CouchServer;
  readonly envelopes: Envelopes;
  readonly setAside: SetAside<DocumentFault>;
  readonly now: () => number;
  /** Whether a message of this time belongs into this bucket. */
  readonly isOfTime: (database: string, messageTimeMs: number) => boolean;
  /** Ends what its owner has deleted before it came, of what is there now. */
  readonly endEarly: (database: string, documentIds: readonly string[]) => Promise<void>;
  readonly isHeard: (mailbox: DeviceAddress) => boolean;
  readonly onEnvelope: (mailbox: DeviceAddress, envelope: Envelope) => void;
  readonly isPeer: (node: string) => boolean;
  /** `confirmedMs`: the confirmed time of the node, where it told it. */
  readonly onCanary: (node: string, writtenAtMs: number, confirmedMs: number | null) => void;
}): ((database: string, changes: readonly Change[]) => Promise<void>) => {
  const isWanted = ({ id, deleted }: Change): boolean => {
    if (deleted) return false;
    if (isCanary(id)) return isPeer(canaryNode(id));
    const parsed = parseDocumentId(id);
    return parsed !== null && isHeard(parsed.mailbox);
  };

  /** Notes what is no envelope, and sees to it that what was deleted stays so. */
  const inspect = async (db: string, { id, deleted, revs }: Change): Promise<void> => {
    setAside.clear(db, id);
    if (deleted) return;
    for (const rev of revs) {
      const fault = faultOfRow(id, rev, (time) => isOfTime(db, time));
      if (fault === 'foreign-id') setAside.note(db, id, fault);
      if (fault === 'foreign-revision') return envelopes.mend(db, id);
    }
  };

  const handCanary = ({ id, doc }: CouchRow): void => {
    const writtenAtMs = canaryTime(doc);
    if (writtenAtMs !== null) onCanary(canaryNode(id), writtenAtMs, canaryConfirmed(doc));
  };

  return async (db, changes) => {
    for (const change of changes) await inspect(db, change);
    await endEarly(
      db,
      changes.filter(({ deleted }) => !deleted).map(({ id }) => id),
    );
    const ids = [...new Set(changes.filter(isWanted).map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += DOCUMENTS_PER_READ) {
      const keys = ids.slice(start, start + DOCUMENTS_PER_READ);
      const rows = await requestRows(server, {
        db,
        path: '_all_docs',
        method: 'POST',
        qs: { include_docs: true },
        body: { keys },
      });
      const mail = rows.filter(({ id }) => !isCanary(id));
      for (const row of rows) if (isCanary(row.id)) handCanary(row);
      for (const [index, envelope] of (await envelopes.read(db, mail)).entries()) {
        const mailbox = parseDocumentId(mail[index]?.id ?? '')?.mailbox;
        if (envelope !== null && mailbox !== undefined && envelope.expiresAt > now()) {
          onEnvelope(mailbox, envelope);
        }
      }
    }
  };
};
