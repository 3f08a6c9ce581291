import * as z from 'zod/mini';
import { signedDeviceList } from '../device-list.ts';
import { accountId, base64, deviceId } from '../ids.ts';
import { curveKey, registrationId } from '../key-shapes.ts';
import { LIMITS } from '../limits.ts';

/**
 * Public keys of a device, as the Signal Protocol defines them; base64 of libsignal's serialization. The
 * server checks shapes only: whether signatures hold is for the device that starts a session.
 */

const keyId = z.int().check(z.minimum(0), z.maximum(LIMITS.keyId));
/** 64 bytes. */
const signature = base64(88).check(z.length(88));
/** 1,569 bytes. */
const kyberKey = base64(2092).check(z.length(2092));

export const preKey = z.strictObject({ keyId, publicKey: curveKey });
export type PreKey = z.infer<typeof preKey>;

export const signedPreKey = z.strictObject({ keyId, publicKey: curveKey, signature });
export type SignedPreKey = z.infer<typeof signedPreKey>;

export const kyberPreKey = z.strictObject({ keyId, publicKey: kyberKey, signature });
export type KyberPreKey = z.infer<typeof kyberPreKey>;

const oneTimePreKeys = z.array(preKey).check(z.maxLength(LIMITS.oneTimePreKeys));
const oneTimeKyberPreKeys = z.array(kyberPreKey).check(z.maxLength(LIMITS.oneTimeKyberPreKeys));

/** What a new device uploads. `lastResortKyberPreKey` is handed out when the one-time ones are used up. */
export const deviceKeys = z.strictObject({
  registrationId,
  identityKey: curveKey,
  signedPreKey,
  lastResortKyberPreKey: kyberPreKey,
  preKeys: oneTimePreKeys,
  kyberPreKeys: oneTimeKyberPreKeys,
});
export type DeviceKeys = z.infer<typeof deviceKeys>;

/** `PUT /api/keys`: replaces the signed ones that are given, adds the one-time ones. Answer: {@link keyStock}. */
export const replenishKeys = z.strictObject({
  signedPreKey: z.optional(signedPreKey),
  lastResortKyberPreKey: z.optional(kyberPreKey),
  preKeys: oneTimePreKeys,
  kyberPreKeys: oneTimeKyberPreKeys,
});
export type ReplenishKeys = z.infer<typeof replenishKeys>;

/** One-time keys of a device that have not been handed out. */
export const keyStock = z.object({
  preKeys: z.int().check(z.nonnegative()),
  kyberPreKeys: z.int().check(z.nonnegative()),
});
export type KeyStock = z.infer<typeof keyStock>;

/** What starts a session with one device. Its one-time keys are handed out to nobody else. */
export const keyBundle = z.object({
  deviceId,
  registrationId,
  identityKey: curveKey,
  signedPreKey: z.object(signedPreKey.shape),
  preKey: z.optional(z.object(preKey.shape)),
  kyberPreKey: z.object(kyberPreKey.shape),
});
export type KeyBundle = z.infer<typeof keyBundle>;

/** `GET /api/keys/:accountId`, with `?device=` for one device. Of devices on the list alone. */
export const keyBundles = z.object({
  accountId,
  /** Null: the account has none yet, and no bundles. */
  list: z.nullable(signedDeviceList),
  bundles: z.array(keyBundle).check(z.maxLength(LIMITS.deviceId)),
});
export type KeyBundles = z.infer<typeof keyBundles>;
