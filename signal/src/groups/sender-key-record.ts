import { hasPublicForm, isPrivateKey, PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES } from '../curve.ts';
import {
  createRecordReader,
  createRecordWriter,
  type RecordReader,
  type RecordWriter,
} from '../record-format.ts';
import { openRecord, sealRecord } from '../record-seal.ts';
import { areSkippedSeeds } from '../session/skipped-seeds.ts';
import { refuse } from '../signal-error.ts';
import {
  DISTRIBUTION_ID_BYTES,
  MAX_STATES,
  type SenderKeyRecord,
  type SenderKeyState,
  type SigningKey,
} from './sender-key-state.ts';

/**
 * Stored form of a sender-key record: version, distribution id, number of states, then for each its chain id (u32), 1
 * and the private signing key or 0 and the public one, counter (u32), chain key, skipped seeds.
 */

const FORMAT_VERSION = 1;
const CHAIN_KEY_BYTES = 32;

const writeSigningKey = (writer: RecordWriter, key: SigningKey): void => {
  writer.u8(key.isOwn ? 1 : 0);
  writer.raw(key.isOwn ? key.privateKey : key.publicKey);
};

const readSigningKey = (reader: RecordReader): SigningKey => {
  const kind = reader.u8();
  if (kind === 1) {
    const privateKey = reader.raw(PRIVATE_KEY_BYTES);
    return isPrivateKey(privateKey) ? { isOwn: true, privateKey } : refuse('invalid-record');
  }
  if (kind !== 0) return refuse('invalid-record');
  const publicKey = reader.raw(PUBLIC_KEY_BYTES);
  return hasPublicForm(publicKey) ? { isOwn: false, publicKey } : refuse('invalid-record');
};

const writeState = (writer: RecordWriter, { chainId, signingKey, chain }: SenderKeyState): void => {
  writer.u32(chainId);
  writeSigningKey(writer, signingKey);
  writer.u32(chain.counter);
  writer.raw(chain.chainKey);
  writer.blob(chain.skipped);
};

const readState = (reader: RecordReader): SenderKeyState => {
  const chainId = reader.u32();
  const signingKey = readSigningKey(reader);
  const counter = reader.u32();
  const chainKey = reader.raw(CHAIN_KEY_BYTES);
  const skipped = reader.blob();
  if (!areSkippedSeeds(skipped, counter)) return refuse('invalid-record');
  return { chainId, signingKey, chain: { chainKey, counter, skipped } };
};

/** To be stored as a secret. Equal records are equal bytes. */
export const encodeSenderKeyRecord = ({ distributionId, states }: SenderKeyRecord): Uint8Array => {
  const writer = createRecordWriter();
  writer.u8(FORMAT_VERSION);
  writer.raw(distributionId);
  writer.u8(states.length);
  for (const state of states) writeState(writer, state);
  return sealRecord(writer.finish());
};

/** @throws SignalError `invalid-record` for bytes that {@link encodeSenderKeyRecord} does not write */
export const decodeSenderKeyRecord = (bytes: Uint8Array): SenderKeyRecord => {
  const reader = createRecordReader(openRecord(bytes));
  if (reader.u8() !== FORMAT_VERSION) return refuse('invalid-record');
  const distributionId = reader.raw(DISTRIBUTION_ID_BYTES);
  const count = reader.u8();
  if (count < 1 || count > MAX_STATES) return refuse('invalid-record');
  const states = Array.from({ length: count }, () => readState(reader));
  reader.end();
  const chainIds = new Set(states.map(({ chainId }) => chainId));
  return chainIds.size === count ? { distributionId, states } : refuse('invalid-record');
};
