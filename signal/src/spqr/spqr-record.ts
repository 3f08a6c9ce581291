import type { RecordReader, RecordWriter } from '../record-format.ts';
import { refuse } from '../signal-error.ts';
import { readBraid, writeBraid } from './braid-record.ts';
import type { BraidState } from './braid-state.ts';
import type { SpqrState } from './spqr.ts';
import {
  MAX_KEPT_DISTANCE,
  type Direction,
  type Link,
  type ReceivingChain,
  type SkippedKey,
  type SymmetricChains,
} from './symmetric-chains.ts';

/**
 * An SPQR state in a record: the braid, the direction (u8), the next root (32 bytes), how far the send epoch is behind
 * the current one (u8), then the links, oldest first: the sending chain unless its epoch is over, the receiving chain.
 * The current epoch and the number of links follow from the braid. A chain is its counter (u32) and chain key (32
 * bytes); a receiving one has also the number of skipped keys (u16), and of each the distance from the counter (u16)
 * and its 32 bytes.
 */

const KEY_BYTES = 32;
/** In the order of their numbers in a record. */
const DIRECTIONS = ['a-to-b', 'b-to-a'] as const satisfies readonly Direction[];

/** The newest chain epoch: the encapsulator has the link of its braid epoch before the owner has it. */
const currentEpochOf = ({ kind, epoch }: BraidState): number => {
  switch (kind) {
    case 'Ct1Sampled':
    case 'EkReceivedCt1Sampled':
    case 'Ct1Acknowledged':
    case 'Ct2Sampled':
      return epoch;
    default:
      return epoch - 1;
  }
};

/** The send epochs that a state can have: a side that has not sent yet in its braid epoch is one behind it. */
const sendEpochsOf = ({ kind, epoch }: BraidState): readonly number[] => {
  const inStep = epoch - 1;
  switch (kind) {
    case 'KeysUnsampled':
      return [Math.max(0, inStep - 1)];
    case 'NoHeaderReceived':
    case 'HeaderReceived':
      return [Math.max(0, inStep - 1), inStep];
    default:
      return [inStep];
  }
};

const writeReceiving = (writer: RecordWriter, { counter, next, skipped }: ReceivingChain): void => {
  writer.u32(counter);
  writer.raw(next);
  writer.u16(skipped.length);
  for (const { index, key } of skipped) {
    writer.u16(counter - index);
    writer.raw(key);
  }
};

export const writeSpqr = (writer: RecordWriter, { braid, chains }: SpqrState): void => {
  writeBraid(writer, braid);
  writer.u8(DIRECTIONS.indexOf(chains.direction));
  writer.raw(chains.nextRoot);
  writer.u8(chains.currentEpoch - chains.sendEpoch);
  for (const { sending, receiving } of chains.links) {
    if (sending) {
      writer.u32(sending.counter);
      writer.raw(sending.next);
    }
    writeReceiving(writer, receiving);
  }
};

const readReceiving = (reader: RecordReader): ReceivingChain => {
  const counter = reader.u32();
  const next = reader.raw(KEY_BYTES);
  const count = reader.u16();
  const skipped: SkippedKey[] = [];
  for (let last = Math.min(counter, MAX_KEPT_DISTANCE + 1); skipped.length < count;) {
    const distance = reader.u16();
    if (distance === 0 || distance >= last) refuse('invalid-record');
    skipped.push({ index: counter - distance, key: reader.raw(KEY_BYTES) });
    last = distance;
  }
  return { counter, next, skipped };
};

const readChains = (reader: RecordReader, braid: BraidState): SymmetricChains => {
  const direction = DIRECTIONS[reader.u8()] ?? refuse('invalid-record');
  const nextRoot = reader.raw(KEY_BYTES);
  const currentEpoch = currentEpochOf(braid);
  const sendEpoch = currentEpoch - reader.u8();
  if (!sendEpochsOf(braid).includes(sendEpoch)) refuse('invalid-record');
  const links: Link[] = [];
  for (let epoch = Math.max(0, sendEpoch - 1); epoch <= currentEpoch; epoch += 1) {
    const sending = epoch < sendEpoch ? null : { counter: reader.u32(), next: reader.raw(KEY_BYTES) };
    links.push({ sending, receiving: readReceiving(reader) });
  }
  return { direction, nextRoot, currentEpoch, sendEpoch, links };
};

/** @throws SignalError `invalid-record` when it is nothing that `writeSpqr` writes */
export const readSpqr = (reader: RecordReader): SpqrState => {
  const braid = readBraid(reader);
  return { braid, chains: readChains(reader, braid) };
};
