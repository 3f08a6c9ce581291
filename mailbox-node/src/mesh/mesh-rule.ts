import {
  base64,
  blobBytes,
  bytesOfPart,
  envelopeFields,
  firstRevision,
  LIMITS,
  messageTime,
  parseDocumentId,
  parsePartId,
  type BucketKind,
} from '@restante/protocol';
import { z } from 'zod';

/** What the mesh may write into a bucket (law 12): envelopes and canaries, or parts of blobs, and never a deletion. Everything else is refused for one of these. */
export const MESH_REFUSALS = {
  deletion: 'deletions are not carried',
  attachment: 'attachments are not carried',
  id: 'neither an envelope nor a canary, nor a part in a bucket of blobs',
  canary: 'not the fields of a canary',
  revision: 'not the one revision of a document that never changes',
  fields: 'not the fields of an envelope, or of a part',
} as const;
export type MeshRefusal = keyof typeof MESH_REFUSALS;

const canaryId = /^canary:[a-z0-9-]{1,64}:[0-9]{1,16}-[0-9]{1,9}$/;
/** Whether this is the id of a canary as nodes make them. */
export const isCanaryId = (id: string): boolean => canaryId.test(id);

const canaryFields = z.strictObject({ at: z.int(), confirmed: z.int().optional() });

/** What is stored by a later release is refused by this one until it is that release. */
const mailFields = z.strictObject({ ...envelopeFields, v: z.literal(1).optional() });

const first = z.object({ start: z.literal(1), ids: z.tuple([z.string()]) });

/** A document as replication writes it, by its JSON. */
export type CarriedDocument = Readonly<Record<string, unknown>> & { readonly _id: string };

/** What lies in a part may be anything: only who has its key can tell. */
const partFields = z.strictObject({
  bytes: blobBytes,
  data: base64(Math.ceil(LIMITS.blobPartBytes / 3) * 4),
  v: z.literal(1),
});

const lengthOf = (data: string): number => (data.length / 4) * 3 - (/={1,2}$/.exec(data)?.[0].length ?? 0);

type Fields = Readonly<Record<string, unknown>>;

const areOfEnvelope = (id: string, fields: Fields): boolean => {
  const envelope = mailFields.safeParse(fields);
  const parsed = parseDocumentId(id);
  if (!envelope.success || parsed === null) return false;
  const { sentAt, expiresAt } = envelope.data;
  return sentAt === messageTime(parsed.messageId) && expiresAt > sentAt;
};

const areOfPart = (id: string, fields: Fields): boolean => {
  const read = partFields.safeParse(fields);
  const parsed = parsePartId(id);
  if (!read.success || parsed === null) return false;
  return lengthOf(read.data.data) === bytesOfPart(read.data.bytes, parsed.part);
};

const RULES = {
  messages: { isOurs: (id: string) => parseDocumentId(id) !== null, fit: areOfEnvelope },
  blobs: { isOurs: (id: string) => parsePartId(id) !== null, fit: areOfPart },
} satisfies Record<BucketKind, object>;

/** Whether a change of a bucket is one for the mesh, by its id. */
export const isCarriedId = (kind: BucketKind, id: string): boolean =>
  (kind === 'messages' && isCanaryId(id)) || RULES[kind].isOurs(id);

/** Why a document may not be written into a bucket of this kind, or null when it may. */
export const meshRefusal = (kind: BucketKind, document: CarriedDocument): MeshRefusal | null => {
  const { _id, _rev, _revisions, _deleted, _attachments, ...fields } = document;
  if (_deleted !== undefined && _deleted !== false) return 'deletion';
  if (_attachments !== undefined && !isEmpty(_attachments)) return 'attachment';
  if (kind === 'messages' && isCanaryId(_id)) return canaryFields.safeParse(fields).success ? null : 'canary';
  if (!RULES[kind].isOurs(_id)) return 'id';
  if (_rev !== firstRevision(_id)) return 'revision';
  if (_revisions !== undefined) {
    const history = first.safeParse(_revisions);
    if (!history.success || `1-${history.data.ids[0]}` !== _rev) return 'revision';
  }
  return RULES[kind].fit(_id, fields) ? null : 'fields';
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
