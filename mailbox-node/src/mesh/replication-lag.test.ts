import { describe, expect, it } from 'vitest';
import { createReplicationLag } from './replication-lag.ts';

describe('replication lag', () => {
  const start = () => {
    const clock = { nowMs: 100_000 };
    const lag = createReplicationLag({ peers: ['a', 'b'], intervalMs: 5_000, now: () => clock.nowMs });
    return { clock, lag };
  };

  it('is what the last canary took', () => {
    const { clock, lag } = start();
    lag.arrived('a', clock.nowMs - 250);
    expect(lag.seconds()['a']).toBe(0.25);
    clock.nowMs += 5_000;
    expect(lag.seconds()['a']).toBe(0.25);
  });

  it('grows while the next canary is overdue, and falls when it comes', () => {
    const { clock, lag } = start();
    lag.arrived('a', clock.nowMs);
    clock.nowMs += 25_000;
    expect(lag.seconds()).toEqual({ a: 20, b: 20 });
    lag.arrived('a', clock.nowMs - 100);
    expect(lag.seconds()).toEqual({ a: 0.1, b: 20 });
  });

  it('is never negative when clocks disagree, and knows only its peers', () => {
    const { clock, lag } = start();
    lag.arrived('a', clock.nowMs + 700);
    lag.arrived('stranger', clock.nowMs);
    expect(lag.seconds()).toEqual({ a: 0, b: 0 });
  });
});
