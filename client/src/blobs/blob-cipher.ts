import { PLAIN_PART_BYTES, TAG_BYTES } from '@restante/protocol';

/**
 * Encryption of a blob in parts, so that neither side ever holds more than a part: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár,
 * CRYPTO 2015) over AES-256-GCM. Each part is bound to its place and to being the last one: none can be moved, left out or cut off. A key is
 * for one blob alone: with the same part in two wordings it would give both away.
 */
export type BlobCipher = {
  /** Ciphertext of a part: its plaintext and 16 bytes. */
  readonly seal: (
    part: number,
    isLast: boolean,
    plain: Uint8Array<ArrayBuffer>,
  ) => Promise<Uint8Array<ArrayBuffer>>;
  /** Null: this is not that part of this blob. */
  readonly open: (
    part: number,
    isLast: boolean,
    sealed: Uint8Array<ArrayBuffer>,
  ) => Promise<Uint8Array<ArrayBuffer> | null>;
};

export const BLOB_KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** The number of the part, big-endian, and whether it is the last one. */
const nonceOf = (part: number, isLast: boolean): Uint8Array<ArrayBuffer> => {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(NONCE_BYTES - 5, part);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
};

/** `key`: 32 bytes that were drawn for this blob. */
export const createBlobCipher = async (key: Uint8Array<ArrayBuffer>): Promise<BlobCipher> => {
  if (key.length !== BLOB_KEY_BYTES) throw new RangeError(`a blob's key has ${BLOB_KEY_BYTES} bytes`);
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const how = (part: number, isLast: boolean) => ({ name: 'AES-GCM', iv: nonceOf(part, isLast) });
  return {
    seal: async (part, isLast, plain) => {
      if (plain.length > PLAIN_PART_BYTES) throw new RangeError('more than a part');
      return new Uint8Array(await crypto.subtle.encrypt(how(part, isLast), aes, plain));
    },
    open: async (part, isLast, sealed) => {
      if (sealed.length < TAG_BYTES) return null;
      try {
        return new Uint8Array(await crypto.subtle.decrypt(how(part, isLast), aes, sealed));
      } catch {
        return null;
      }
    },
  };
};
