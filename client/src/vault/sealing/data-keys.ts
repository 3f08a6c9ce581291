/** A key of WebCrypto, whose bytes cannot be had from it. */
export type OpaqueKey = InstanceType<typeof CryptoKey>;

/** A key that rows are sealed with. It cannot be exported: whoever holds it can use it and no more. */
export type DataKey = { readonly number: number; readonly key: OpaqueKey };

/** The bytes of a key, as long as it is being kept. They are overwritten afterwards. */
export type RawDataKey = { readonly number: number; readonly bytes: Uint8Array<ArrayBuffer> };

const KEY_BYTES = 32;
const NUMBER_BYTES = 4;
const NONCE_BYTES = 12;

export const newRawDataKey = (number: number): RawDataKey => ({
  number,
  bytes: crypto.getRandomValues(new Uint8Array(KEY_BYTES)),
});

const aesKey = (bytes: Uint8Array<ArrayBuffer>): Promise<OpaqueKey> =>
  crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);

export const usable = async ({ number, bytes }: RawDataKey): Promise<DataKey> => ({
  number,
  key: await aesKey(bytes),
});

export const overwrite = (keys: readonly RawDataKey[]): void => {
  for (const { bytes } of keys) bytes.fill(0);
};

/** A key that data keys are kept under: it cannot be exported. */
export const newDeviceKey = (): Promise<OpaqueKey> =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

/** Overwrites `bytes`. */
export const passphraseKey = async (bytes: Uint8Array<ArrayBuffer>): Promise<OpaqueKey> => {
  const key = await aesKey(bytes);
  bytes.fill(0);
  return key;
};

/** Encrypts data keys; `additionalData` is bound to them. */
export const wrapKeys = async (
  wrapping: OpaqueKey,
  bytes: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, wrapping, bytes);
  const wrapped = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  wrapped.set(iv);
  wrapped.set(new Uint8Array(sealed), NONCE_BYTES);
  return wrapped;
};

/** Null: they were wrapped by another key, or bound to other data. */
export const unwrapKeys = async (
  wrapping: OpaqueKey,
  wrapped: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | null> => {
  const iv = wrapped.subarray(0, NONCE_BYTES);
  try {
    const algorithm = { name: 'AES-GCM', iv, additionalData };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, wrapping, wrapped.subarray(NONCE_BYTES)));
  } catch {
    return null;
  }
};

export const packKeys = (keys: readonly RawDataKey[]): Uint8Array<ArrayBuffer> => {
  const packed = new Uint8Array(keys.length * (NUMBER_BYTES + KEY_BYTES));
  const view = new DataView(packed.buffer);
  keys.forEach(({ number, bytes }, index) => {
    const at = index * (NUMBER_BYTES + KEY_BYTES);
    view.setUint32(at, number);
    packed.set(bytes, at + NUMBER_BYTES);
  });
  return packed;
};

/** Overwrites `packed`. */
export const unpackKeys = (packed: Uint8Array<ArrayBuffer>): RawDataKey[] => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const keys: RawDataKey[] = [];
  for (let at = 0; at + NUMBER_BYTES + KEY_BYTES <= packed.length; at += NUMBER_BYTES + KEY_BYTES) {
    const number = view.getUint32(at);
    keys.push({ number, bytes: packed.slice(at + NUMBER_BYTES, at + NUMBER_BYTES + KEY_BYTES) });
  }
  packed.fill(0);
  return keys;
};
