import { ed25519 } from '@noble/curves/ed25519.js';
import { deviceListBytes, type DeviceList, type SignedDeviceList } from '@restante/protocol';
import { fromBase64, toBase64 } from '../base64.ts';
import type { AccountKey } from '../vault/tables.ts';

/**
 * The signing key pair of an account: Ed25519 (RFC 8032, by noble, which `signal/` takes its curves from). WebCrypto is not used: not
 * every browser that the messenger runs in has Ed25519, and a key that signs must be the same everywhere. No server ever has it.
 */

const PRIVATE_BYTES = 32;

/** `privateKey`: 32 bytes. */
export const accountKeyOf = (privateKey: Uint8Array): AccountKey => ({
  privateKey,
  accountKey: toBase64(ed25519.getPublicKey(privateKey)),
});

/** Draws 32 bytes. */
export const createAccountKey = (
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): AccountKey => accountKeyOf(random(new Uint8Array(PRIVATE_BYTES)));

export const signDeviceList = (
  { privateKey, accountKey }: AccountKey,
  given: Omit<DeviceList, 'accountKey'>,
): SignedDeviceList => {
  const { accountId, generation, former } = given;
  const devices = given.devices.toSorted((a, b) => a.deviceId - b.deviceId);
  const list = { accountId, accountKey, generation, devices, former };
  return { ...list, signature: toBase64(ed25519.sign(deviceListBytes(list), privateKey)) };
};

/** Whether the account key that a list names has signed it. Strict: no key or signature that others would refuse. */
export const isSignedList = (list: SignedDeviceList): boolean => {
  try {
    const signature = fromBase64(list.signature);
    return ed25519.verify(signature, deviceListBytes(list), fromBase64(list.accountKey), { zip215: false });
  } catch {
    return false;
  }
};
