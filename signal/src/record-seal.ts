import { be32, concat, equalBytes, wipe } from './bytes.ts';
import { crc32 } from './crc32.ts';
import { SignalError } from './signal-error.ts';

/** A record and its CRC-32, which tells damage (a lost or changed byte), not forgery: records are stored as secrets. */

const CHECKSUM_BYTES = 4;

/** A sealed copy; the record, which holds secrets, is wiped. */
export const sealRecord = (record: Uint8Array): Uint8Array => {
  const sealed = concat(record, be32(crc32(record)));
  wipe(record);
  return sealed;
};

/** A view of the record. @throws SignalError `invalid-record` when it is damaged */
export const openRecord = (sealed: Uint8Array): Uint8Array => {
  const end = Math.max(0, sealed.length - CHECKSUM_BYTES);
  const record = sealed.subarray(0, end);
  if (equalBytes(sealed.subarray(end), be32(crc32(record)))) return record;
  throw new SignalError('invalid-record');
};
