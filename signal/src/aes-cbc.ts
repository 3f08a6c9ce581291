import { cbc } from '@noble/ciphers/aes.js';
import { SignalError } from './signal-error.ts';

/** AES-256-CBC with PKCS#7 padding (NIST SP 800-38A, RFC 5652). The caller authenticates first. */

/** Key 32 bytes, iv 16. The result is longer than the plaintext, to a multiple of 16. */
export const encryptCbc = (key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  cbc(key, iv).encrypt(plaintext);

/** @throws SignalError `invalid-message` for a wrong length or padding */
export const decryptCbc = (key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  try {
    return cbc(key, iv).decrypt(ciphertext).slice();
  } catch {
    throw new SignalError('invalid-message');
  }
};
