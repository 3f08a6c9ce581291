import { hasPublicForm, PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES, type KeyPair } from '../curve.ts';
import { KYBER_CIPHERTEXT_BYTES } from '../kyber1024.ts';
import type { RecordReader, RecordWriter } from '../record-format.ts';
import { refuse, SignalError } from '../signal-error.ts';
import { readSpqr, writeSpqr } from '../spqr/spqr-record.ts';
import { MAX_RECEIVING_CHAINS, type DoubleRatchet, type SendingChain } from './double-ratchet.ts';
import type { ReceivingChain } from './receiving-chain.ts';
import type { PendingHandshake, SessionState } from './session-state.ts';
import { areSkippedSeeds } from './skipped-seeds.ts';

/** One session in a record: fields in the order of their types, lists behind their length, what may be null behind 0 or 1. */

const KEY_BYTES = 32;

const readFlag = (reader: RecordReader): boolean => {
  const flag = reader.u8();
  if (flag > 1) throw new SignalError('invalid-record');
  return flag === 1;
};

/** Earlier releases took keys in their other form, so it may be stored. */
const readPublicKey = (reader: RecordReader): Uint8Array => {
  const stored = reader.raw(PUBLIC_KEY_BYTES);
  return hasPublicForm(stored) ? stored : refuse('invalid-record');
};

const writeKeyPair = (writer: RecordWriter, { publicKey, privateKey }: KeyPair): void => {
  writer.raw(publicKey);
  writer.raw(privateKey);
};

const readKeyPair = (reader: RecordReader): KeyPair => ({
  publicKey: readPublicKey(reader),
  privateKey: reader.raw(PRIVATE_KEY_BYTES),
});

const writeSendingChain = (writer: RecordWriter, chain: SendingChain): void => {
  writeKeyPair(writer, chain.ratchetKey);
  writer.raw(chain.chainKey);
  writer.u32(chain.counter);
};

const readSendingChain = (reader: RecordReader): SendingChain => ({
  ratchetKey: readKeyPair(reader),
  chainKey: reader.raw(KEY_BYTES),
  counter: reader.u32(),
});

const writeReceivingChain = (writer: RecordWriter, chain: ReceivingChain): void => {
  writer.raw(chain.ratchetKey);
  writer.raw(chain.chainKey);
  writer.u32(chain.counter);
  writer.blob(chain.skipped);
};

const readReceivingChain = (reader: RecordReader): ReceivingChain => {
  const ratchetKey = readPublicKey(reader);
  const chainKey = reader.raw(KEY_BYTES);
  const counter = reader.u32();
  const skipped = reader.blob();
  if (!areSkippedSeeds(skipped, counter)) throw new SignalError('invalid-record');
  return { ratchetKey, chainKey, counter, skipped };
};

const writeRatchet = (writer: RecordWriter, ratchet: DoubleRatchet): void => {
  writer.raw(ratchet.rootKey);
  writeSendingChain(writer, ratchet.sending);
  writer.u32(ratchet.previousCounter);
  writer.u8(ratchet.receiving.length);
  for (const chain of ratchet.receiving) writeReceivingChain(writer, chain);
};

const readRatchet = (reader: RecordReader): DoubleRatchet => {
  const rootKey = reader.raw(KEY_BYTES);
  const sending = readSendingChain(reader);
  const previousCounter = reader.u32();
  const count = reader.u8();
  if (count > MAX_RECEIVING_CHAINS) throw new SignalError('invalid-record');
  const receiving: ReceivingChain[] = [];
  for (let index = 0; index < count; index += 1) receiving.push(readReceivingChain(reader));
  return { rootKey, sending, previousCounter, receiving };
};

const writePending = (writer: RecordWriter, pending: PendingHandshake): void => {
  writer.u8(pending.preKeyId === null ? 0 : 1);
  if (pending.preKeyId !== null) writer.u32(pending.preKeyId);
  writer.u32(pending.signedPreKeyId);
  writer.u32(pending.kyberPreKeyId);
  writer.raw(pending.kyberCiphertext);
  writer.u53(pending.createdSeconds);
};

const readPending = (reader: RecordReader): PendingHandshake => ({
  preKeyId: readFlag(reader) ? reader.u32() : null,
  signedPreKeyId: reader.u32(),
  kyberPreKeyId: reader.u32(),
  kyberCiphertext: reader.raw(KYBER_CIPHERTEXT_BYTES),
  createdSeconds: reader.u53(),
});

export const writeSession = (writer: RecordWriter, session: SessionState): void => {
  writer.raw(session.localIdentity);
  writer.raw(session.remoteIdentity);
  writer.u32(session.localRegistrationId);
  writer.u32(session.remoteRegistrationId);
  writer.raw(session.baseKey);
  writeRatchet(writer, session.ratchet);
  writeSpqr(writer, session.spqr);
  writer.u8(session.pending === null ? 0 : 1);
  if (session.pending !== null) writePending(writer, session.pending);
};

/** @throws SignalError `invalid-record` */
export const readSession = (reader: RecordReader): SessionState => ({
  localIdentity: readPublicKey(reader),
  remoteIdentity: readPublicKey(reader),
  localRegistrationId: reader.u32(),
  remoteRegistrationId: reader.u32(),
  baseKey: readPublicKey(reader),
  ratchet: readRatchet(reader),
  spqr: readSpqr(reader),
  pending: readFlag(reader) ? readPending(reader) : null,
});
