import { SignalError } from './signal-error.ts';

/** Protobuf's base-128 numbers: groups of 7 bits, the lowest first. */

const MAX_BYTES = 10;
/** The tenth byte holds bit 63. */
const LAST_BYTE_MAX = 1;

/** The shortest form of a safe integer ≥ 0. */
export const encodeVarint = (value: number): Uint8Array => {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
};

/**
 * The number at `offset` and where it ends. Longer forms than needed are read. Above 2^53 the value is
 * `Infinity`, which no field allows.
 *
 * @throws SignalError `invalid-message` when it is cut off or longer than 64 bits
 */
export const decodeVarint = (bytes: Uint8Array, offset: number): { value: number; end: number } => {
  let value = 0;
  let unit = 1;
  for (let length = 1; length <= MAX_BYTES; length += 1) {
    const byte = bytes[offset + length - 1];
    if (byte === undefined || (length === MAX_BYTES && byte > LAST_BYTE_MAX)) break;
    value += (byte & 0x7f) * unit;
    unit *= 0x80;
    if (byte < 0x80) return { value: Number.isSafeInteger(value) ? value : Infinity, end: offset + length };
  }
  throw new SignalError('invalid-message');
};
