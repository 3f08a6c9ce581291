import * as z from 'zod/mini';
import { accessKey } from '../access.ts';
import { signedDeviceList } from '../device-list.ts';
import { accountId, deviceId, timestamp, username } from '../ids.ts';
import { curveKey, registrationId } from '../key-shapes.ts';
import { deviceKeys } from './keys.ts';
import { grantToken } from './linking.ts';
import { LIMITS } from '../limits.ts';
import { workDone } from '../work.ts';

/** 8 to 256 characters; strength is for the client to judge. */
export const password = z.string().check(z.minLength(8), z.maxLength(256));

/** Name of a device, for its owner's eyes. */
export const deviceName = z.string().check(z.minLength(1), z.maxLength(64));

/** The same as it is given: CouchDB stores no text with half of a surrogate pair. */
const newDeviceName = deviceName.check(z.refine((name) => name.isWellFormed(), 'not well-formed Unicode'));

/** A device's own long-term credential: 32 random bytes, base64url. The server keeps a hash of it. */
export const deviceSecret = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'not a device secret'));

const device = z.strictObject({ name: newDeviceName, keys: deviceKeys });

/** A device of somebody who knows the password. */
export const signingIn = z.strictObject({ username, password, device });
export type SigningIn = z.infer<typeof signingIn>;

/** A device that another one of the account has linked. */
export const linkedDevice = z.strictObject({ grant: grantToken, device });
export type LinkedDevice = z.infer<typeof linkedDevice>;

/**
 * `POST /api/accounts` makes an account with its first device; `POST /api/devices` adds a device to an account.
 * Both answer 201 with {@link session} and the device's secret.
 */
export const newDevice = z.union([signingIn, linkedDevice]);
export type NewDevice = z.infer<typeof newDevice>;

/** An invite code: 128 bits that nobody can guess, in the letters of Crockford's base 32. */
export const inviteCode = z.string().check(z.regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'not an invite code'));

/** A new account with its first device. */
export const newAccount = z.extend(signingIn, {
  /** Once `work-needed` has said that it costs some. */
  work: z.optional(workDone),
  /** Where an account takes one. */
  invite: z.optional(inviteCode),
});
export type NewAccount = z.infer<typeof newAccount>;

/** Where mail is fetched: base URL of each mailbox node, absolute or relative to the master's origin. */
export const mailboxNodes = z.array(z.string()).check(z.minLength(1));

/** Tokens of one device. The mailbox token outlives the other, so that mail flows while every master is down. */
export const session = z.object({
  accountId,
  deviceId,
  username,
  masterToken: z.string(),
  masterTokenExpiresAt: timestamp,
  mailboxToken: z.string(),
  mailboxTokenExpiresAt: timestamp,
  mailboxNodes,
  /** Origins of all masters, this one's too: a client goes to another one when its own is away. None are told where there is one. */
  masters: z.exactOptional(z.array(z.string()).check(z.maxLength(LIMITS.masters))),
  /** Mailbox nodes that have each accepted message (W): a read of `mailboxNodes.length + 1 - W` is complete. */
  writeConcern: z.int().check(z.positive()),
  /** What the tokens are made of that this account gives to those whom it lets in. */
  accessKey: z.exactOptional(accessKey),
  serverTime: timestamp,
});
export type Session = z.infer<typeof session>;

export const registeredDevice = z.extend(session, { deviceSecret });
export type RegisteredDevice = z.infer<typeof registeredDevice>;

/** `POST /api/tokens`: fresh tokens. Answer: {@link session}. */
export const tokenRequest = z.strictObject({ accountId, deviceId, deviceSecret });
export type TokenRequest = z.infer<typeof tokenRequest>;

/** `GET /api/accounts/:username`. */
export const account = z.object({
  accountId,
  username,
  /** Null: its first device has not signed one yet. */
  list: z.nullable(signedDeviceList),
});
export type Account = z.infer<typeof account>;

/** `DELETE /api/account`. Answer: 204. */
export const deleteAccount = z.strictObject({ password });

/** `PUT /api/account/password`. Answer: {@link session}, as the tokens from before end. */
export const changePassword = z.strictObject({
  password,
  newPassword: password,
  /** Also ends all devices but the one that asks. */
  removeOtherDevices: z.boolean(),
});
export type ChangePassword = z.infer<typeof changePassword>;

/** `GET /api/devices`: the account's own devices, those that wait too, and the list that says which do not. */
export const devices = z.object({
  devices: z
    .array(
      z.object({ deviceId, name: deviceName, createdAt: timestamp, registrationId, identityKey: curveKey }),
    )
    .check(z.maxLength(LIMITS.deviceId)),
  list: z.nullable(signedDeviceList),
});
export type Devices = z.infer<typeof devices>;

const givenList = z.strictObject(signedDeviceList.shape);

/** `PUT /api/device-list`: the account's first list, or the one that follows on the last. Answer: 204. */
export const putDeviceList = z.strictObject({ list: givenList });

/** `PUT /api/account-key`: a list that follows, and that another account key has signed. Answer: 204. */
export const replaceAccountKey = z.strictObject({ password, list: givenList });
export type ReplaceAccountKey = z.infer<typeof replaceAccountKey>;
