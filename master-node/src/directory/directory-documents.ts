import { createHash } from 'node:crypto';
import {
  accountId,
  deviceId,
  deviceKey,
  kyberPreKey,
  signedDeviceList,
  signedPreKey,
  timestamp,
  username,
  type AccountId,
  type DeviceAddress,
  type Username,
} from '@restante/protocol';
import { z } from 'zod';
import { keyPage } from './key-page.ts';

/**
 * Documents of the database `directory`, each signed for its revision: see directory-signatures.ts. None is ever deleted, for a
 * deletion could not be signed.
 *
 * - `username:<name>`: whose it is, or what is left when it is free again. It counts its lives.
 * - `account:<id>` and `device:<account>:<device>`: live, or what is left after a removal. A removal is an update,
 *   not a deletion, so that it wins over an older update on the other side of a partition, and so that a device
 *   number is not used again while tokens of its former device are valid.
 * - `keys:<account>:<device>:<hash of the identity key>`: the one-time keys of a device, see key-page.ts. The hash keeps
 *   keys of two devices with one number apart. Never deleted: a removal closes it, which wins over whatever comes late.
 * - `invite:<hash>`: an invite code, of which nothing but the hash is known. What is left when it was used or revoked wins over
 *   whatever makes it good again at another CouchDB.
 * - `conflict:<time>:<hash>`: what was resolved, see directory-conflicts.ts.
 */

const removal = z.object({ removedAt: timestamp, updatedAt: timestamp });
export type Removal = z.infer<typeof removal>;

/** How often the name was given away, this time included. Absent: 1. */
const life = z.int().positive().optional();
const liveUsername = z.object({ accountId, createdAt: timestamp, life });
export type LiveUsername = z.infer<typeof liveUsername>;
const usernameDocument = z.union([removal.extend({ life }), liveUsername]);
export type UsernameDocument = z.infer<typeof usernameDocument>;

const liveAccount = z.object({
  username,
  passwordHash: z.string(),
  /** Absent: 0. */
  tokenGeneration: z.int().optional(),
  /** Absent: none has been signed yet. */
  deviceList: z.optional(signedDeviceList),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type LiveAccount = z.infer<typeof liveAccount>;
/** Its last list stays, for what its devices had sent may still come to who has never had it. */
const endedAccount = removal.extend({ deviceList: z.optional(signedDeviceList) });
const accountDocument = z.union([endedAccount, liveAccount]);
export type AccountDocument = z.infer<typeof accountDocument>;

const liveDevice = z.object({
  name: z.string(),
  registrationId: z.int(),
  identityKey: z.string(),
  signedPreKey,
  lastResortKyberPreKey: kyberPreKey,
  secretHash: z.string(),
  /** Its one-time keys run out. Absent: false. */
  keysLow: z.boolean().optional(),
  createdAt: timestamp,
  updatedAt: timestamp,
});
export type LiveDevice = z.infer<typeof liveDevice>;
/** Its key stays, for a grant serves once. Absent: it has ended with its account, or by an earlier release. */
const endedDevice = removal.extend({ identityKey: z.string().optional() });
const deviceDocument = z.union([endedDevice, liveDevice]);
export type DeviceDocument = z.infer<typeof deviceDocument>;

const inviteAbout = { note: z.string(), createdAt: timestamp, expiresAt: timestamp };
const liveInvite = z.object({ ...inviteAbout, updatedAt: timestamp });
export type LiveInvite = z.infer<typeof liveInvite>;
/** `usedFor`: the account that it made, or was to make. Absent: it was revoked. */
const endedInvite = removal.extend({
  ...inviteAbout,
  usedFor: z.object({ accountId, username }).optional(),
});
export type EndedInvite = z.infer<typeof endedInvite>;
const inviteDocument = z.union([endedInvite, liveInvite]);
export type InviteDocument = z.infer<typeof inviteDocument>;

export const isRemoval = (document: object): document is Removal => 'removedAt' in document;

export const usernameDocumentId = (name: Username): string => `username:${name}`;
export const accountDocumentId = (account: AccountId): string => `account:${account}`;
export const deviceDocumentId = (device: DeviceAddress): string => `device:${deviceKey(device)}`;

/** First id with a prefix, and the first id after them, in the byte order of the primary index. */
const range = (prefix: string): { start: string; end: string } => ({
  start: `${prefix}:`,
  end: `${prefix};`,
});

export const INVITES = range('invite');

export const deviceRange = (account: AccountId) => range(`device:${account}`);

/** Pages of whoever had this number. */
export const keyPageRange = (device: DeviceAddress) => range(`keys:${deviceKey(device)}`);

const HASH_DIGITS = 16;
const INVITE_DIGITS = 32;

/** What the directory knows of an invite code, which has too many random bits to be guessed from it. */
export const inviteHash = (code: string): string =>
  createHash('sha256').update(`restante invite ${code}`).digest('hex').slice(0, INVITE_DIGITS);
export const inviteDocumentId = (hash: string): string => INVITES.start + hash;

export const keyPageDocumentId = (device: DeviceAddress, identityKey: string): string =>
  keyPageRange(device).start + createHash('sha256').update(identityKey).digest('hex').slice(0, HASH_DIGITS);

/** A document of another form is left to who knows it. Absent: 1. */
const knownForm = z.object({ v: z.literal(1).optional() });

/** Documents by kind. What a later release adds to one does no harm. */
const documents = {
  username: usernameDocument,
  account: accountDocument,
  device: deviceDocument,
  keys: keyPage,
  invite: inviteDocument,
};
export type DirectoryKind = keyof typeof documents;

/** What a document of the directory is about, from its id; null for others. */
export const parseDirectoryId = (
  id: string,
):
  | { readonly kind: 'username'; readonly username: Username }
  | { readonly kind: 'account'; readonly accountId: AccountId }
  | { readonly kind: 'device'; readonly accountId: AccountId; readonly deviceId: number }
  | { readonly kind: 'keys' }
  | { readonly kind: 'invite'; readonly hash: string }
  | null => {
  const [kind, first = '', second, ...rest] = id.split(':');
  if (kind === 'username') {
    return username.safeParse(first).success && id === usernameDocumentId(first)
      ? { kind, username: first }
      : null;
  }
  if (kind === 'invite')
    return /^[0-9a-f]{32}$/.test(first) && id === inviteDocumentId(first) ? { kind, hash: first } : null;
  if (!accountId.safeParse(first).success) return null;
  if (kind === 'account') return id === accountDocumentId(first) ? { kind, accountId: first } : null;
  const device = { accountId: first, deviceId: Number(second) };
  if (!deviceId.safeParse(device.deviceId).success || String(device.deviceId) !== second) return null;
  if (kind === 'device') return id === deviceDocumentId(device) ? { kind, ...device } : null;
  return kind === 'keys' && /^[0-9a-f]{16}$/.test(rest.join(':')) ? { kind } : null;
};

/** Whether this is what a document with this id holds. Somebody else may have written it, or a disk lost half of it. */
export const isDirectoryDocument = (id: string, document: object): boolean => {
  const about = parseDirectoryId(id);
  if (about === null || !knownForm.safeParse(document).success) return false;
  return documents[about.kind].safeParse(document).success;
};
