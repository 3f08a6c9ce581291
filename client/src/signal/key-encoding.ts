import type { Address, KeyPair, LocalDevice, PreKeyBundle } from '@restante/signal';
import type { DeviceAddress, KeyBundle, KyberPreKey, SignedPreKey } from '@restante/protocol';
import { fromBase64, toBase64 } from '../base64.ts';
import type { LocalIdentity } from '../vault/tables.ts';

/** Keys of `@restante/signal` as the vault and the master's API hold them, and back. */

const PUBLIC_KEY_BYTES = 33;

/** The identity's key pair in the vault: public key (33 bytes), private key (32). */
export const encodeKeyPair = ({ publicKey, privateKey }: KeyPair): Uint8Array => {
  const bytes = new Uint8Array(publicKey.length + privateKey.length);
  bytes.set(publicKey);
  bytes.set(privateKey, publicKey.length);
  return bytes;
};

export const identityOf = ({ keyPair }: LocalIdentity): KeyPair => ({
  publicKey: keyPair.slice(0, PUBLIC_KEY_BYTES),
  privateKey: keyPair.slice(PUBLIC_KEY_BYTES),
});

export const addressOf = ({ accountId, deviceId }: DeviceAddress): Address => ({ name: accountId, deviceId });

export const localDevice = (identity: LocalIdentity, local: DeviceAddress): LocalDevice => ({
  identity: identityOf(identity),
  registrationId: identity.registrationId,
  address: addressOf(local),
});

type Signed = PreKeyBundle['signedPreKey'];

export const encodeSigned = ({ id, publicKey, signature }: Signed): SignedPreKey => ({
  keyId: id,
  publicKey: toBase64(publicKey),
  signature: toBase64(signature),
});

const decodeSigned = ({ keyId, publicKey, signature }: SignedPreKey | KyberPreKey): Signed => ({
  id: keyId,
  publicKey: fromBase64(publicKey),
  signature: fromBase64(signature),
});

export const bundleOf = (bundle: KeyBundle): PreKeyBundle => ({
  registrationId: bundle.registrationId,
  deviceId: bundle.deviceId,
  identityKey: fromBase64(bundle.identityKey),
  signedPreKey: decodeSigned(bundle.signedPreKey),
  kyberPreKey: decodeSigned(bundle.kyberPreKey),
  preKey: bundle.preKey ? { id: bundle.preKey.keyId, publicKey: fromBase64(bundle.preKey.publicKey) } : null,
});
