import { refuse } from './signal-error.ts';

/**
 * Bytes of a stored record: numbers big-endian, byte strings of known length as they are, others behind their length.
 * There is one way to write a record, so equal states are equal bytes.
 */
export type RecordWriter = {
  readonly u8: (value: number) => void;
  readonly u16: (value: number) => void;
  readonly u32: (value: number) => void;
  /** A safe integer ≥ 0. */
  readonly u53: (value: number) => void;
  /** Bytes whose length the reader knows. */
  readonly raw: (bytes: Uint8Array) => void;
  /** Bytes behind their length (u32). */
  readonly blob: (bytes: Uint8Array) => void;
  /** What was written, and nothing else. */
  readonly finish: () => Uint8Array;
};

/** Every method throws SignalError `invalid-record` when the bytes end too early. */
export type RecordReader = {
  readonly u8: () => number;
  readonly u16: () => number;
  readonly u32: () => number;
  readonly u53: () => number;
  /** A copy. */
  readonly raw: (length: number) => Uint8Array;
  readonly blob: () => Uint8Array;
  /** @throws SignalError `invalid-record` when something is left */
  readonly end: () => void;
};

const TWO_32 = 0x1_0000_0000;
/** Most records of a session fit in. */
const FIRST_BYTES = 4096;

export const createRecordWriter = (): RecordWriter => {
  let bytes = new Uint8Array(FIRST_BYTES);
  let view = new DataView(bytes.buffer);
  let length = 0;

  /** Makes room and answers where it begins. */
  const grow = (count: number): number => {
    const start = length;
    length += count;
    if (length > bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * bytes.length));
      larger.set(bytes.subarray(0, start));
      bytes.fill(0);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    return start;
  };
  const u32 = (value: number): void => {
    const start = grow(4);
    view.setUint32(start, value);
  };
  const raw = (given: Uint8Array): void => {
    const start = grow(given.length);
    bytes.set(given, start);
  };

  return {
    u8: (value) => {
      const start = grow(1);
      view.setUint8(start, value);
    },
    u16: (value) => {
      const start = grow(2);
      view.setUint16(start, value);
    },
    u32,
    u53: (value) => {
      u32(Math.floor(value / TWO_32));
      u32(value % TWO_32);
    },
    raw,
    blob: (given) => {
      u32(given.length);
      raw(given);
    },
    finish: () => {
      const whole = bytes.slice(0, length);
      bytes.fill(0);
      return whole;
    },
  };
};

export const createRecordReader = (bytes: Uint8Array): RecordReader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const pass = (count: number): number => {
    if (count > bytes.length - offset) return refuse('invalid-record');
    offset += count;
    return offset - count;
  };
  const u32 = (): number => view.getUint32(pass(4));
  const raw = (length: number): Uint8Array => {
    const start = pass(length);
    return bytes.slice(start, start + length);
  };
  return {
    u8: () => view.getUint8(pass(1)),
    u16: () => view.getUint16(pass(2)),
    u32,
    u53: () => {
      const value = u32() * TWO_32 + u32();
      return Number.isSafeInteger(value) ? value : refuse('invalid-record');
    },
    raw,
    blob: () => raw(u32()),
    end: () => {
      if (offset !== bytes.length) refuse('invalid-record');
    },
  };
};
