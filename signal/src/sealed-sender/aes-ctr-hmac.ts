import { ctr } from '@noble/ciphers/aes.js';
import { concat, equalBytes } from '../bytes.ts';
import { hmac } from '../kdf.ts';
import { SignalError } from '../signal-error.ts';

/**
 * AES-256-CTR (NIST SP 800-38A) from a counter of zero, then the first 10 bytes of an HMAC-SHA-256 over the ciphertext.
 * Both keys are used for one message only.
 */
export type CtrKeys = { readonly cipherKey: Uint8Array; readonly macKey: Uint8Array };

const MAC_BYTES = 10;
const ZERO_COUNTER = new Uint8Array(16);

const macOf = (macKey: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  hmac(macKey, ciphertext).subarray(0, MAC_BYTES);

export const encryptCtr = ({ cipherKey, macKey }: CtrKeys, plaintext: Uint8Array): Uint8Array => {
  const ciphertext = ctr(cipherKey, ZERO_COUNTER).encrypt(plaintext);
  return concat(ciphertext, macOf(macKey, ciphertext));
};

/** @throws SignalError `invalid-message` */
export const decryptCtr = ({ cipherKey, macKey }: CtrKeys, bytes: Uint8Array): Uint8Array => {
  const end = bytes.length - MAC_BYTES;
  if (end < 0) throw new SignalError('invalid-message');
  const ciphertext = bytes.subarray(0, end);
  if (!equalBytes(macOf(macKey, ciphertext), bytes.subarray(end))) throw new SignalError('invalid-message');
  return ctr(cipherKey, ZERO_COUNTER).decrypt(ciphertext);
};
