import { describe, expect, it } from 'vitest';
import type { Missed } from './bus.ts';
import { createBusPeers, SILENT_BEATS } from './bus-peers.ts';

const create = () => {
  const told: Missed[] = [];
  const peers = createBusPeers((missed) => told.push(missed));
  return {
    peers,
    told: () => told.splice(0).map(({ kind, master }) => `${kind} ${master}`),
    ticks: (count: number) => {
      for (let index = 0; index < count; index += 1) peers.tick();
    },
  };
};
const beat = (number: number, published = 0, isLast = false) => ({ number, published, isLast });

describe('beats of other masters', () => {
  it('tell nothing as long as they follow each other', () => {
    const { peers, told, ticks } = create();
    expect(peers.hear('a', beat(1))).toBe(true);
    for (let number = 2; number < 20; number += 1) {
      ticks(SILENT_BEATS);
      expect(peers.hear('a', beat(number, number))).toBe(false);
    }
    expect(told()).toEqual([]);
    expect(peers.size()).toBe(1);
  });

  it('tell a gap by a hole in the numbers, once', () => {
    const { peers, told } = create();
    for (const number of [1, 2, 4, 5]) peers.hear('a', beat(number));
    expect(told()).toEqual(['gap a']);
  });

  it('tell nothing when they come again', () => {
    const { peers, told } = create();
    for (const number of [1, 2, 3, 2, 3, 4]) peers.hear('a', beat(number));
    expect(told()).toEqual([]);
  });

  it('tell a gap when one is heard that has published before', () => {
    const { peers, told } = create();
    peers.hear('a', beat(7, 0));
    expect(told()).toEqual([]);
    peers.hear('b', beat(7, 1));
    expect(told()).toEqual(['gap b']);
  });

  it('tell a gap with the first one over a new connection', () => {
    const { peers, told } = create();
    for (const number of [1, 2]) peers.hear('a', beat(number, 1));
    told();
    peers.connected();
    expect(peers.hear('a', beat(3, 1))).toBe(true);
    peers.hear('a', beat(4, 1));
    expect(told()).toEqual(['gap a']);
  });

  it('tell by their silence that a master is gone, and perhaps what it said last', () => {
    const { peers, told, ticks } = create();
    peers.hear('a', beat(1, 1));
    peers.hear('b', beat(1));
    told();
    ticks(SILENT_BEATS);
    peers.hear('b', beat(2));
    expect(told()).toEqual([]);
    ticks(1);
    expect(told()).toEqual(['gap a', 'gone a']);
    expect(peers.size()).toBe(1);
    ticks(SILENT_BEATS + 1);
    expect(told()).toEqual(['gap b', 'gone b']);
    peers.hear('a', beat(9, 1));
    expect(told()).toEqual(['gap a']);
  });

  it('are not waited for while there is no connection', () => {
    const { peers, told, ticks } = create();
    peers.hear('a', beat(1));
    ticks(SILENT_BEATS);
    peers.connected();
    ticks(SILENT_BEATS);
    expect(told()).toEqual([]);
    ticks(1);
    expect(told()).toEqual(['gap a', 'gone a']);
  });

  it('tell that one ends in order, with nothing lost', () => {
    const { peers, told } = create();
    peers.hear('a', beat(1));
    expect(peers.hear('a', beat(2, 5, true))).toBe(false);
    expect(told()).toEqual(['gone a']);
    expect(peers.size()).toBe(0);
  });

  it('of names that somebody makes up are kept of so many', () => {
    const { peers } = create();
    for (let index = 0; index < 1000; index += 1) peers.hear(`made-up-${index}`, beat(1));
    expect(peers.size()).toBe(64);
  });
});

describe('beats of this master', () => {
  it('have a hole where something may be lost, which others find', () => {
    const here = create();
    const there = create();
    const says = (isLast = false) => there.peers.hear('here', here.peers.next(isLast));
    says();
    here.peers.published();
    says();
    expect(there.told()).toEqual([]);
    here.peers.mayBeLost();
    says();
    expect(there.told()).toEqual(['gap here']);
    says(true);
    expect(there.told()).toEqual(['gone here']);
  });

  it('tell who comes later that there was something before', () => {
    const here = create();
    here.peers.mayBeLost();
    const there = create();
    there.peers.hear('here', here.peers.next());
    expect(there.told()).toEqual(['gap here']);
  });
});
