import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from './bytes.ts';
import { parsePublicKey, PUBLIC_KEY_BYTES } from './curve.ts';
import { bytesField, decodeFields, encodeFields, uint32Field, type Fields } from './protobuf.ts';
import { SignalError } from './signal-error.ts';

/**
 * Safety numbers: what two people compare to know that nobody sits between them. One takes some tens of milliseconds:
 * make it in a worker and keep it.
 */
export type SafetyNumber = {
  /** 60 digits, the same on both sides. */
  readonly displayable: string;
  /** For a QR code; see {@link compareScannable}. */
  readonly scannable: Uint8Array;
};

/** One of the two: any bytes that name the user, the same on both sides (Signal: the 16 of the UUID), and the identity key. */
export type FingerprintOwner = { readonly id: Uint8Array; readonly identityKey: Uint8Array };

export type FingerprintOptions = {
  /** Of the scannable form. Both sides need the same. */
  readonly version?: number;
  /** Hashes in all, 2 to 1,000,000: they make it dear to look for a key with a similar number. */
  readonly iterations?: number;
};

const VERSION = 2;
const ITERATIONS = 5200;
const MIN_ITERATIONS = 2;
const MAX_ITERATIONS = 1_000_000;
const MAX_UINT32 = 0xffff_ffff;

/** Goes into the hash; never changed. */
const HASH_VERSION = Uint8Array.of(0, 0);
const HASH_BYTES = 64;

const SCANNABLE_BYTES = 32;
const DIGIT_GROUPS = 6;
const GROUP_BYTES = 5;
const GROUP_DIGITS = 5;

const fingerprintOf = ({ id, identityKey }: FingerprintOwner, iterations: number): Uint8Array => {
  const key = parsePublicKey(identityKey);
  const input = new Uint8Array(HASH_BYTES + PUBLIC_KEY_BYTES);
  input.set(key, HASH_BYTES);
  let hash = sha512(concat(HASH_VERSION, key, id, key));
  for (let count = 1; count < iterations; count += 1) {
    input.set(hash);
    hash = sha512(input);
  }
  return hash;
};

/** 30 digits: 40 bits each give five. */
const digitsOf = (fingerprint: Uint8Array): string => {
  let digits = '';
  for (let group = 0; group < DIGIT_GROUPS; group += 1) {
    let value = 0;
    for (const byte of fingerprint.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES)) {
      value = value * 0x100 + byte;
    }
    digits += String(value % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0');
  }
  return digits;
};

/**
 * One side's half of {@link SafetyNumber.displayable}: 30 digits that name an identity key and its owner.
 *
 * @throws SignalError `invalid-key` for a wrong identity key
 */
export const fingerprintDigits = (owner: FingerprintOwner): string =>
  digitsOf(fingerprintOf(owner, ITERATIONS));

const isInteger = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

/** @throws SignalError `invalid-argument` for a wrong version or count, `invalid-key` for a wrong identity key */
export const safetyNumber = (
  local: FingerprintOwner,
  remote: FingerprintOwner,
  { version = VERSION, iterations = ITERATIONS }: FingerprintOptions = {},
): SafetyNumber => {
  if (!isInteger(iterations, MIN_ITERATIONS, MAX_ITERATIONS) || !isInteger(version, 0, MAX_UINT32)) {
    throw new SignalError('invalid-argument');
  }
  const mine = fingerprintOf(local, iterations);
  const theirs = fingerprintOf(remote, iterations);
  const side = (fingerprint: Uint8Array) => encodeFields([[1, fingerprint.subarray(0, SCANNABLE_BYTES)]]);
  return {
    displayable: [digitsOf(mine), digitsOf(theirs)].sort().join(''),
    scannable: encodeFields([
      [1, version],
      [2, side(mine)],
      [3, side(theirs)],
    ]),
  };
};

const parseScannable = (bytes: Uint8Array): { version: number; local: Uint8Array; remote: Uint8Array } => {
  const fields = decodeFields(bytes);
  const content = (number: number): Uint8Array => required(decodeFields(required(fields, number)), 1);
  return { version: uint32Field(fields, 1) ?? 0, local: content(2), remote: content(3) };
};

const required = (fields: Fields, number: number): Uint8Array => {
  const value = bytesField(fields, number);
  if (value === undefined) throw new SignalError('invalid-fingerprint');
  return value;
};

/**
 * Whether the code that was scanned from the other device belongs to the same two keys as the own one.
 *
 * @throws SignalError `invalid-fingerprint` when the codes are of two versions or one is damaged: no statement is
 *   possible
 */
export const compareScannable = (mine: Uint8Array, scanned: Uint8Array): boolean => {
  const [own, other] = [mine, scanned].map((bytes) => {
    try {
      return parseScannable(bytes);
    } catch {
      throw new SignalError('invalid-fingerprint');
    }
  });
  if (own === undefined || other?.version !== own.version) throw new SignalError('invalid-fingerprint');
  return equalBytes(other.local, own.remote) && equalBytes(other.remote, own.local);
};
