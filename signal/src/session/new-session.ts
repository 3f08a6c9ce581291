import { wipe } from '../bytes.ts';
import { generateKeyPair, type KeyPair } from '../curve.ts';
import type { KyberKeyPair } from '../kyber1024.ts';
import type { PreKeyBundle } from '../pre-keys.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { initSpqr } from '../spqr/spqr.ts';
import type { LocalDevice } from './address.ts';
import { initiatorRatchet, responderRatchet } from './double-ratchet.ts';
import { acceptHandshake, initiateHandshake } from './pqxdh.ts';
import type { PreKeyMessage } from './pre-key-message.ts';
import type { SessionState } from './session-state.ts';

/** The handshake that a pre-key message was made with. */
export type Handshake = Pick<PreKeyMessage, 'preKeyId' | 'signedPreKeyId' | 'kyberPreKeyId' | 'baseKey'>;

export const handshakeOf = (message: PreKeyMessage): Handshake => {
  const { preKeyId, signedPreKeyId, kyberPreKeyId, baseKey } = message;
  return { preKeyId, signedPreKeyId, kyberPreKeyId, baseKey };
};

/** This device's pre-keys, by id. Undefined is a key that is not (or no longer) there. */
export type PreKeyLookup = {
  readonly preKey: (id: number) => KeyPair | undefined;
  readonly signedPreKey: (id: number) => KeyPair | undefined;
  readonly kyberPreKey: (id: number) => KyberKeyPair | undefined;
  /**
   * Whether a message has started a session with this Kyber key, signed pre-key and base key before. Has to be
   * remembered as long as the Kyber key is kept, else an old first message starts its session again.
   */
  readonly isUsed: (handshake: Handshake) => boolean;
};

/**
 * The initiator's session, from a bundle that was verified. Draws 32 bytes for the base key, 32 for Kyber and 32 for
 * the ratchet key.
 *
 * @throws SignalError `invalid-key`
 */
export const initiateSession = (
  local: LocalDevice,
  bundle: PreKeyBundle,
  createdSeconds: number,
  random: RandomBytes,
): SessionState => {
  const { keys, baseKey, kyberCiphertext } = initiateHandshake(
    {
      identity: local.identity,
      remoteIdentity: bundle.identityKey,
      signedPreKey: bundle.signedPreKey.publicKey,
      preKey: bundle.preKey === null ? null : bundle.preKey.publicKey,
      kyberPreKey: bundle.kyberPreKey.publicKey,
    },
    random,
  );
  const ratchet = initiatorRatchet(keys, bundle.signedPreKey.publicKey.slice(), generateKeyPair(random));
  const spqr = initSpqr(keys.pqrKey, 'a-to-b');
  wipe(keys.rootKey, keys.pqrKey);
  return {
    localIdentity: local.identity.publicKey,
    remoteIdentity: bundle.identityKey.slice(),
    localRegistrationId: local.registrationId,
    remoteRegistrationId: bundle.registrationId,
    ...{ baseKey, ratchet, spqr },
    pending: {
      preKeyId: bundle.preKey === null ? null : bundle.preKey.id,
      signedPreKeyId: bundle.signedPreKey.id,
      kyberPreKeyId: bundle.kyberPreKey.id,
      ...{ kyberCiphertext, createdSeconds },
    },
  };
};

const ownKey = <K>(key: K | undefined): K => {
  if (key === undefined) throw new SignalError('unknown-pre-key');
  return key;
};

/**
 * The responder's session. Nothing vouches for the message yet: keep the session only after the message inside was
 * decrypted.
 *
 * @throws SignalError `unknown-pre-key`, `invalid-message`, `invalid-key`
 */
export const acceptSession = (
  local: LocalDevice,
  lookup: PreKeyLookup,
  message: PreKeyMessage,
): SessionState => {
  const { identityKey, baseKey, kyberCiphertext } = message;
  const signedPreKey = ownKey(lookup.signedPreKey(message.signedPreKeyId));
  const kyberPreKey = ownKey(lookup.kyberPreKey(message.kyberPreKeyId));
  const preKey = message.preKeyId === null ? null : ownKey(lookup.preKey(message.preKeyId));
  if (lookup.isUsed(handshakeOf(message))) throw new SignalError('invalid-message');
  const { identity } = local;
  const keys = acceptHandshake({
    ...{ identity, signedPreKey, preKey, kyberPreKey },
    ...{ remoteIdentity: identityKey, baseKey, kyberCiphertext },
  });
  const spqr = initSpqr(keys.pqrKey, 'b-to-a');
  wipe(keys.pqrKey);
  return {
    localIdentity: identity.publicKey,
    remoteIdentity: identityKey,
    localRegistrationId: local.registrationId,
    remoteRegistrationId: message.registrationId,
    ...{ baseKey, spqr },
    ratchet: responderRatchet(keys, signedPreKey),
    pending: null,
  };
};
