import { ascii, be64, concat } from '../bytes.ts';
import { hkdf, hmac } from '../kdf.ts';

/** The MACs of the ML-KEM Braid (signal.org/docs/specifications/mlkembraid), and the secrets it gives. */

export const MAC_BYTES = 32;

/** Two keys of 32 bytes. */
export type Authenticator = { readonly root: Uint8Array; readonly mac: Uint8Array };

const PROTOCOL = 'Signal_PQCKA_V1_MLKEM768';
const label = (purpose: string, epoch: number): Uint8Array =>
  concat(ascii(`${PROTOCOL}:${purpose}`), be64(epoch));

/** The authenticator after `secret` (32 bytes) of an epoch. */
export const updateAuthenticator = (
  { root }: Authenticator,
  epoch: number,
  secret: Uint8Array,
): Authenticator => {
  const output = hkdf(null, concat(root, secret), label('Authenticator Update', epoch), 64);
  return { root: output.slice(0, 32), mac: output.slice(32) };
};

/** @param pqrKey 32 bytes of the handshake */
export const initAuthenticator = (pqrKey: Uint8Array): Authenticator =>
  updateAuthenticator({ root: new Uint8Array(32), mac: new Uint8Array(32) }, 1, pqrKey);

export const macOfHeader = ({ mac }: Authenticator, epoch: number, header: Uint8Array): Uint8Array =>
  hmac(mac, concat(label('ekheader', epoch), header));

export const macOfCiphertext = ({ mac }: Authenticator, epoch: number, ciphertext: Uint8Array): Uint8Array =>
  hmac(mac, concat(label('ciphertext', epoch), ciphertext));

/** What an epoch gives the chains: 32 bytes of the shared secret of ML-KEM. */
export const epochSecretOf = (epoch: number, sharedSecret: Uint8Array): Uint8Array =>
  hkdf(null, sharedSecret, label('SCKA Key', epoch), 32);
