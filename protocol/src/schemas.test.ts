import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64, downstream, ERRORS, errorBody, errorCode, LIMITS, upstream, username } from './index.ts';

const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const send = {
  type: 'send',
  id,
  recipients: [
    { accountId, envelopes: [{ deviceId: 1, registrationId: 77, type: 'message', payload: 'AAAA' }] },
  ],
};

describe('frames', () => {
  it('of every type parse, and come out as they went in', () => {
    const up = [
      send,
      {
        type: 'acknowledge',
        receipts: true,
        messages: [{ id, senderId: accountId, senderDeviceId: 1 }],
      },
      { type: 'typing', to: accountId, active: true },
      { type: 'presence', state: 'away', to: [accountId] },
      { type: 'ping' },
    ];
    for (const frame of up) expect(upstream.parse(frame)).toEqual(frame);
    const down = [
      {
        type: 'welcome',
        protocolVersion: 1,
        accountId,
        deviceId: 1,
        serverTime: 1,
        limits: { payloadBytes: 1, frameBytes: 1, messageTtlMs: 1, silenceMs: 1 },
      },
      { type: 'accepted', id, messageId: id, copies: 2 },
      { type: 'refused', id, error: { code: 'mailbox-full', message: 'full' } },
      { type: 'acknowledged', ids: [id], copies: 3 },
      {
        type: 'envelope',
        envelope: {
          id,
          senderId: accountId,
          senderDeviceId: 1,
          sentAt: 1,
          expiresAt: 2,
          type: 'prekey-message',
          payload: 'AA==',
        },
      },
      { type: 'catch-up' },
      { type: 'receipt', accountId, deviceId: 1, ids: [id] },
      { type: 'typing', accountId, active: false },
      { type: 'presence', accountId, state: 'offline' },
      { type: 'keys-low', stock: { preKeys: 1, kyberPreKeys: 0 } },
      { type: 'devices' },
      { type: 'pong', serverTime: 1 },
      { type: 'error', error: { code: 'bad-request', message: 'no', path: 'a.b' } },
    ];
    for (const frame of down) expect(downstream.parse(frame)).toEqual(frame);
    expect(new Set(up.map((frame) => frame.type)).size).toBe(upstream.def.options.length);
    expect(new Set(down.map((frame) => frame.type)).size).toBe(downstream.def.options.length);
  });

  it('with an unknown field, type or a value out of bounds are refused', () => {
    const change = (path: (frame: typeof send) => object): boolean => {
      const frame = structuredClone(send);
      Object.assign(path(frame), { extra: 1 });
      return upstream.safeParse(frame).success;
    };
    expect(change((frame) => frame)).toBe(false);
    expect(change((frame) => frame.recipients[0]!)).toBe(false);
    expect(change((frame) => frame.recipients[0]!.envelopes[0]!)).toBe(false);
    for (const bad of [
      { ...send, type: 'sent' },
      { ...send, id: id.toUpperCase() },
      { ...send, recipients: [] },
      { ...send, recipients: Array(LIMITS.recipientsPerSend + 1).fill(send.recipients[0]) },
      { ...send, id: '6ba7b810-9dad-41d1-80b4-00c04fd430c8' },
      null,
      [],
      'send',
    ]) {
      expect(upstream.safeParse(bad).success).toBe(false);
    }
  });

  it('survive 10,000 random values without throwing', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        expect(typeof upstream.safeParse(value).success).toBe('boolean');
        expect(typeof downstream.safeParse(value).success).toBe('boolean');
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('base64', () => {
  it('takes exactly what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        expect(base64(400).safeParse(Buffer.from(bytes).toString('base64')).success).toBe(true);
      }),
    );
    for (const bad of ['', 'A', 'AAA', 'AA=A', 'AAA-', 'AAA_', 'AAAA\n', 'AAAA====']) {
      expect(base64(400).safeParse(bad).success).toBe(false);
    }
    expect(base64(8).safeParse('A'.repeat(12)).success).toBe(false);
  });
});

describe('usernames', () => {
  it('have one form', () => {
    for (const good of ['bob', 'a.b-c_1', 'z'.repeat(32)])
      expect(username.safeParse(good).success).toBe(true);
    for (const bad of ['bo', 'Bob', '1bob', 'b b', 'bøb', 'bob\n', 'bob:1', '_bob', 'z'.repeat(33)]) {
      expect(username.safeParse(bad).success).toBe(false);
    }
  });
});

describe('the error table', () => {
  it('has a valid status, a close code and a body for every code', () => {
    for (const [code, row] of Object.entries(ERRORS)) {
      expect(row.status).toBeGreaterThanOrEqual(400);
      expect(row.status).toBeLessThan(600);
      const ours = row.close >= 4400 && row.close <= 4499;
      expect(ours || [1001, 1003, 1008, 1009, 1011, 1013].includes(row.close)).toBe(true);
      expect(errorCode.safeParse(code).success).toBe(true);
      expect(errorBody.safeParse({ code, message: 'text' }).success).toBe(true);
    }
    expect(errorCode.safeParse('teapot').success).toBe(false);
  });
});
