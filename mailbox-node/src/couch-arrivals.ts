import {
  parseDocumentId,
  type DeviceAddress,
  type Envelope,
  type EnvelopeDocument,
} from '@restante/protocol';
import type { CouchServer } from '@restante/service-kit';
import { canaryNode, canaryTime, isCanary } from './couch-canary.ts';
import type { Change } from './couch-changes.ts';
import { toEnvelope } from './couch-mailbox-store.ts';
import { requestRows } from './couch-request.ts';

/** Documents in one read: bounds the memory that live events take. */
const DOCUMENTS_PER_READ = 32;

/**
 * Makes live events of a bucket's changes. Reads only documents that somebody waits for: of mailboxes with
 * listeners, and the other nodes' canaries.
 */
export const createArrivals = ({
  server,
  now,
  isHeard,
  onEnvelope,
  isPeer,
  onCanary,
}: {
  readonly server: CouchServer;
  readonly now: () => number;
  readonly isHeard: (mailbox: DeviceAddress) => boolean;
  readonly onEnvelope: (mailbox: DeviceAddress, envelope: Envelope) => void;
  readonly isPeer: (node: string) => boolean;
  readonly onCanary: (node: string, writtenAtMs: number) => void;
}): ((database: string, changes: readonly Change[]) => Promise<void>) => {
  const isWanted = ({ id, deleted }: Change): boolean => {
    if (deleted === true) return false;
    if (isCanary(id)) return isPeer(canaryNode(id));
    const parsed = parseDocumentId(id);
    return parsed !== null && isHeard(parsed.mailbox);
  };

  const hand = (id: string, document: unknown): void => {
    if (isCanary(id)) {
      const writtenAtMs = canaryTime(document);
      if (writtenAtMs !== null) onCanary(canaryNode(id), writtenAtMs);
      return;
    }
    const parsed = parseDocumentId(id);
    if (parsed === null) return;
    const envelope = toEnvelope(document as EnvelopeDocument);
    if (envelope.expiresAt > now()) onEnvelope(parsed.mailbox, envelope);
  };

  return async (db, changes) => {
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
      for (const { id, doc } of rows) if (doc !== null && doc !== undefined) hand(id, doc);
    }
  };
};
