import { randomBytes } from 'node:crypto';

/**
 * A text that every message of a run contains and nothing else does. Where it is found on a server's disk, a message
 * is readable there.
 */
export type Marker = {
  readonly text: string;
  /** Every form of it that is looked for: as it is, and inside base64 at each alignment, both alphabets. */
  readonly needles: readonly Buffer[];
};

/**
 * Base64 of `text` where `before` bytes (0 to 2) of its first group are something else: only the characters that
 * depend on `text` alone.
 */
const insideBase64 = (text: string, before: 0 | 1 | 2): string => {
  const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  const groups = whole.subarray(0, whole.length - (whole.length % 3));
  return groups.toString('base64').slice([0, 2, 3][before]);
};

/** Every form of a text that betrays it on a disk. */
export const markerOf = (text: string): Marker => {
  const encoded = ([0, 1, 2] as const).map((before) => insideBase64(text, before));
  const urlSafe = encoded.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return { text, needles: [...new Set([text, ...encoded, ...urlSafe])].map((form) => Buffer.from(form)) };
};

export const newMarker = (): Marker => markerOf(`marker-${randomBytes(12).toString('hex')}`);

/** Whether any form of the marker is in these bytes. */
export const contains = (bytes: Buffer, { needles }: Marker): boolean =>
  needles.some((needle) => bytes.includes(needle));
