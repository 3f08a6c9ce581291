import { createHash } from 'node:crypto';
import {
  accountId,
  deviceId,
  kyberPreKey,
  preKey,
  signedPreKey,
  timestamp,
  username,
  type AccountId,
  type DeviceAddress,
  type KyberPreKey,
  type PreKey,
  type Username,
} from '@restante/protocol';
import { z } from 'zod';

/**
 * Documents of the database `directory`.
 *
 * - `username:<name>`: whose it is. Deleted when it is free.
 * - `account:<id>` and `device:<account>:<device>`: live, or what is left after a removal. A removal is an update,
 *   not a deletion, so that it wins over an older update on the other side of a partition, and so that a device
 *   number is not used again while tokens of its former device are valid.
 * - `prekey:<account>:<device>:<registrationId>:<ec|kyber>:<keyId>`: one one-time key. Immutable, with a revision
 *   made from its content: an upload that is repeated is the same revision, and cannot bring back a key that is
 *   used up (deleted). The registration id keeps keys of two devices with one number apart.
 * - `conflict:<time>:<hash>`: what was resolved, see directory-conflicts.ts.
 */

const usernameDocument = z.object({ accountId, createdAt: timestamp });
export type UsernameDocument = z.infer<typeof usernameDocument>;

const removal = z.object({ removedAt: timestamp, updatedAt: timestamp });
export type Removal = z.infer<typeof removal>;

const liveAccount = z.object({
  username,
  passwordHash: z.string(),
  /** Absent: 0. */
  tokenGeneration: z.int().optional(),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type LiveAccount = z.infer<typeof liveAccount>;
const accountDocument = z.union([removal, liveAccount]);
export type AccountDocument = z.infer<typeof accountDocument>;

const liveDevice = z.object({
  name: z.string(),
  registrationId: z.int(),
  identityKey: z.string(),
  signedPreKey,
  lastResortKyberPreKey: kyberPreKey,
  secretHash: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type LiveDevice = z.infer<typeof liveDevice>;
const deviceDocument = z.union([removal, liveDevice]);
export type DeviceDocument = z.infer<typeof deviceDocument>;

export type OneTimeKind = 'ec' | 'kyber';
export type OneTimeKeyDocument<K extends PreKey | KyberPreKey> = { readonly key: K };

export const isRemoval = (document: object): document is Removal => 'removedAt' in document;

export const usernameDocumentId = (name: Username): string => `username:${name}`;
export const accountDocumentId = (account: AccountId): string => `account:${account}`;
export const deviceDocumentId = (device: DeviceAddress): string =>
  `device:${device.accountId}:${device.deviceId}`;

/** First id with a prefix, and the first id after them, in the byte order of the primary index. */
const range = (prefix: string): { start: string; end: string } => ({
  start: `${prefix}:`,
  end: `${prefix};`,
});

export const deviceRange = (account: AccountId) => range(`device:${account}`);

/** One-time keys of one kind; of both without `kind`; of every device that had this number without `registrationId`. */
export const oneTimeKeyRange = (device: DeviceAddress, registrationId?: number, kind?: OneTimeKind) =>
  range(
    ['prekey', device.accountId, device.deviceId, registrationId, kind]
      .filter((part) => part !== undefined)
      .join(':'),
  );

/** A one-time key as a document for `_bulk_docs` with `new_edits: false`. */
export const oneTimeKeyDocument = <K extends PreKey | KyberPreKey>(
  device: DeviceAddress,
  registrationId: number,
  kind: OneTimeKind,
  key: K,
): OneTimeKeyDocument<K> & { _id: string; _rev: string } => {
  const _id = `${oneTimeKeyRange(device, registrationId, kind).start}${key.keyId}`;
  const hash = createHash('sha256')
    .update(
      `${_id}
${key.publicKey}`,
    )
    .digest('hex');
  return { _id, _rev: `1-${hash.slice(0, 32)}`, key };
};

const oneTimeKey = z.object({ key: z.union([preKey, kyberPreKey]) });

/** Documents by kind. What a later release adds to one does no harm. */
const documents = {
  username: usernameDocument,
  account: accountDocument,
  device: deviceDocument,
  prekey: oneTimeKey,
};
export type DirectoryKind = keyof typeof documents;

/** What a document of the directory is about, from its id; null for others. */
export const parseDirectoryId = (
  id: string,
):
  | { readonly kind: 'username'; readonly username: Username }
  | { readonly kind: 'account'; readonly accountId: AccountId }
  | { readonly kind: 'device'; readonly accountId: AccountId; readonly deviceId: number }
  | { readonly kind: 'prekey' }
  | null => {
  const [kind, first = '', second, ...rest] = id.split(':');
  if (kind === 'username') {
    return username.safeParse(first).success && id === usernameDocumentId(first)
      ? { kind, username: first }
      : null;
  }
  if (!accountId.safeParse(first).success) return null;
  if (kind === 'account') return id === accountDocumentId(first) ? { kind, accountId: first } : null;
  const device = { accountId: first, deviceId: Number(second) };
  if (!deviceId.safeParse(device.deviceId).success || String(device.deviceId) !== second) return null;
  if (kind === 'device') return id === deviceDocumentId(device) ? { kind, ...device } : null;
  const isKey = kind === 'prekey' && /^\d+:(?:ec|kyber):(?:0|[1-9]\d*)$/.test(rest.join(':'));
  return isKey ? { kind } : null;
};

/** Whether this is what a document with this id holds. Somebody else may have written it, or a disk lost half of it. */
export const isDirectoryDocument = (id: string, document: object): boolean => {
  const about = parseDirectoryId(id);
  if (about === null || !documents[about.kind].safeParse(document).success) return false;
  if (about.kind !== 'prekey') return true;
  const { key } = document as OneTimeKeyDocument<PreKey | KyberPreKey>;
  return id.endsWith(`:${'signature' in key ? 'kyber' : 'ec'}:${key.keyId}`);
};
