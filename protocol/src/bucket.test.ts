import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buckets, LIMITS } from './index.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const now = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2099, 11, 31) });
const span = fc.integer({ min: 1, max: 30 });

describe('buckets', () => {
  it('are named by the UTC day on which their span starts', () => {
    const { nameAt, startOf } = buckets(1, LIMITS.messageTtlMs);
    expect(nameAt(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe('messages-20260228');
    expect(nameAt(Date.UTC(2026, 2, 1))).toBe('messages-20260301');
    expect(startOf('messages-20260301')).toBe(Date.UTC(2026, 2, 1));
  });

  it('have names only of their own span, and nothing else is one', () => {
    const { nameAt, startOf } = buckets(10, LIMITS.messageTtlMs);
    const name = nameAt(Date.UTC(2026, 10, 21));
    const start = startOf(name);
    expect(start).not.toBeNull();
    const dayAfter = new Date(start! + DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
    for (const bad of [`messages-${dayAfter}`, 'messages-20261399', 'messages-', 'directory', `${name}0`]) {
      expect(startOf(bad)).toBeNull();
    }
  });

  it('cut time without gap or overlap', () => {
    fc.assert(
      fc.property(span, now, (days, time) => {
        const { nameAt, startOf } = buckets(days, LIMITS.messageTtlMs);
        const start = startOf(nameAt(time))!;
        expect(start).toBeLessThanOrEqual(time);
        expect(start + days * DAY_MS).toBeGreaterThan(time);
        expect(nameAt(start)).toBe(nameAt(time));
        expect(nameAt(start - 1)).not.toBe(nameAt(time));
      }),
    );
  });

  it('live: every readable time, and the next bucket ahead, oldest first', () => {
    fc.assert(
      fc.property(span, now, fc.integer({ min: 0, max: LIMITS.messageTtlMs }), (days, time, age) => {
        const { nameAt, liveAt, isExpired } = buckets(days, LIMITS.messageTtlMs);
        const live = liveAt(time);
        expect(live).toContain(nameAt(time - age));
        expect(live).toContain(nameAt(time + LIMITS.clockSkewMs));
        expect(live.at(-1)).toBe(nameAt(time + days * DAY_MS));
        expect([...live].sort()).toEqual(live);
        expect(new Set(live).size).toBe(live.length);
        for (const name of live) expect(isExpired(name, time)).toBe(false);
      }),
    );
  });

  it('expire as a whole, exactly when the last message in them has', () => {
    fc.assert(
      fc.property(span, now, (days, time) => {
        const { nameAt, startOf, isExpired, liveAt } = buckets(days, LIMITS.messageTtlMs);
        const name = nameAt(time);
        const lastMs = startOf(name)! + days * DAY_MS - 1;
        expect(isExpired(name, lastMs + LIMITS.messageTtlMs)).toBe(false);
        expect(isExpired(name, lastMs + LIMITS.messageTtlMs + 1)).toBe(true);
        expect(liveAt(lastMs + LIMITS.messageTtlMs + 1)).not.toContain(name);
      }),
    );
    expect(buckets(10, LIMITS.messageTtlMs).isExpired('directory', Date.now())).toBe(false);
  });
});
