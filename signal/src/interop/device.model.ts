import type { KeyPair } from '../curve.ts';
import type { KyberPreKey, PreKey, PreKeyBundle, SignedPreKey } from '../pre-keys.ts';
import type { Address } from '../session/address.ts';

/** One device with its stores in memory, of any implementation: what the tests drive. */

export type Ciphertext = { readonly type: 'message' | 'pre-key-message'; readonly body: Uint8Array };

export type Outcome =
  | { readonly verdict: 'accepted'; readonly plaintext: Uint8Array }
  | { readonly verdict: 'duplicate' | 'refused' };

/** All private keys of a device, as bytes: two implementations can be given the same ones. */
export type DeviceKeys = {
  readonly registrationId: number;
  readonly identity: KeyPair;
  readonly signedPreKey: SignedPreKey;
  readonly lastResortKyberPreKey: KyberPreKey;
  /** One-time keys, as many of each kind. */
  readonly preKeys: readonly PreKey[];
  readonly kyberPreKeys: readonly KyberPreKey[];
};

export type Device = {
  readonly address: Address;
  readonly keys: DeviceKeys;
  /** With the one-time keys of this index; null: without any, with the Kyber key of last resort. */
  readonly bundle: (oneTime: number | null) => PreKeyBundle;
  readonly start: (remote: Address, bundle: PreKeyBundle, nowMs?: number) => Promise<void>;
  /** Rejects when there is no session that can encrypt. */
  readonly encrypt: (remote: Address, plaintext: Uint8Array, nowMs?: number) => Promise<Ciphertext>;
  /** `as` is the address under which this device believes to be known. */
  readonly decrypt: (remote: Address, message: Ciphertext, as?: Address) => Promise<Outcome>;
  /** Deletes the session with a peer. */
  readonly forget: (remote: Address) => void;
  /** Everything that decrypting may change, as a text: equal states are equal. */
  readonly state: () => string;
  /** A second device in the same state, which goes its own way from here. */
  readonly fork: () => Device;
};

export const bundleOf = (address: Address, keys: DeviceKeys, oneTime: number | null): PreKeyBundle => {
  const { registrationId, identity, signedPreKey } = keys;
  const preKey = oneTime === null ? undefined : keys.preKeys[oneTime];
  const kyberPreKey = oneTime === null ? keys.lastResortKyberPreKey : keys.kyberPreKeys[oneTime];
  if (kyberPreKey === undefined) throw new RangeError('no such one-time key');
  const signed = ({ id, publicKey, signature }: PreKeyBundle['signedPreKey']) => ({
    ...{ id, publicKey, signature },
  });
  return {
    ...{ registrationId, deviceId: address.deviceId, identityKey: identity.publicKey },
    signedPreKey: signed(signedPreKey),
    kyberPreKey: signed(kyberPreKey),
    preKey: preKey === undefined ? null : { id: preKey.id, publicKey: preKey.publicKey },
  };
};
