import { describe, expect, it } from 'vitest';
import { createAgreedTime } from './agreed-time.ts';

const HOUR_MS = 60 * 60 * 1000;
const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 1);

/** A service whose machine's clock is off by so much, and three nodes in all. */
const scene = ({ nodes = 3, isNode = false } = {}) => {
  const machine = { offMs: 0, livedMs: 0 };
  const right = (): number => START + machine.livedMs;
  const time = createAgreedTime({
    ...{ nodes, isNode },
    machine: () => right() + machine.offMs,
    monotonic: () => machine.livedMs,
  });
  const hear = (node: string, offMs = 0): void => time.hear(node, right() + offMs);
  return { machine, time, right, hear };
};

describe('the time that most nodes agree on', () => {
  it.each([14 * 24, 8, -8])('is gone by when the own clock is off by %i hours', (hours) => {
    const { machine, time, right, hear } = scene();
    machine.offMs = hours * HOUR_MS;
    hear('own', machine.offMs);
    hear('b');
    expect(time.now()).toBe(right() + machine.offMs);
    hear('c');
    expect(time.now()).toBe(right());
    expect(time.offMs()).toBe(machine.offMs);
    machine.livedMs += 50 * MINUTE_MS;
    expect(time.now()).toBe(right());
  });

  it('is not known any more when nobody has said a word for an hour: a machine may have slept', () => {
    const { machine, time, right, hear } = scene();
    for (const node of ['a', 'b', 'c']) hear(node);
    machine.offMs = 20 * HOUR_MS;
    machine.livedMs += HOUR_MS;
    expect(time.isAgreed()).toBe(false);
    expect(time.now()).toBe(right() + machine.offMs);
    hear('b');
    hear('c');
    expect(time.now()).toBe(right());
  });

  it('was heard before the clock jumped, and goes on by what is lived through', () => {
    const { machine, time, right, hear } = scene();
    for (const node of ['a', 'b', 'c']) hear(node);
    machine.livedMs += 50 * MINUTE_MS;
    machine.offMs = 300 * HOUR_MS;
    expect(time.now()).toBe(right());
    machine.offMs = 0;
    expect(time.offMs()).toBe(0);
  });

  it('is the own one while clocks are as near as they may be', () => {
    const { machine, time, right, hear } = scene();
    machine.offMs = 9 * MINUTE_MS;
    for (const node of ['a', 'b', 'c']) hear(node);
    expect(time.now()).toBe(right() + machine.offMs);
  });

  it('is not what one node says, or two that contradict each other', () => {
    const { time, right, hear } = scene();
    hear('a', 300 * HOUR_MS);
    expect(time.now()).toBe(right());
    hear('b', -300 * HOUR_MS);
    expect(time.now()).toBe(right());
    const alone = scene({ nodes: 2 });
    alone.hear('peer', HOUR_MS);
    expect(alone.time.now()).toBe(alone.right());
  });

  it('makes nothing expire before the own clock says so as well, nor by that alone', () => {
    for (const offMs of [14 * 24 * HOUR_MS, -14 * 24 * HOUR_MS]) {
      const { machine, time, right, hear } = scene();
      for (const node of ['a', 'b', 'c']) hear(node);
      machine.offMs = offMs;
      expect(time.now()).toBe(right());
      expect(time.earliest()).toBe(right() + Math.min(0, offMs));
    }
  });

  it('counts nobody who does not believe their own clock', () => {
    const { time, right, hear } = scene();
    hear('a', 1_500 * HOUR_MS);
    hear('b', 1_500 * HOUR_MS);
    expect(time.now()).not.toBe(right());
    time.hear('a', null);
    expect(time.now()).toBe(right());
  });

  it.each([
    ['a node counts itself', true, 1],
    ['a master does not: its machine may be that of a node', false, 2],
  ])('is known to be that of most nodes: %s', (_what, isNode, needed) => {
    const { machine, time, hear } = scene({ isNode });
    hear('other', HOUR_MS);
    expect(time.isAgreed()).toBe(false);
    for (let heard = 1; heard <= needed; heard += 1) {
      expect(time.isAgreed()).toBe(false);
      hear(`node ${heard}`);
    }
    expect(time.isAgreed()).toBe(true);
    machine.offMs = -HOUR_MS;
    expect(time.isAgreed()).toBe(needed === 2);
  });
});
