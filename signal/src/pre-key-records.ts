import { isPrivateKey, keyPairOf, PRIVATE_KEY_BYTES, type KeyPair } from './curve.ts';
import { KYBER_SECRET_KEY_BYTES, kyberKeyPairOf } from './kyber1024.ts';
import type { KyberPreKey, PreKey, SignedPreKey } from './pre-keys.ts';
import { createRecordReader, createRecordWriter, type RecordReader } from './record-format.ts';
import { openRecord, sealRecord } from './record-seal.ts';
import { refuse } from './signal-error.ts';
import { SIGNATURE_BYTES } from './xeddsa.ts';

/**
 * Stored forms of pre-keys. Public keys are not stored: they follow from the private ones. Every `decode` throws
 * SignalError `invalid-record` for bytes that `encode` does not write.
 *
 * Pre-key (37 bytes): version, id (u32), private key. Signed pre-key (109): the same, creation time in milliseconds,
 * signature. Kyber pre-key (3247): version, id, 1 for last resort or 0, secret key, creation time, signature.
 */

const VERSION = 1;

const readVersion = (reader: RecordReader): void => {
  if (reader.u8() !== VERSION) refuse('invalid-record');
};

/** Refuses a key that is not clamped. */
const readKeyPair = (reader: RecordReader): KeyPair => {
  const privateKey = reader.raw(PRIVATE_KEY_BYTES);
  return isPrivateKey(privateKey) ? keyPairOf(privateKey) : refuse('invalid-record');
};

const readKyberSecretKey = (reader: RecordReader): ReturnType<typeof kyberKeyPairOf> => {
  const stored = reader.raw(KYBER_SECRET_KEY_BYTES);
  try {
    return kyberKeyPairOf(stored);
  } catch {
    return refuse('invalid-record');
  }
};

const readFlag = (reader: RecordReader): boolean => {
  const value = reader.u8();
  return value <= 1 ? value === 1 : refuse('invalid-record');
};

export const encodePreKey = ({ id, privateKey }: PreKey): Uint8Array => {
  const writer = createRecordWriter();
  writer.u8(VERSION);
  writer.u32(id);
  writer.raw(privateKey);
  return sealRecord(writer.finish());
};

export const decodePreKey = (bytes: Uint8Array): PreKey => {
  const reader = createRecordReader(openRecord(bytes));
  readVersion(reader);
  const preKey = { id: reader.u32(), ...readKeyPair(reader) };
  reader.end();
  return preKey;
};

export const encodeSignedPreKey = ({ id, privateKey, createdMs, signature }: SignedPreKey): Uint8Array => {
  const writer = createRecordWriter();
  writer.u8(VERSION);
  writer.u32(id);
  writer.raw(privateKey);
  writer.u53(createdMs);
  writer.raw(signature);
  return sealRecord(writer.finish());
};

export const decodeSignedPreKey = (bytes: Uint8Array): SignedPreKey => {
  const reader = createRecordReader(openRecord(bytes));
  readVersion(reader);
  const id = reader.u32();
  const pair = readKeyPair(reader);
  const createdMs = reader.u53();
  const signature = reader.raw(SIGNATURE_BYTES);
  reader.end();
  return { id, ...pair, signature, createdMs };
};

export const encodeKyberPreKey = (preKey: KyberPreKey): Uint8Array => {
  const writer = createRecordWriter();
  writer.u8(VERSION);
  writer.u32(preKey.id);
  writer.u8(preKey.isLastResort ? 1 : 0);
  writer.raw(preKey.secretKey);
  writer.u53(preKey.createdMs);
  writer.raw(preKey.signature);
  return sealRecord(writer.finish());
};

export const decodeKyberPreKey = (bytes: Uint8Array): KyberPreKey => {
  const reader = createRecordReader(openRecord(bytes));
  readVersion(reader);
  const id = reader.u32();
  const isLastResort = readFlag(reader);
  const pair = readKyberSecretKey(reader);
  const createdMs = reader.u53();
  const signature = reader.raw(SIGNATURE_BYTES);
  reader.end();
  return { id, ...pair, signature, createdMs, isLastResort };
};
