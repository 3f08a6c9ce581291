import { createPublicKey, verify } from 'node:crypto';
import { deviceListBytes, type SignedDeviceList } from '@restante/protocol';

const KEY_BYTES = 32;

/** Whether the account key that a list names has signed it (Ed25519, RFC 8032). */
export const isSignedList = (list: SignedDeviceList): boolean => {
  const bytes = Buffer.from(list.accountKey, 'base64');
  if (bytes.length !== KEY_BYTES) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(null, deviceListBytes(list), key, Buffer.from(list.signature, 'base64'));
};
