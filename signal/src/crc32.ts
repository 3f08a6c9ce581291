const POLYNOMIAL = 0xedb8_8320;
const BYTE_VALUES = 256;

/** Four tables in a row: what a byte adds to the remainder when 0, 1, 2 or 3 bytes follow it. */
let tables: Int32Array | undefined;

const createTables = (): Int32Array => {
  const made = new Int32Array(4 * BYTE_VALUES);
  for (let byte = 0; byte < BYTE_VALUES; byte += 1) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    made[byte] = remainder;
  }
  for (let index = BYTE_VALUES; index < made.length; index += 1) {
    const before = made[index - BYTE_VALUES] ?? 0;
    made[index] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
};

/** CRC-32 of ISO 3309 (as in zip and PNG), four bytes at a time: finds damage, not forgery. */
export const crc32 = (bytes: Uint8Array): number => {
  const table = (tables ??= createTables());
  const at = (index: number): number => bytes[index] ?? 0;
  const wholeWords = bytes.length & ~3;
  let remainder = -1;
  let index = 0;
  for (; index < wholeWords; index += 4) {
    remainder ^= at(index) | (at(index + 1) << 8) | (at(index + 2) << 16) | (at(index + 3) << 24);
    remainder =
      (table[(remainder & 0xff) + 3 * BYTE_VALUES] ?? 0) ^
      (table[((remainder >>> 8) & 0xff) + 2 * BYTE_VALUES] ?? 0) ^
      (table[((remainder >>> 16) & 0xff) + BYTE_VALUES] ?? 0) ^
      (table[remainder >>> 24] ?? 0);
  }
  for (; index < bytes.length; index += 1) {
    remainder = (remainder >>> 8) ^ (table[(remainder ^ at(index)) & 0xff] ?? 0);
  }
  return ~remainder >>> 0;
};
