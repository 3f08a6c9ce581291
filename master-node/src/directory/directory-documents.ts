import { createHash } from 'node:crypto';
import type {
  AccountId,
  DeviceAddress,
  KyberPreKey,
  PreKey,
  SignedPreKey,
  Username,
} from '@restante/protocol';

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

export type UsernameDocument = {
  readonly accountId: AccountId;
  readonly createdAt: number;
};

export type Removal = { readonly removedAt: number; readonly updatedAt: number };

export type LiveAccount = {
  readonly username: Username;
  readonly passwordHash: string;
  /** Absent: 0. */
  readonly tokenGeneration?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};
export type AccountDocument = LiveAccount | Removal;

export type LiveDevice = {
  readonly name: string;
  readonly registrationId: number;
  readonly identityKey: string;
  readonly signedPreKey: SignedPreKey;
  readonly lastResortKyberPreKey: KyberPreKey;
  readonly secretHash: string;
  readonly createdAt: number;
  readonly updatedAt: number;
};
export type DeviceDocument = LiveDevice | Removal;

export type OneTimeKind = 'ec' | 'kyber';
export type OneTimeKeyDocument<K extends PreKey | KyberPreKey> = { readonly key: K };

export const isRemoval = (document: object): document is Removal => 'removedAt' in document;

export const usernameDocumentId = (username: Username): string => `username:${username}`;
export const accountDocumentId = (account: AccountId): string => `account:${account}`;
export const deviceDocumentId = ({ accountId, deviceId }: DeviceAddress): string =>
  `device:${accountId}:${deviceId}`;

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

/** What a document of the directory is about, from its id; null for others. */
export const parseDirectoryId = (
  id: string,
):
  | { readonly kind: 'username'; readonly username: Username }
  | { readonly kind: 'account'; readonly accountId: AccountId }
  | { readonly kind: 'device'; readonly accountId: AccountId; readonly deviceId: number }
  | { readonly kind: 'prekey' }
  | null => {
  const [kind, first, second] = id.split(':');
  if (kind === 'prekey') return { kind };
  if (first === undefined) return null;
  if (kind === 'username') return { kind, username: first };
  if (kind === 'account') return { kind, accountId: first };
  if (kind === 'device') return { kind, accountId: first, deviceId: Number(second) };
  return null;
};
