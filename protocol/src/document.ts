import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { accountId, deviceId, deviceKey, messageId, type DeviceAddress, type MessageId } from './ids.ts';
import { messageTime } from './message-id.ts';
import type { StoredEnvelope } from './envelope.ts';

/**
 * The CouchDB documents of an envelope. Ids and revisions are functions of mailbox and message id
 * alone, so that every writer makes the same document (law 5), and a tombstone always descends from the
 * envelope it ends, whichever of the two reaches a node first (law 4).
 */

/** `_id` of an envelope. Ids of one mailbox are one contiguous range, in the order of their time. */
export const documentId = (mailbox: DeviceAddress, id: MessageId): string => `${deviceKey(mailbox)}:${id}`;

/** First key of a mailbox and the first key after it, in the byte order of the primary index. */
export const mailboxRange = (mailbox: DeviceAddress): { start: string; end: string } => {
  const prefix = deviceKey(mailbox);
  return { start: `${prefix}:`, end: `${prefix};` };
};

/** Mailbox and message id of an `_id`, or null when it is not an envelope's. */
export const parseDocumentId = (id: string): { mailbox: DeviceAddress; messageId: MessageId } | null => {
  const [account, device, message, ...rest] = id.split(':');
  if (account === undefined || device === undefined || message === undefined || rest.length > 0) return null;
  const number = Number(device);
  if (!accountId.safeParse(account).success || !messageId.safeParse(message).success) return null;
  if (!deviceId.safeParse(number).success || String(number) !== device) return null;
  return { mailbox: { accountId: account, deviceId: number }, messageId: message };
};

const revisionHash = (generation: number, of: string): string =>
  bytesToHex(sha256(utf8ToBytes(`restante revision ${generation}\n${of}`))).slice(0, 32);

/** `_rev` of a document that never changes, by its `_id`: the same by every writer (law 5). */
export const firstRevision = (id: string): string => `1-${revisionHash(1, id)}`;

/** `_rev` of the envelope with this `_id`. */
export const envelopeRevision = firstRevision;

/** `_rev` of the tombstone of the envelope with this `_id`. */
export const tombstoneRevision = (id: string): string => `2-${revisionHash(2, id)}`;

export type EnvelopeDocument = Omit<StoredEnvelope, 'accountId' | 'deviceId' | 'id' | 'stranger'> & {
  readonly _id: string;
  readonly _rev: string;
  readonly sentAt: number;
  readonly v: 1;
};

export type TombstoneDocument = {
  readonly _id: string;
  readonly _rev: string;
  readonly _deleted: true;
  readonly _revisions: { readonly start: number; readonly ids: readonly string[] };
};

/** The document of an envelope, for `_bulk_docs` with `new_edits: false`. */
export const envelopeDocument = (stored: StoredEnvelope): EnvelopeDocument => {
  const { accountId: account, deviceId: device, id: message } = stored;
  const { senderId, senderDeviceId, expiresAt, type, payload } = stored;
  const id = documentId({ accountId: account, deviceId: device }, message);
  return {
    ...{ _id: id, _rev: envelopeRevision(id), senderId, senderDeviceId, expiresAt, type, payload },
    ...{ sentAt: messageTime(message), v: 1 },
  };
};

/** The tombstone of an envelope, for `_bulk_docs` with `new_edits: false`. It carries its ancestor. */
export const tombstoneDocument = (id: string): TombstoneDocument => ({
  _id: id,
  _rev: tombstoneRevision(id),
  _deleted: true,
  _revisions: { start: 2, ids: [revisionHash(2, id), revisionHash(1, id)] },
});

/**
 * The tombstone of a leaf that is no envelope's, for `_bulk_docs` with `new_edits: false`. It is made of the document's id and
 * the leaf's revision alone, so that every node ends the leaf alike (law 5).
 */
export const foreignTombstoneDocument = (id: string, leaf: string): TombstoneDocument => {
  const [generation = '', hash = ''] = leaf.split('-');
  const start = Number(generation) + 1;
  const ids = [revisionHash(start, `${id}\n${leaf}`), hash];
  return { _id: id, _rev: `${start}-${ids[0]}`, _deleted: true, _revisions: { start, ids } };
};
