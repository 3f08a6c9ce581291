import { concat } from './bytes.ts';
import { refuse } from './signal-error.ts';
import { decodeVarint, encodeVarint } from './varint.ts';

/**
 * The part of protobuf (proto2) that the Signal messages use. Reading: unknown fields are skipped, the last
 * occurrence of a field wins, groups, broken fields and known fields of a wrong type are refused. Byte fields are
 * copies: they do not keep the message alive.
 */

/** Numbers are written as varints, bigints as fixed64; undefined is left out. Fields are written in the given order. */
export type Field = readonly [number: number, value: number | bigint | Uint8Array | undefined];

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const MAX_UINT32 = 0xffff_ffff;

const fixed64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

export const encodeFields = (fields: readonly Field[]): Uint8Array => {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (value === undefined) continue;
    if (typeof value === 'number') parts.push(encodeVarint(number * 8 + VARINT), encodeVarint(value));
    else if (typeof value === 'bigint') parts.push(encodeVarint(number * 8 + FIXED64), fixed64(value));
    else parts.push(encodeVarint(number * 8 + BYTES), encodeVarint(value.length), value);
  }
  return concat(...parts);
};

/** Stands for a field of a type that is not used here, or that came with two types: only an unknown one may be so. */
const OTHER = Symbol('a field of another type');

/** Fields of a message by their number. */
export type Fields = ReadonlyMap<number, number | bigint | Uint8Array | typeof OTHER>;

/** @throws SignalError `invalid-message` */
export const decodeFields = (bytes: Uint8Array): Fields => {
  const fields = new Map<number, number | bigint | Uint8Array | typeof OTHER>();
  const add = (number: number, value: number | bigint | Uint8Array | typeof OTHER): void => {
    const earlier = fields.get(number);
    fields.set(number, earlier === undefined || typeof earlier === typeof value ? value : OTHER);
  };
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - offset) return refuse('invalid-message');
    offset += length;
    return bytes.slice(offset - length, offset);
  };
  const varint = (): number => {
    const { value, end } = decodeVarint(bytes, offset);
    offset = end;
    return value;
  };
  while (offset < bytes.length) {
    const tag = varint();
    if (tag > MAX_UINT32) refuse('invalid-message');
    const number = Math.floor(tag / 8);
    if (number === 0) refuse('invalid-message');
    const type = tag % 8;
    if (type === VARINT) add(number, varint());
    else if (type === BYTES) add(number, take(varint()));
    else if (type === FIXED64) add(number, new DataView(take(8).buffer).getBigUint64(0, true));
    else if (type === FIXED32) {
      take(4);
      add(number, OTHER);
    } else refuse('invalid-message');
  }
  return fields;
};

/** Undefined when it is absent. @throws SignalError `invalid-message` when it is of another type */
export const bytesField = (fields: Fields, number: number): Uint8Array | undefined => {
  const value = fields.get(number);
  return value === undefined || value instanceof Uint8Array ? value : refuse('invalid-message');
};

/** Undefined when it is absent. @throws SignalError `invalid-message` when it is no 32-bit number */
export const uint32Field = (fields: Fields, number: number): number | undefined => {
  const value = fields.get(number);
  if (value === undefined) return undefined;
  return typeof value === 'number' && value <= MAX_UINT32 ? value : refuse('invalid-message');
};
