/**
 * A row's value as bytes: its JSON, then what byte arrays it has. A text that begins with {@link MARK} stands in the JSON for what JSON has
 * not; one that a person wrote so gets the mark in front of it.
 */
const MARK = '\0';

const LENGTH_BYTES = 4;

const unkeepable = (): DOMException => new DOMException('a value that cannot be kept', 'DataCloneError');

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** Throws `DataCloneError` for what is no data. */
export const encodeValue = (value: unknown): Uint8Array<ArrayBuffer> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  const standIn = function (this: Record<string, unknown>, key: string): unknown {
    const each = this[key];
    if (typeof each === 'string') return each.startsWith(MARK) ? MARK + each : each;
    if (Object.is(each, -0)) return `${MARK}n-0`;
    if (typeof each === 'number' && !Number.isFinite(each)) return `${MARK}n${each}`;
    if (each instanceof Uint8Array) {
      parts.push(each);
      length += each.length;
      return `${MARK}b${length - each.length}:${length}`;
    }
    if (typeof each === 'function' || typeof each === 'symbol') throw unkeepable();
    if (typeof each === 'object' && each !== null && !isPlain(each)) throw unkeepable();
    return each;
  };
  const json = JSON.stringify(value, standIn) as string | undefined;
  if (json === undefined) throw unkeepable();
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(LENGTH_BYTES + text.length + length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + text.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** Throws for bytes that `encodeValue` has not made. */
export const decodeValue = (bytes: Uint8Array): unknown => {
  const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, end));
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    const rest = value.slice(2);
    if (value.startsWith(MARK, 1)) return value.slice(1);
    if (value[1] === 'n') return Number(rest);
    const [from = 0, to = 0] = rest.split(':').map(Number);
    return bytes.slice(end + from, end + to);
  }) as unknown;
};
