import { LIMITS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { BELIEVED_STEP_MS, createConfirmedClock } from './confirmed-clock.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = Date.UTC(2026, 0, 1);

const scene = () => {
  const machine = { nowMs: START, livedMs: 5_000 };
  const clock = createConfirmedClock(
    () => machine.nowMs,
    () => machine.livedMs,
  );
  const live = (ms: number): void => {
    machine.nowMs += ms;
    machine.livedMs += ms;
    clock.advance();
  };
  return { machine, clock, live };
};

describe('the confirmed time', () => {
  it('confirms nothing before it is known', () => {
    const { clock, live } = scene();
    live(DAY_MS);
    expect(clock.surely()).toBe(-Infinity);
    expect(clock.isDoubted()).toBe(false);
    clock.hear(START);
    expect(clock.confirmed()).toBeNull();
  });

  it('follows the clock through days that are lived through, and after being off for a week', () => {
    const { clock, machine, live } = scene();
    clock.set(START);
    for (let day = 0; day < 60; day += 1) live(DAY_MS);
    expect(clock.confirmed()).toBe(machine.nowMs);
    machine.nowMs += BELIEVED_STEP_MS;
    live(1_000);
    expect(clock.confirmed()).toBe(machine.nowMs);
    expect(clock.isDoubted()).toBe(false);
  });

  it('does not follow a step of 45 days: it goes on by what is lived through, and says so', () => {
    const { clock, machine, live } = scene();
    clock.set(START);
    machine.nowMs += 45 * DAY_MS;
    for (let hour = 0; hour < 10 * 24; hour += 1) live(DAY_MS / 24);
    expect(clock.confirmed()).toBe(START + 10 * DAY_MS);
    expect(clock.surely()).toBe(START + 10 * DAY_MS - BELIEVED_STEP_MS);
    expect(clock.aheadMs()).toBe(45 * DAY_MS);
    expect(clock.isDoubted()).toBe(true);
    machine.nowMs -= 45 * DAY_MS;
    live(1_000);
    expect(clock.isDoubted()).toBe(false);
    expect(clock.confirmed()).toBe(machine.nowMs);
  });

  it('no step that was believed wrongly destroys what had not expired', () => {
    const { clock, machine, live } = scene();
    clock.set(START);
    machine.nowMs += BELIEVED_STEP_MS;
    live(60_000);
    expect(clock.surely()).toBeLessThanOrEqual(START + 60_000);
  });

  it('a peer confirms what this clock says, and no more than it', () => {
    const { clock, machine, live } = scene();
    clock.set(START);
    machine.nowMs += 21 * DAY_MS;
    live(1_000);
    expect(clock.isDoubted()).toBe(true);
    clock.hear(machine.nowMs - 10_000);
    live(1_000);
    expect(clock.isDoubted()).toBe(false);
    expect(clock.confirmed()).toBe(machine.nowMs);
    clock.hear(machine.nowMs + 100 * DAY_MS);
    expect(clock.confirmed()).toBe(machine.nowMs);
    clock.hear(START);
    expect(clock.confirmed()).toBe(machine.nowMs);
  });

  it.each([
    ['a boot in 1970', 0],
    ['a clock of last week', START - 7 * DAY_MS],
  ])('%s is told, destroys nothing and forgets nothing', (_what, machineMs) => {
    const { clock, machine, live } = scene();
    clock.set(START);
    machine.nowMs = machineMs;
    live(60_000);
    expect(clock.isBehind()).toBe(true);
    expect(clock.isDoubted()).toBe(true);
    expect(clock.confirmed()).toBe(START);
    expect(clock.latest()).toBe(START);
    expect(clock.surely()).toBeLessThan(machine.nowMs);
    machine.nowMs = START + 120_000;
    live(1_000);
    expect(clock.isDoubted()).toBe(false);
  });

  it('clocks that are apart by what ids tolerate are not doubted', () => {
    const { clock, machine } = scene();
    clock.set(START);
    machine.nowMs = START - LIMITS.clockSkewMs;
    expect(clock.isDoubted()).toBe(false);
  });

  it("an operator's word counts in both directions", () => {
    const { clock, machine, live } = scene();
    clock.set(START + 45 * DAY_MS);
    live(1_000);
    expect(clock.isBehind()).toBe(true);
    clock.set(machine.nowMs);
    expect(clock.isDoubted()).toBe(false);
  });

  it('a span that was lived through without a step is over when it is; with one, a week later', () => {
    const { clock, machine, live } = scene();
    expect(clock.surelyAfter(DAY_MS)).toBe(-Infinity);
    clock.set(START);
    for (let hour = 0; hour < 24; hour += 1) {
      expect(clock.surelyAfter(DAY_MS)).toBe(clock.surely());
      live(DAY_MS / 24);
    }
    expect(clock.surelyAfter(DAY_MS)).toBe(machine.nowMs);
    machine.nowMs += LIMITS.clockSkewMs + 1_000;
    expect(clock.surelyAfter(DAY_MS)).toBe(clock.surely());
    live(1_000);
    for (let hour = 0; hour < 23; hour += 1) live(DAY_MS / 24);
    expect(clock.surelyAfter(DAY_MS)).toBe(clock.surely());
    live(DAY_MS / 24);
    expect(clock.surelyAfter(DAY_MS)).toBe(machine.nowMs);
    machine.nowMs -= 2 * LIMITS.clockSkewMs;
    expect(clock.surelyAfter(DAY_MS)).toBe(clock.surely());
  });

  it('while the clock is doubted, what was lived through tells nothing', () => {
    const { clock, machine, live } = scene();
    clock.set(START);
    machine.nowMs += 45 * DAY_MS;
    for (let hour = 0; hour < 48; hour += 1) live(DAY_MS / 24);
    expect(clock.surelyAfter(DAY_MS)).toBe(START + 2 * DAY_MS - BELIEVED_STEP_MS);
  });
});
