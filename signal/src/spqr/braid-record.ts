import { refuse } from '../signal-error.ts';
import type { RecordReader, RecordWriter } from '../record-format.ts';
import { SIGNED_CIPHERTEXT_2_BYTES, SIGNED_HEADER_BYTES, type BraidState } from './braid-state.ts';
import { CHUNK_BYTES, type Chunk, type Decoder, type Encoder } from './erasure-code.ts';
import {
  CIPHERTEXT_1_BYTES,
  ENCAPSULATION_KEY_BYTES,
  ENCAPSULATION_SECRET_BYTES,
  HEADER_BYTES,
  SEED_BYTES,
} from './incremental-ml-kem-768.ts';

/**
 * A braid state in a record: its kind (u8), epoch (u53), authenticator (64 bytes), then what the kind holds, in the order
 * of its type in braid-state.ts. The owner's key pair is its seed. An encoder is its block and the next index (u16), a
 * decoder the number of its chunks (u8) and each one's index (u16) and bytes.
 */

/** In the order of their numbers in a record: never change it. */
const KINDS = [
  'KeysUnsampled',
  'KeysSampled',
  'HeaderSent',
  'Ct1Received',
  'EkSentCt1Received',
  'NoHeaderReceived',
  'HeaderReceived',
  'Ct1Sampled',
  'EkReceivedCt1Sampled',
  'Ct1Acknowledged',
  'Ct2Sampled',
] as const satisfies readonly BraidState['kind'][];

const KEY_BYTES = 32;

const writeEncoder = (writer: RecordWriter, { block, next }: Encoder): void => {
  writer.raw(block);
  writer.u16(next);
};

const writeDecoder = (writer: RecordWriter, chunks: Decoder): void => {
  writer.u8(chunks.length);
  for (const { index, bytes } of chunks) {
    writer.u16(index);
    writer.raw(bytes);
  }
};

export const writeBraid = (writer: RecordWriter, state: BraidState): void => {
  writer.u8(KINDS.indexOf(state.kind));
  writer.u53(state.epoch);
  writer.raw(state.authenticator.root);
  writer.raw(state.authenticator.mac);
  switch (state.kind) {
    case 'KeysUnsampled':
      return;
    case 'KeysSampled':
      writer.raw(state.seed);
      writeEncoder(writer, state.header);
      return;
    case 'HeaderSent':
      writer.raw(state.seed);
      writeEncoder(writer, state.encapsulationKey);
      writeDecoder(writer, state.ciphertext1);
      return;
    case 'Ct1Received':
      writer.raw(state.seed);
      writeEncoder(writer, state.encapsulationKey);
      writer.raw(state.ciphertext1);
      return;
    case 'EkSentCt1Received':
      writer.raw(state.seed);
      writer.raw(state.ciphertext1);
      writeDecoder(writer, state.ciphertext2);
      return;
    case 'NoHeaderReceived':
      writeDecoder(writer, state.header);
      return;
    case 'HeaderReceived':
      writer.raw(state.header);
      return;
    case 'Ct1Sampled':
      writer.raw(state.header);
      writer.raw(state.encapsulation);
      writeEncoder(writer, state.ciphertext1);
      writeDecoder(writer, state.encapsulationKey);
      return;
    case 'EkReceivedCt1Sampled':
      writer.raw(state.encapsulation);
      writeEncoder(writer, state.ciphertext1);
      writer.raw(state.encapsulationKey);
      return;
    case 'Ct1Acknowledged':
      writer.raw(state.header);
      writer.raw(state.encapsulation);
      writer.raw(state.ciphertext1);
      writeDecoder(writer, state.encapsulationKey);
      return;
    case 'Ct2Sampled':
      writeEncoder(writer, state.ciphertext2);
      return;
  }
};

const readEncoder = (reader: RecordReader, blockBytes: number): Encoder => ({
  block: reader.raw(blockBytes),
  next: reader.u16(),
});

