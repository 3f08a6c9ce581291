import { ascii, concat, wipe } from '../bytes.ts';
import { agree, generateKeyPair, isCanonical, type KeyPair } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import { decapsulate, encapsulate, type KyberKeyPair } from '../kyber1024.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';

/**
 * PQXDH (signal.org/docs/specifications/pqxdh): a secret that both sides get from the bundle of one and a first
 * message of the other. The initiator's base key is fresh in every handshake.
 */
export type HandshakeKeys = {
  /** 32 bytes each. */
  readonly rootKey: Uint8Array;
  readonly chainKey: Uint8Array;
  /** Of the post-quantum ratchet. */
  readonly pqrKey: Uint8Array;
};

const LABEL = ascii('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024');

/** Keeps the input apart from any XEdDSA input, as X3DH asks for. */
const PREFIX = new Uint8Array(32).fill(0xff);

/** Makes the Diffie-Hellman outputs in order, then Kyber's shared secret, and wipes them, also when one fails. */
const handshakeKeys = (...agreements: readonly (() => Uint8Array)[]): HandshakeKeys => {
  const secrets: Uint8Array[] = [];
  try {
    for (const agreement of agreements) secrets.push(agreement());
    const input = concat(PREFIX, ...secrets);
    const output = hkdf(null, input, LABEL, 96);
    const keys = {
      rootKey: output.slice(0, 32),
      chainKey: output.slice(32, 64),
      pqrKey: output.slice(64, 96),
    };
    wipe(input, output);
    return keys;
  } finally {
    wipe(...secrets);
  }
};

/** The other side's public keys: 33 bytes, Kyber's 1569. */
export type InitiatorInput = {
  readonly identity: KeyPair;
  readonly remoteIdentity: Uint8Array;
  readonly signedPreKey: Uint8Array;
  /** Null when the bundle had none. */
  readonly preKey: Uint8Array | null;
  readonly kyberPreKey: Uint8Array;
};

/** @throws SignalError `invalid-key` */
export const initiateHandshake = (
  { identity, remoteIdentity, signedPreKey, preKey, kyberPreKey }: InitiatorInput,
  random: RandomBytes,
): {
  readonly keys: HandshakeKeys;
  readonly baseKey: Uint8Array;
  readonly kyberCiphertext: Uint8Array;
} => {
  const base = generateKeyPair(random);
  const secrets = [base.privateKey];
  try {
    const { ciphertext, sharedSecret } = encapsulate(kyberPreKey, random);
    secrets.push(sharedSecret);
    const keys = handshakeKeys(
      () => agree(identity.privateKey, signedPreKey),
      () => agree(base.privateKey, remoteIdentity),
      () => agree(base.privateKey, signedPreKey),
      ...(preKey === null ? [] : [() => agree(base.privateKey, preKey)]),
      () => sharedSecret,
    );
    return { keys, baseKey: base.publicKey, kyberCiphertext: ciphertext };
  } finally {
    wipe(...secrets);
  }
};

/** The own key pairs that the message names, and what it brings. */
export type ResponderInput = {
  readonly identity: KeyPair;
  readonly signedPreKey: KeyPair;
  /** Null when the message names none. */
  readonly preKey: KeyPair | null;
  readonly kyberPreKey: KyberKeyPair;
  readonly remoteIdentity: Uint8Array;
  readonly baseKey: Uint8Array;
  readonly kyberCiphertext: Uint8Array;
};

/** @throws SignalError `invalid-key`, `invalid-message` */
export const acceptHandshake = (input: ResponderInput): HandshakeKeys => {
  const { identity, signedPreKey, preKey, remoteIdentity, baseKey } = input;
  if (!isCanonical(baseKey)) throw new SignalError('invalid-message');
  return handshakeKeys(
    () => agree(signedPreKey.privateKey, remoteIdentity),
    () => agree(identity.privateKey, baseKey),
    () => agree(signedPreKey.privateKey, baseKey),
    ...(preKey === null ? [] : [() => agree(preKey.privateKey, baseKey)]),
    () => decapsulate(input.kyberPreKey.secretKey, input.kyberCiphertext),
  );
};
