import { LIMITS, messageTime, RENDEZVOUS_MS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { createLocalBus } from './local-bus.ts';
import { createRendezvousBoard } from './rendezvous-board.ts';
import { createRendezvouses } from './rendezvous.ts';

/** Masters on one bus, with one clock. */
const masters = (count: number, patienceMs?: number) => {
  const clock = { now: 1_800_000_000_000 };
  const bus = createLocalBus();
  const ends = Array.from({ length: count }, () => {
    const end = bus();
    return { bus: end, ...createRendezvouses(end, () => clock.now, patienceMs) };
  });
  return { clock, ends };
};
const write = (sealed: string) => ({ slot: 'first', sealed }) as const;
const READ = { slot: 'first', sealed: null } as const;

describe('a rendezvous', () => {
  it('keeps the first message of each slot, whichever master is asked', async () => {
    const { ends } = masters(3);
    const [one, two, three] = ends as [(typeof ends)[0], (typeof ends)[0], (typeof ends)[0]];
    const id = one.open();
    expect(await two.ask(id, READ)).toEqual({ is: 'read', sealed: null });
    expect(await two.ask(id, write('AAAA'))).toEqual({ is: 'written' });
    for (const end of [one, two, three]) {
      expect(await end.ask(id, READ)).toEqual({ is: 'read', sealed: 'AAAA' });
      expect(await end.ask(id, write('BBBB'))).toEqual({ is: 'slot-taken' });
      expect(await end.ask(id, write('AAAA'))).toEqual({ is: 'written' });
      expect(await end.ask(id, { slot: 'second', sealed: null })).toEqual({ is: 'read', sealed: null });
    }
  });

  it('takes one of two messages that come at once', async () => {
    const { ends } = masters(2);
    const id = ends[0]!.open();
    const answers = await Promise.all(ends.map((end, index) => end.ask(id, write('ABCD'[index]!.repeat(4)))));
    expect(answers.map(({ is }) => is).sort()).toEqual(['slot-taken', 'written']);
  });

  it('is there for five minutes, and says so everywhere afterwards', async () => {
    const { clock, ends } = masters(2);
    const id = ends[0]!.open();
    expect(messageTime(id)).toBe(clock.now);
    await ends[1]!.ask(id, write('AAAA'));
    clock.now += RENDEZVOUS_MS - 1;
    expect(await ends[1]!.ask(id, READ)).toEqual({ is: 'read', sealed: 'AAAA' });
    clock.now += 1;
    for (const end of ends) {
      expect(await end.ask(id, READ)).toEqual({ is: 'not-found' });
      expect(await end.ask(id, write('BBBB'))).toEqual({ is: 'not-found' });
    }
    clock.now += LIMITS.clockSkewMs;
    for (const end of ends) expect(await end.ask(id, READ)).toEqual({ is: 'not-found' });
  });

  it('is unknown to a master that is alone, and where its own does not answer that is said', async () => {
    const { ends: elsewhere } = masters(1);
    const id = elsewhere[0]!.open();
    const { ends: alone } = masters(1);
    expect(await alone[0]!.ask(id, READ)).toEqual({ is: 'not-found' });
    const { ends: two } = masters(2, 5);
    await expect(two[0]!.ask(id, READ)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('has a master ask as much as it can keep, and no more; who waits is told when it stops', async () => {
    const { ends } = masters(2, 60_000);
    const [one] = ends as [(typeof ends)[0]];
    const { ends: elsewhere } = masters(1);
    const id = elsewhere[0]!.open();
    const waiting = Array.from({ length: 1_000 }, () => one.ask(id, READ));
    await expect(one.ask(id, READ)).rejects.toMatchObject({ code: 'unavailable' });
    const over = Promise.allSettled(waiting);
    one[Symbol.dispose]();
    expect((await over).every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('is followed as long as it is remembered', () => {
    const clock = { now: 1_800_000_000_000 };
    const followed: string[] = [];
    const bus = createLocalBus()();
    const watched = createRendezvouses(
      {
        ...bus,
        follow: (addressee) => void followed.push(addressee),
        unfollow: (addressee) => void followed.splice(followed.indexOf(addressee), 1),
      },
      () => clock.now,
    );
    const first = watched.open();
    clock.now += RENDEZVOUS_MS + LIMITS.clockSkewMs;
    const second = watched.open();
    expect(followed).not.toContain(first);
    expect(followed).toContain(second);
  });
});

describe('the rendezvous of one master', () => {
  it('are bounded while they are open: the oldest make room when they are over', () => {
    const clock = { now: 1_800_000_000_000 };
    const forgotten: string[] = [];
    const board = createRendezvousBoard(
      () => clock.now,
      (id) => forgotten.push(id),
      2,
    );
    board.add('a');
    board.add('b');
    expect(() => board.add('c')).toThrow(expect.objectContaining({ code: 'unavailable' }));
    clock.now += RENDEZVOUS_MS;
    board.add('c');
    expect(board.answer('a', READ)).toEqual({ is: 'not-found' });
    expect(board.size()).toBe(3);
    clock.now += LIMITS.clockSkewMs;
    expect(board.answer('a', READ)).toBeNull();
    expect(forgotten).toEqual(['a', 'b']);
  });
});
