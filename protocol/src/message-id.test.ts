import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveMessageId, messageId, messageTime, mintMessageId, nextMessageTime } from './index.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const sender = fc.record({
  accountId: fc.uuid({ version: 4 }),
  deviceId: fc.integer({ min: 1, max: 127 }),
});
const clientId = fc.tuple(time, random).map(([timeMs, bytes]) => mintMessageId(timeMs, bytes));

describe('message ids', () => {
  it('are UUIDv7 and keep their time', () => {
    fc.assert(
      fc.property(time, random, sender, (timeMs, bytes, from) => {
        const minted = mintMessageId(timeMs, bytes);
        const stored = deriveMessageId(from, minted);
        for (const id of [minted, stored]) {
          expect(messageId.safeParse(id).success).toBe(true);
          expect(messageTime(id)).toBe(timeMs);
        }
      }),
    );
  });

  it('have the given bits, but those of version and variant', () => {
    fc.assert(
      fc.property(time, random, (timeMs, bytes) => {
        const free = bytes.slice();
        free[0] = 0x70 | (free[0]! & 0x0f);
        free[2] = 0x80 | (free[2]! & 0x3f);
        const digits = timeMs.toString(16).padStart(12, '0') + Buffer.from(free).toString('hex');
        expect(mintMessageId(timeMs, bytes).replaceAll('-', '')).toBe(digits);
      }),
    );
  });

  it('match the RFC 9562 example in layout', () => {
    const id = mintMessageId(
      0x017f22e279b0,
      new Uint8Array([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]),
    );
    expect(id).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('are the same for the same sender and client id, at every master', () => {
    fc.assert(
      fc.property(sender, clientId, (from, id) => {
        expect(deriveMessageId({ ...from }, id)).toBe(deriveMessageId({ ...from }, id));
      }),
    );
    // A fixed value: two masters of different releases must agree, too.
    expect(
      deriveMessageId(
        { accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', deviceId: 1 },
        '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
      ),
    ).toMatchInlineSnapshot(`"017f22e2-79b0-7f11-a4e1-cd27e162e9ca"`);
  });

  it('sort by time as text', () => {
    fc.assert(
      fc.property(clientId, clientId, sender, sender, (a, b, from, to) => {
        fc.pre(messageTime(a) !== messageTime(b));
        expect(deriveMessageId(from, a) < deriveMessageId(to, b)).toBe(messageTime(a) < messageTime(b));
      }),
    );
  });

  it('never collide between senders, nor between messages of one sender', () => {
    fc.assert(
      fc.property(sender, sender, clientId, clientId, (a, b, idA, idB) => {
        fc.pre(a.accountId !== b.accountId || a.deviceId !== b.deviceId || idA !== idB);
        expect(deriveMessageId(a, idA)).not.toBe(deriveMessageId(b, idB));
      }),
      { numRuns: 2000 },
    );
    const ids = new Set<string>();
    for (let device = 1; device <= 127; device += 1) {
      for (let n = 0; n < 200; n += 1) {
        const bytes = new Uint8Array(10).fill(n);
        ids.add(
          deriveMessageId(
            { accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', deviceId: device },
            mintMessageId(1_700_000_000_000, bytes),
          ),
        );
      }
    }
    expect(ids.size).toBe(127 * 200);
  });

  it('refuse a wrong amount of randomness', () => {
    expect(() => mintMessageId(1, new Uint8Array(9))).toThrow(RangeError);
  });

  it('are minted at strictly growing times, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 2 }), (clock) => {
        let last = 0;
        for (const now of clock) {
          const next = nextMessageTime(now, last);
          expect(next).toBeGreaterThan(last);
          expect(next).toBeGreaterThanOrEqual(now);
          last = next;
        }
      }),
    );
  });
});
