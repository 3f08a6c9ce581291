import type { DataKey } from './data-keys.ts';
import { decodeValue, encodeValue } from './row-codec.ts';

/**
 * A row at rest: AES-256-GCM (NIST SP 800-38D) under a data key, with a random nonce of 96 bits. Format, number of the data key, version of the row,
 * table and key are authenticated with it, so a row is good only where it was put.
 *
 * Layout: format (1 byte), data key (4), version (2), nonce (12), ciphertext with its tag (16).
 */
const FORMAT = 1;
const HEADER_BYTES = 7;
const NONCE_BYTES = 12;

const additionalData = (header: Uint8Array, table: string, key: string): Uint8Array<ArrayBuffer> => {
  const place = new TextEncoder().encode(`${table}\0${key}`);
  const bytes = new Uint8Array(header.length + place.length);
  bytes.set(header);
  bytes.set(place, header.length);
  return bytes;
};

/** A value that is ready to be sealed: nothing changes it any more. */
export type EncodedRow = {
  readonly table: string;
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Throws `DataCloneError` for what is no data. */
export const encodeRow = (table: string, key: string, value: unknown): EncodedRow => ({
  table,
  key,
  bytes: encodeValue(value),
});

export const sealRow = async (
  dataKey: DataKey,
  version: number,
  { table, key, bytes }: EncodedRow,
): Promise<Uint8Array> => {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint8(0, FORMAT);
  view.setUint32(1, dataKey.number);
  view.setUint16(5, version);
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const algorithm = { name: 'AES-GCM', iv, additionalData: additionalData(header, table, key) };
  const sealed = await crypto.subtle.encrypt(algorithm, dataKey.key, bytes);
  const row = new Uint8Array(HEADER_BYTES + NONCE_BYTES + sealed.byteLength);
  row.set(header);
  row.set(iv, HEADER_BYTES);
  row.set(new Uint8Array(sealed), HEADER_BYTES + NONCE_BYTES);
  return row;
};

export type OpenedRow = { readonly value: unknown; readonly dataKey: number; readonly version: number };

export const isSealed = (stored: unknown): stored is Uint8Array => stored instanceof Uint8Array;

/** Null: it was not sealed with one of these keys, or not for this place. */
export const openRow = async (
  dataKeys: readonly DataKey[],
  table: string,
  key: string,
  stored: unknown,
): Promise<OpenedRow | null> => {
  if (!isSealed(stored) || stored.length < HEADER_BYTES + NONCE_BYTES || stored[0] !== FORMAT) return null;
  const bytes = new Uint8Array(stored);
  const view = new DataView(bytes.buffer);
  const number = view.getUint32(1);
  const dataKey = dataKeys.find((each) => each.number === number);
  if (dataKey === undefined) return null;
  try {
    const iv = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    const algorithm = {
      name: 'AES-GCM',
      iv,
      additionalData: additionalData(bytes.subarray(0, HEADER_BYTES), table, key),
    };
    const opened = await crypto.subtle.decrypt(
      algorithm,
      dataKey.key,
      bytes.subarray(HEADER_BYTES + NONCE_BYTES),
    );
    return { value: decodeValue(new Uint8Array(opened)), dataKey: number, version: view.getUint16(5) };
  } catch {
    return null;
  }
};
