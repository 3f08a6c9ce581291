import { LIMITS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { createDatabases } from './databases.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const databases = createDatabases('x-', 10, 30 * DAY_MS);
const now = Date.UTC(2026, 0, 15);

describe('databases', () => {
  it('have the prefix, all of them', () => {
    const live = databases.liveAt(now);
    for (const name of [databases.directory, databases.currentAt(now), ...live]) expect(name).toMatch(/^x-/);
    expect(live).toContain(databases.currentAt(now));
  });

  it('hold every message that may be read, and no other', () => {
    expect(databases.bucketFor(now, now)).toBe(databases.currentAt(now));
    expect(databases.bucketFor(now - 30 * DAY_MS, now)).toBe(databases.liveAt(now)[0]);
    expect(databases.bucketFor(now - 41 * DAY_MS, now)).toBeNull();
    expect(databases.bucketFor(now + LIMITS.clockSkewMs, now)).not.toBeNull();
    expect(databases.bucketFor(now + LIMITS.clockSkewMs + 1, now)).toBeNull();
    expect(databases.bucketFor(2 ** 48 - 1, now)).toBeNull();
  });

  it('are read up to the next bucket only when its time is near', () => {
    const next = databases.liveAt(now).at(-1)!;
    expect(databases.readableAt(now)).not.toContain(next);
    let start = now;
    while (databases.currentAt(start) !== next) start += 60_000;
    expect(databases.readableAt(start - LIMITS.clockSkewMs)).toContain(next);
  });

  it('expire only when they are ours', () => {
    const old = databases.currentAt(now - 60 * DAY_MS);
    expect(databases.isExpired(old, now)).toBe(true);
    for (const name of [
      databases.directory,
      old.slice(2),
      `y-${old.slice(2)}`,
      'x-other',
      databases.currentAt(now),
    ]) {
      expect(databases.isExpired(name, now), name).toBe(false);
    }
  });
});
