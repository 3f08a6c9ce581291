import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { fromHex, toHex } from '../testing/vectors.model.ts';
import { decodeSpqrMessage, encodeSpqrMessage, type BraidMessage } from './spqr-message.ts';

const BYTES = new Uint8Array(32).fill(0xab);
const CHUNK = 'ab'.repeat(32);
const withChunk = (
  epoch: number,
  type: 'Hdr' | 'Ek' | 'EkCt1Ack' | 'Ct1' | 'Ct2',
  index: number,
): BraidMessage => ({
  epoch,
  payload: { type, chunk: { index, bytes: BYTES } },
});
const refuses = (hex: string): void => expectCode('invalid-message', () => decodeSpqrMessage(fromHex(hex)));

test.each<[BraidMessage, number, string]>([
  [{ epoch: 1, payload: { type: 'None' } }, 1, '01010100'],
  [withChunk(1, 'Hdr', 0), 1, `0101010100${CHUNK}`],
  [withChunk(2, 'Ek', 1), 127, `01027f0201${CHUNK}`],
  [withChunk(127, 'EkCt1Ack', 127), 128, `017f8001037f${CHUNK}`],
  [{ epoch: 128, payload: { type: 'Ct1Ack' } }, 300, '018001ac0204'],
  [withChunk(1, 'Ct1', 128), 5, `010105058001${CHUNK}`],
  [withChunk(1, 'Ct2', 65_535), 0xffff_ffff, `0101ffffffff0f06ffff03${CHUNK}`],
  [{ epoch: Number.MAX_SAFE_INTEGER, payload: { type: 'None' } }, 1, '01ffffffffffffff0f0100'],
])('framing %#', (message, index, hex) => {
  expect(toHex(encodeSpqrMessage(message, index))).toBe(hex);
  expect(decodeSpqrMessage(fromHex(hex))).toEqual({ message, index });
});

test('decode reads what encode writes', () => {
  const chunk = fc.record({
    index: fc.integer({ min: 0, max: 65_535 }),
    bytes: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  const payload = fc.oneof(
    fc.record({ type: fc.constantFrom('None' as const, 'Ct1Ack' as const) }),
    fc.record({
      type: fc.constantFrom(
        'Hdr' as const,
        'Ek' as const,
        'EkCt1Ack' as const,
        'Ct1' as const,
        'Ct2' as const,
      ),
      chunk,
    }),
  );
  const message = fc.record({ epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), payload });
  fc.assert(
    fc.property(message, fc.integer({ min: 0, max: 0xffff_ffff }), (said, index) => {
      expect(decodeSpqrMessage(encodeSpqrMessage(said, index))).toEqual({ message: said, index });
    }),
  );
});

describe('reading', () => {
  const whole = encodeSpqrMessage(withChunk(300, 'Ct2', 500), 70_000);

  test('refuses every shorter message', () => {
    for (let length = 0; length < whole.length; length += 1) refuses(toHex(whole.subarray(0, length)));
    for (const short of ['', '01', '0101', '010101', '018001']) refuses(short);
  });

  test('ignores what follows', () => {
    const message = decodeSpqrMessage(whole);
    expect(decodeSpqrMessage(concat(whole, BYTES))).toEqual(message);
    expect(decodeSpqrMessage(fromHex('01010104ff')).message.payload).toEqual({ type: 'Ct1Ack' });
  });

  test('takes varints of up to 10 bytes, also longer than needed', () => {
    const { message, index } = decodeSpqrMessage(fromHex('0181808000' + '85808080808080808000' + '00'));
    expect([message.epoch, index]).toEqual([1, 5]);
    refuses('0181808080808080808080000100');
    refuses('01' + '80'.repeat(11) + '0100');
  });

  test.each(['00', '02', '03', '44', 'ff'])('refuses version byte %s', (version) => {
    refuses(`${version}010100`);
  });

  test('refuses epoch 0 and epochs that are no safe integers', () => {
    refuses('01000100');
    refuses('0180800001' + '00');
    refuses('0180808080808080100100');
    refuses('01ffffffffffffffffff010100');
  });

  test('refuses an index above 2^32 - 1', () => {
    expect(decodeSpqrMessage(fromHex('0101ffffffff0f00')).index).toBe(0xffff_ffff);
    refuses('0101808080801000');
    refuses('0101ffffffffffffffffff0100');
  });

  test('refuses a chunk index above 65535', () => {
    refuses(`010101018080` + `04${CHUNK}`);
    refuses(`01010101ffffffffffffffffff01${CHUNK}`);
  });

  test.each(['07', '08', '7f', '80', 'ff'])('refuses type %s', (type) => {
    refuses(`010101${type}00${CHUNK}`);
  });

  test('refuses a chunk of 31 bytes', () => {
    refuses(`0101010100${CHUNK.slice(2)}`);
  });

  test('copies the chunk', () => {
    const bytes = whole.slice();
    const { payload } = decodeSpqrMessage(bytes).message;
    bytes.fill(0);
    expect(payload).toEqual({ type: 'Ct2', chunk: { index: 500, bytes: BYTES } });
  });
});
