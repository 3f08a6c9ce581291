import { concat } from '../bytes.ts';
import { decodeVarint } from '../varint.ts';

/** A protobuf field as it stands in the bytes, so that it can also be written wrongly. */
export type RawField = {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 bytes, 3 and 4 start and end of a group, 5 four bytes. */
  readonly wireType: number;
  /** A varint's own bytes, or the contents without their length. */
  readonly value: Uint8Array;
};

/** Of any number below 2^64, in the shortest form, or padded to so many bytes. */
export const rawVarint = (value: bigint | number, length = 1): Uint8Array => {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n || bytes.length < length);
  return Uint8Array.from(bytes, (byte, index) => (index < bytes.length - 1 ? byte | 0x80 : byte));
};

export const readRawFields = (bytes: Uint8Array): readonly RawField[] => {
  const fields: RawField[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const tag = decodeVarint(bytes, offset);
    const wireType = tag.value % 8;
    const first = decodeVarint(bytes, tag.end);
    const [start, end] =
      wireType === 2 ? [first.end, first.end + first.value] : ([tag.end, first.end] as const);
    fields.push({ number: Math.floor(tag.value / 8), wireType, value: bytes.slice(start, end) });
    offset = end;
  }
  return fields;
};

export const writeRawFields = (fields: readonly RawField[]): Uint8Array =>
  concat(
    ...fields.flatMap(({ number, wireType, value }) => [
      rawVarint(BigInt(number) * 8n + BigInt(wireType)),
      ...(wireType === 2 ? [rawVarint(value.length)] : []),
      value,
    ]),
  );
