import { createPublicKey, verify } from 'node:crypto';
import { deviceListBytes, type SignedDeviceList } from '@restante/protocol';

/** Whether the account key that a list names has signed it (Ed25519, RFC 8032). */
export const isSignedList = (list: SignedDeviceList): boolean => {
  const x = Buffer.from(list.accountKey, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, deviceListBytes(list), key, Buffer.from(list.signature, 'base64'));
};