/** At least `least` chunks, and fewer than the block has. */
const readDecoder = (reader: RecordReader, blockBytes: number, least: number): Decoder => {
  const count = reader.u8();
  if (count < least || count * CHUNK_BYTES >= blockBytes) refuse('invalid-record');
  const chunks: Chunk[] = [];
  for (let last = -1; chunks.length < count;) {
    const index = reader.u16();
    if (index <= last) refuse('invalid-record');
    chunks.push({ index, bytes: reader.raw(CHUNK_BYTES) });
    last = index;
  }
  return chunks;
};

/** @throws SignalError `invalid-record` */
export const readBraid = (reader: RecordReader): BraidState => {
  const kind = KINDS[reader.u8()] ?? refuse('invalid-record');
  const epoch = reader.u53();
  if (epoch === 0) refuse('invalid-record');
  const authenticator = { root: reader.raw(KEY_BYTES), mac: reader.raw(KEY_BYTES) };
  const base = { epoch, authenticator };
  // Members are read in the order in which they stand.
  switch (kind) {
    case 'KeysUnsampled':
      return { kind, ...base };
    case 'KeysSampled':
      return {
        kind,
        ...base,
        seed: reader.raw(SEED_BYTES),
        header: readEncoder(reader, SIGNED_HEADER_BYTES),
      };
    case 'HeaderSent':
      return {
        kind,
        ...base,
        seed: reader.raw(SEED_BYTES),
        encapsulationKey: readEncoder(reader, ENCAPSULATION_KEY_BYTES),
        ciphertext1: readDecoder(reader, CIPHERTEXT_1_BYTES, 1),
      };
    case 'Ct1Received':
      return {
        kind,
        ...base,
        seed: reader.raw(SEED_BYTES),
        encapsulationKey: readEncoder(reader, ENCAPSULATION_KEY_BYTES),
        ciphertext1: reader.raw(CIPHERTEXT_1_BYTES),
      };
    case 'EkSentCt1Received':
      return {
        kind,
        ...base,
        seed: reader.raw(SEED_BYTES),
        ciphertext1: reader.raw(CIPHERTEXT_1_BYTES),
        ciphertext2: readDecoder(reader, SIGNED_CIPHERTEXT_2_BYTES, 1),
      };
    case 'NoHeaderReceived':
      return { kind, ...base, header: readDecoder(reader, SIGNED_HEADER_BYTES, 0) };
    case 'HeaderReceived':
      return { kind, ...base, header: reader.raw(HEADER_BYTES) };
    case 'Ct1Sampled':
      return {
        kind,
        ...base,
        header: reader.raw(HEADER_BYTES),
        encapsulation: reader.raw(ENCAPSULATION_SECRET_BYTES),
        ciphertext1: readEncoder(reader, CIPHERTEXT_1_BYTES),
        encapsulationKey: readDecoder(reader, ENCAPSULATION_KEY_BYTES, 0),
      };
    case 'EkReceivedCt1Sampled':
      return {
        kind,
        ...base,
        encapsulation: reader.raw(ENCAPSULATION_SECRET_BYTES),
        ciphertext1: readEncoder(reader, CIPHERTEXT_1_BYTES),
        encapsulationKey: reader.raw(ENCAPSULATION_KEY_BYTES),
      };
    case 'Ct1Acknowledged':
      return {
        kind,
        ...base,
        header: reader.raw(HEADER_BYTES),
        encapsulation: reader.raw(ENCAPSULATION_SECRET_BYTES),
        ciphertext1: reader.raw(CIPHERTEXT_1_BYTES),
        encapsulationKey: readDecoder(reader, ENCAPSULATION_KEY_BYTES, 1),
      };
    case 'Ct2Sampled':
      return { kind, ...base, ciphertext2: readEncoder(reader, SIGNED_CIPHERTEXT_2_BYTES) };
  }
};
