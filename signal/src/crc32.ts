const POLYNOMIAL = 0xedb8_8320;

let table: Uint32Array | undefined;

const createTable = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    return remainder;
  });

/** CRC-32 of ISO 3309 (as in zip and PNG): finds damage, not forgery. */
export const crc32 = (bytes: Uint8Array): number => {
  table ??= createTable();
  let remainder = 0xffff_ffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 0xff] ?? 0);
  return (remainder ^ 0xffff_ffff) >>> 0;
};
