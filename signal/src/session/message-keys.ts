import { ascii, wipe } from '../bytes.ts';
import { hkdf, hmac } from '../kdf.ts';

/** The symmetric-key ratchet of signal.org/docs/specifications/doubleratchet: a chain key gives a seed and the next chain key. */

const SEED_INPUT = Uint8Array.of(1);
const NEXT_INPUT = Uint8Array.of(2);
const KEYS_LABEL = ascii('WhisperMessageKeys');

export type MessageKeys = {
  /** AES-256: 32 bytes. */
  readonly cipherKey: Uint8Array;
  /** HMAC-SHA-256: 32 bytes. */
  readonly macKey: Uint8Array;
  /** 16 bytes. */
  readonly iv: Uint8Array;
};

/** 32 bytes, for one message. */
export const seedOf = (chainKey: Uint8Array): Uint8Array => hmac(chainKey, SEED_INPUT);

export const nextChainKey = (chainKey: Uint8Array): Uint8Array => hmac(chainKey, NEXT_INPUT);

/** `pqKey` is the message's key of the post-quantum ratchet (32 bytes), null when that gave none. */
export const messageKeys = (seed: Uint8Array, pqKey: Uint8Array | null): MessageKeys => {
  const output = hkdf(pqKey, seed, KEYS_LABEL, 80);
  const keys = {
    cipherKey: output.slice(0, 32),
    macKey: output.slice(32, 64),
    iv: output.slice(64, 80),
  };
  wipe(output);
  return keys;
};

export const wipeMessageKeys = ({ cipherKey, macKey, iv }: MessageKeys): void => {
  wipe(cipherKey, macKey, iv);
};
