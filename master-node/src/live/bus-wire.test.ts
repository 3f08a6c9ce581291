import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS, mintMessageId } from '@restante/protocol';
import { BUS_EVENTS, type BusEvent } from './bus.ts';
import { decodeBusMessage, encodeBusMessage, type BusMessage } from './bus-wire.ts';

const FROM = 'abcdefghijklmnop';
const id = mintMessageId(1, new Uint8Array(10));
const [one, other] = [randomUUID(), randomUUID()];
const device = { accountId: one, deviceId: 1 };

const envelope = {
  ...{ id, senderId: other, senderDeviceId: 2, sentAt: 1, expiresAt: 2 },
  ...{ type: 'message' as const, payload: 'a'.repeat(LIMITS.payloadBytes) },
};
const EVENTS: BusEvent[] = [
  { kind: 'to-device', to: device, frame: { type: 'envelope', envelope } },
  { kind: 'to-device', to: device, frame: { type: 'receipt', ...device, ids: [id] } },
  { kind: 'to-device', to: device, frame: { type: 'keys-low', stock: { preKeys: 1, kyberPreKeys: 2 } } },
  { kind: 'typing', from: one, to: other, active: true },
  { kind: 'presence', device, state: 'away', to: other, round: 3 },
  { kind: 'presence-wanted', of: one, by: other },
  { kind: 'presence-lost', of: FROM },
  { kind: 'presence-told', round: 0 },
  { kind: 'connected', device, connectionId: 'c' },
  { kind: 'devices-changed', accountId: one },
  {
    ...{ kind: 'rendezvous-asked', rendezvous: id, inbox: other, number: 4 },
    question: { slot: 'first', sealed: 'AAAA' },
  },
  { kind: 'rendezvous-answered', inbox: other, number: 4, answer: { is: 'read', sealed: null } },
  { kind: 'rendezvous-answered', inbox: other, number: 5, answer: { is: 'slot-taken' } },
];
const MESSAGES: BusMessage[] = [
  ...EVENTS.map((event) => ({ from: FROM, event })),
  { from: FROM, beat: { number: 1, published: 0, isLast: false } },
];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('what travels between masters', () => {
  it('arrives as it was said, of every kind', () => {
    expect(new Set(EVENTS.map(({ kind }) => kind))).toEqual(new Set(BUS_EVENTS));
    for (const message of MESSAGES) expect(decodeBusMessage(encodeBusMessage(message))).toEqual(message);
  });

  it('may say more, from a later release', () => {
    const event = { kind: 'typing', from: one, to: other, active: true } as const;
    const later = { from: FROM, event: { ...event, since: 1 }, more: true };
    expect(decodeBusMessage(bytes(JSON.stringify(later)))).toEqual({ from: FROM, event });
  });

  it.each([
    '',
    'null',
    '{}',
    '[]',
    JSON.stringify({ from: FROM }),
    JSON.stringify({ from: FROM, event: { kind: 'unheard-of' } }),
    JSON.stringify({ from: 'too short', event: { kind: 'typing', from: one, to: other, active: true } }),
    JSON.stringify({ from: FROM, event: { kind: 'typing', from: 'alice', to: other, active: true } }),
    JSON.stringify({
      from: FROM,
      event: { kind: 'to-device', to: device, frame: { type: 'pong', serverTime: 1 } },
    }),
    JSON.stringify({ from: FROM, event: { kind: 'to-device', to: device, frame: { type: 'catch-up' } } }),
    JSON.stringify({ from: FROM, beat: { number: -1, published: 0, isLast: false } }),
    JSON.stringify({
      from: FROM,
      beat: { number: 1, published: 0, isLast: false },
      x: 'x'.repeat(LIMITS.frameBytes),
    }),
  ])('is refused when it is something else: %.80s', (text) => {
    expect(decodeBusMessage(bytes(text))).toBeNull();
  });

  it('breaks nothing, whatever it is', () => {
    const said = fc.constantFrom(...MESSAGES.slice(3).map(encodeBusMessage));
    const bent = fc.tuple(said, fc.nat(), fc.nat({ max: 255 })).map(([given, at, byte]) => {
      const copy = Uint8Array.from(given);
      copy[at % copy.length] = byte;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes), bent), (given) => {
        const read = decodeBusMessage(given);
        if (read !== null) expect(decodeBusMessage(encodeBusMessage(read))).toEqual(read);
      }),
    );
  });
});
