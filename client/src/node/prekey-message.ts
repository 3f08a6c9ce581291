/**
 * Reads the fields of a PreKeySignalMessage that name keys: the package hands out no Kyber key id. One version
 * byte, then protobuf: 1 pre-key id, 2 base key, 6 signed pre-key id, 7 Kyber pre-key id.
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export type PreKeyMessageFields = {
  readonly preKeyId: number | null;
  readonly signedPreKeyId: number;
  readonly kyberPreKeyId: number;
  readonly baseKey: Uint8Array;
};

/** The fields, or null when the bytes are no such message. */
export const readPreKeyMessage = (message: Uint8Array): PreKeyMessageFields | null => {
  let offset = 1;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; offset < message.length && scale < 2 ** 63; scale *= 128) {
      const byte = message[offset++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return NaN;
  };

  const numbers = new Map<number, number>();
  let baseKey: Uint8Array | null = null;
  while (offset < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) numbers.set(field, varint());
    else if (wireType === FIXED64) offset += 8;
    else if (wireType === FIXED32) offset += 4;
    else if (wireType === BYTES) {
      const length = varint();
      if (!(offset + length <= message.length)) return null;
      if (field === 2) baseKey = message.subarray(offset, offset + length);
      offset += length;
    } else return null;
  }
  const signedPreKeyId = numbers.get(6) ?? NaN;
  const kyberPreKeyId = numbers.get(7) ?? NaN;
  if (baseKey === null || Number.isNaN(signedPreKeyId) || Number.isNaN(kyberPreKeyId)) return null;
  return { preKeyId: numbers.get(1) ?? null, signedPreKeyId, kyberPreKeyId, baseKey };
};
