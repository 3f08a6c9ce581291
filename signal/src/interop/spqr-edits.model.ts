import type { SeededRandom } from '@restante/testkit/seeded-random';
import { concat } from '../bytes.ts';
import { decodeVarint } from '../varint.ts';
import { rawVarint, type RawField } from './raw-fields.model.ts';

/** What the post-quantum ratchet says in a message: field 5, taken apart. */
type Said = {
  readonly version: number;
  readonly epoch: number;
  readonly index: number;
  readonly type: number;
  readonly chunkIndex: number | null;
  readonly rest: Uint8Array;
};

const PQ_RATCHET = 5;
const CHUNK_BYTES = 32;
const TYPES_WITH_CHUNK = [1, 2, 3, 5, 6];

const read = (bytes: Uint8Array): Said => {
  const epoch = decodeVarint(bytes, 1);
  const index = decodeVarint(bytes, epoch.end);
  const type = bytes[index.end] ?? 0;
  const head = { version: bytes[0] ?? 0, epoch: epoch.value, index: index.value, type };
  if (!TYPES_WITH_CHUNK.includes(type))
    return { ...head, chunkIndex: null, rest: bytes.slice(index.end + 1) };
  const chunkIndex = decodeVarint(bytes, index.end + 1);
  return { ...head, chunkIndex: chunkIndex.value, rest: bytes.slice(chunkIndex.end) };
};

const write = ({ version, epoch, index, type, chunkIndex, rest }: Said): Uint8Array =>
  concat(
    Uint8Array.of(version),
    rawVarint(epoch),
    rawVarint(index),
    Uint8Array.of(type),
    chunkIndex === null ? new Uint8Array() : rawVarint(chunkIndex),
    rest,
  );

type Edit = (said: Said, random: SeededRandom) => Said | Uint8Array;

const asType =
  (type: number): Edit =>
  (said, random) =>
    TYPES_WITH_CHUNK.includes(type)
      ? {
          ...said,
          type,
          chunkIndex: said.chunkIndex ?? 0,
          rest: concat(said.rest, random.bytes(CHUNK_BYTES)).slice(0, CHUNK_BYTES),
        }
      : { ...said, type, chunkIndex: null, rest: new Uint8Array() };

const withChunkIndex =
  (chunkIndex: number): Edit =>
  (said) =>
    said.chunkIndex === null ? said : { ...said, chunkIndex };

const withNumbers =
  (change: (said: Said) => Partial<Said>): Edit =>
  (said) => ({ ...said, ...change(said) });

const EDITS: Readonly<Record<string, Edit>> = {
  'as it is': (said) => said,
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7, 255].map((type) => [`type ${type}`, asType(type)])),
  ...Object.fromEntries(
    [0, 1, 3, 5, 30, 36, 255, 65_535, 65_536, 2 ** 32].map((n) => [`chunk index ${n}`, withChunkIndex(n)]),
  ),
  'another chunk': (said, random) =>
    said.chunkIndex === null ? said : { ...said, rest: random.bytes(CHUNK_BYTES) },
  'a chunk that is too short': (said) => ({ ...said, rest: said.rest.slice(0, -1) }),
  'bytes behind it': (said, random) => ({ ...said, rest: concat(said.rest, random.bytes(5)) }),
  empty: () => new Uint8Array(),
  'cut off before the type': (said) =>
    write({ ...said, chunkIndex: null, rest: new Uint8Array() }).slice(0, -1),
  'version 0': withNumbers(() => ({ version: 0 })),
  'version 2': withNumbers(() => ({ version: 2 })),
  'epoch 0': withNumbers(() => ({ epoch: 0 })),
  'epoch before': withNumbers(({ epoch }) => ({ epoch: epoch - 1 })),
  'epoch after': withNumbers(({ epoch }) => ({ epoch: epoch + 1 })),
  'epoch long after': withNumbers(({ epoch }) => ({ epoch: epoch + 2 })),
  'index 0': withNumbers(() => ({ index: 0 })),
  'index before': withNumbers(({ index }) => ({ index: index - 1 })),
  'index after': withNumbers(({ index }) => ({ index: index + 1 })),
  'index too far ahead': withNumbers(({ index }) => ({ index: index + 25_001 })),
  'index of 33 bits': withNumbers(() => ({ index: 2 ** 32 })),
};

export const SPQR_EDITS: readonly string[] = Object.keys(EDITS);

/** Changes field 5. */
export const editSpqr =
  (name: string, random: SeededRandom) =>
  (fields: readonly RawField[]): readonly RawField[] =>
    fields.map((field) => {
      const edit = EDITS[name];
      if (field.number !== PQ_RATCHET || edit === undefined) return field;
      const edited = edit(read(field.value), random);
      return { ...field, value: edited instanceof Uint8Array ? edited : write(edited) };
    });

/** Message type of the post-quantum ratchet: 1 Hdr, 2 Ek, 3 EkCt1Ack, 5 Ct1, 6 Ct2 carry a chunk. */
export const spqrTypeOf = (pqRatchet: Uint8Array): number => read(pqRatchet).type;
