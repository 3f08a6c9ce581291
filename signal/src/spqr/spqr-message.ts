import { refuse } from '../signal-error.ts';
import { decodeVarint, encodeVarint } from '../varint.ts';
import { CHUNK_BYTES, CHUNK_INDEXES, type Chunk } from './erasure-code.ts';

/**
 * Framing of the post-quantum field of a message: version 1, epoch and index as varints, a type byte, then for all
 * types but None and Ct1Ack the index of a chunk as a varint and its 32 bytes.
 */

const VERSION = 1;
const MAX_INDEX = 0xffff_ffff;

/** In the order of their numbers on the wire. */
const TYPES = ['None', 'Hdr', 'Ek', 'EkCt1Ack', 'Ct1Ack', 'Ct1', 'Ct2'] as const;

export type Payload =
  | { readonly type: 'None' | 'Ct1Ack' }
  | { readonly type: 'Hdr' | 'Ek' | 'EkCt1Ack' | 'Ct1' | 'Ct2'; readonly chunk: Chunk };

/** What the braid says. Epochs count from 1. */
export type BraidMessage = { readonly epoch: number; readonly payload: Payload };

export const encodeSpqrMessage = ({ epoch, payload }: BraidMessage, index: number): Uint8Array => {
  const type = TYPES.indexOf(payload.type);
  const head = [VERSION, ...encodeVarint(epoch), ...encodeVarint(index), type];
  if (!('chunk' in payload)) return Uint8Array.from(head);
  const { chunk } = payload;
  head.push(...encodeVarint(chunk.index));
  const bytes = new Uint8Array(head.length + CHUNK_BYTES);
  bytes.set(head);
  bytes.set(chunk.bytes, head.length);
  return bytes;
};

/**
 * What follows the message is ignored; the chunk is a copy.
 *
 * @throws SignalError `invalid-message`
 */
export const decodeSpqrMessage = (
  bytes: Uint8Array,
): { readonly message: BraidMessage; readonly index: number } => {
  if (bytes[0] !== VERSION) refuse('invalid-message');
  const { value: epoch, end: epochEnd } = decodeVarint(bytes, 1);
  if (epoch === 0 || epoch === Infinity) refuse('invalid-message');
  const { value: index, end: indexEnd } = decodeVarint(bytes, epochEnd);
  if (index > MAX_INDEX) refuse('invalid-message');
  const type = TYPES[bytes[indexEnd] ?? TYPES.length] ?? refuse('invalid-message');
  if (type === 'None' || type === 'Ct1Ack') return { message: { epoch, payload: { type } }, index };
  const { value: chunkIndex, end: start } = decodeVarint(bytes, indexEnd + 1);
  if (chunkIndex >= CHUNK_INDEXES || bytes.length - start < CHUNK_BYTES) refuse('invalid-message');
  const chunk = { index: chunkIndex, bytes: bytes.slice(start, start + CHUNK_BYTES) };
  return { message: { epoch, payload: { type, chunk } }, index };
};
