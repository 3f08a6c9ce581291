import { LIMITS, messageTime } from '@restante/protocol';
import { newEnvelope, newMailbox } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { refusalOf } from './envelope-intake.ts';

const TTL_MS = LIMITS.messageTtlMs;
const now = Date.now();
const at = (timeMs: number) => newEnvelope(newMailbox(), { timeMs });

describe('refusalOf', () => {
  it('takes ids up to the allowed skew of clocks', () => {
    expect(refusalOf(at(now), now, TTL_MS)).toBeNull();
    expect(refusalOf(at(now + LIMITS.clockSkewMs), now, TTL_MS)).toBeNull();
    expect(refusalOf(at(now + LIMITS.clockSkewMs + 1), now, TTL_MS)).toBe('clock-skew');
  });

  it('refuses from the very moment of expiry (law 8)', () => {
    const envelope = at(now);
    expect(refusalOf(envelope, now + TTL_MS - 1, TTL_MS)).toBeNull();
    expect(refusalOf(envelope, now + TTL_MS, TTL_MS)).toBe('message-expired');
    const short = { ...envelope, expiresAt: now + 10 };
    expect(refusalOf(short, now + 9, TTL_MS)).toBeNull();
    expect(refusalOf(short, now + 10, TTL_MS)).toBe('message-expired');
  });

  it('lets nobody keep a message longer than its time', () => {
    const envelope = at(now);
    const latest = messageTime(envelope.id) + TTL_MS;
    expect(refusalOf({ ...envelope, expiresAt: latest }, now, TTL_MS)).toBeNull();
    expect(refusalOf({ ...envelope, expiresAt: latest + 1 }, now, TTL_MS)).toBe('bad-request');
  });
});
