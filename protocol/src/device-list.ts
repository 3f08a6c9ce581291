import * as z from 'zod/mini';
import { accountId, base64, deviceId } from './ids.ts';
import { curveKey, registrationId } from './key-shapes.ts';
import { LIMITS } from './limits.ts';

/**
 * The devices of an account, signed by its account key: Ed25519 (RFC 8032) over {@link deviceListBytes}. No server has that key. Who
 * encrypts for an account does it for these devices, and takes messages from these alone (law 12).
 */

/** 32 bytes: the public half of an account key. */
export const accountKey = base64(44).check(z.length(44));

/** A device on a list, by the keys that are its own for as long as it is. */
export const listedDevice = z.object({ deviceId, registrationId, identityKey: curveKey });
export type ListedDevice = z.infer<typeof listedDevice>;

export const signedDeviceList = z.object({
  accountId,
  accountKey,
  /** Grows by one with each list of the account, also when its key is another one. */
  generation: z.int().check(z.positive()),
  /** By rising number. */
  devices: z.array(listedDevice).check(
    z.minLength(1),
    z.maxLength(LIMITS.deviceId),
    z.refine(
      (devices) =>
        devices.every((each, index) => index === 0 || each.deviceId > (devices[index - 1]?.deviceId ?? 0)),
      'devices are not in the order of their numbers',
    ),
  ),
  /** 64 bytes. */
  signature: base64(88).check(z.length(88)),
});
export type SignedDeviceList = z.infer<typeof signedDeviceList>;

/** What is signed. */
export type DeviceList = Omit<SignedDeviceList, 'signature'>;

const DOMAIN = 'restante device list 1';

/** UTF-8 of one line for each of: domain, account id, account key, generation, and each device with its three fields between spaces. */
export const deviceListBytes = ({
  accountId: account,
  accountKey: key,
  generation,
  devices,
}: DeviceList): Uint8Array<ArrayBuffer> => {
  const lines = devices.map((each) => `${each.deviceId} ${each.registrationId} ${each.identityKey}`);
  return new TextEncoder().encode([DOMAIN, account, key, String(generation), ...lines].join('\n'));
};
