import * as z from 'zod/mini';
import { blobBytes, blobId } from './blob.ts';
import { accountId, deviceId } from './ids.ts';
import { curveKey } from './key-shapes.ts';

/**
 * Who may use a token (`aud`). `master` and `mailbox` are a device's; `store` is a master's own right to write
 * to mailbox nodes, and gives no right to read or delete. `blob` is a ticket: the right to read one blob, or to write it. It does not say whose it is.
 * `grant`: the right to add one device to an account.
 */
export const AUDIENCES = {
  master: 'master',
  mailbox: 'mailbox',
  store: 'store',
  blob: 'blob',
  grant: 'grant',
} as const;

/** Claims of a device's token, beside `aud`, `iat` and `exp`. `sub` is the account. */
export const deviceClaims = z.object({
  sub: accountId,
  device: deviceId,
  /**
   * Of `master` tokens: grows when the account's password is changed, which ends the tokens from before. Absent: 0. Of `mailbox` tokens:
   * that of the account's device list; absent when a master has signed it for itself.
   */
  generation: z.optional(z.int().check(z.nonnegative())),
  /** Of `master` tokens: the cells whose nodes the session named. Absent: there was one cell. */
  cells: z.optional(z.array(z.string())),
});
export type DeviceClaims = z.infer<typeof deviceClaims>;

/** Claims of a ticket, beside `aud`, `iat` and `exp`. */
export const blobClaims = z.object({
  /** The blob. */
  sub: blobId,
  /** Of the whole blob: its parts may be written. Absent: they may be read. */
  bytes: z.optional(blobBytes),
});
export type BlobClaims = z.infer<typeof blobClaims>;

/** Claims of a grant, beside `aud`, `iat` and `exp`. `sub` is the account. */
export const grantClaims = z.object({
  sub: accountId,
  /** The device that has asked for it: as long as that is on the list, the grant is good. */
  by: deviceId,
  /** Of the one device that may be added. */
  identityKey: curveKey,
  /** Of the password: a change ends it. */
  generation: z.int().check(z.nonnegative()),
});
export type GrantClaims = z.infer<typeof grantClaims>;
