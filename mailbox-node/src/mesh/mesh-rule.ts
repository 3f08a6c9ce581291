import { envelopeFields, envelopeRevision, messageTime, parseDocumentId } from '@restante/protocol';
import { z } from 'zod';

/** What the mesh may write into a bucket (law 12): envelopes and canaries, and never a deletion. Everything else is refused for one of these. */
export const MESH_REFUSALS = {
  deletion: 'deletions are not carried',
  attachment: 'attachments are not carried',
  id: 'neither an envelope nor a canary',
  canary: 'not the fields of a canary',
  revision: 'not the one revision of an envelope',
  fields: 'not the fields of an envelope',
} as const;
export type MeshRefusal = keyof typeof MESH_REFUSALS;

const canaryId = /^canary:[a-z0-9-]{1,64}:[0-9]{1,16}-[0-9]{1,9}$/;
/** Whether this is the id of a canary as nodes make them. */
export const isCanaryId = (id: string): boolean => canaryId.test(id);

const canaryFields = z.strictObject({ at: z.int(), confirmed: z.int().optional() });

/** What is stored by a later release is refused by this one until it is that release. */
const mailFields = z.strictObject({ ...envelopeFields, v: z.literal(1).optional() });

const firstRevision = z.object({ start: z.literal(1), ids: z.tuple([z.string()]) });

/** A document as replication writes it, by its JSON. */
export type CarriedDocument = Readonly<Record<string, unknown>> & { readonly _id: string };

/** Why a document may not be written, or null when it may. */
export const meshRefusal = (document: CarriedDocument): MeshRefusal | null => {
  const { _id, _rev, _revisions, _deleted, _attachments, ...fields } = document;
  if (_deleted !== undefined && _deleted !== false) return 'deletion';
  if (_attachments !== undefined && !isEmpty(_attachments)) return 'attachment';
  if (isCanaryId(_id)) return canaryFields.safeParse(fields).success ? null : 'canary';
  const parsed = parseDocumentId(_id);
  if (parsed === null) return 'id';
  if (_rev !== envelopeRevision(_id)) return 'revision';
  if (_revisions !== undefined) {
    const history = firstRevision.safeParse(_revisions);
    if (!history.success || `1-${history.data.ids[0]}` !== _rev) return 'revision';
  }
  const envelope = mailFields.safeParse(fields);
  if (!envelope.success) return 'fields';
  const { sentAt, expiresAt } = envelope.data;
  return sentAt === messageTime(parsed.messageId) && expiresAt > sentAt ? null : 'fields';
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
