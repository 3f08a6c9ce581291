import { randomUUID } from 'node:crypto';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, BusEvent, MasterId, Missed } from './bus.ts';

/** The end of a master, with all that it has heard. */
export type BusEnd = {
  readonly bus: Bus;
  readonly heard: { readonly event: BusEvent; readonly from: MasterId }[];
  readonly missed: Missed[];
};

export const listenTo = (bus: Bus): BusEnd => {
  const end: BusEnd = { bus, heard: [], missed: [] };
  bus.subscribe((event, from) => end.heard.push({ event, from }));
  bus.onMissed((missed) => end.missed.push(missed));
  return end;
};

export const typing = (to: string): BusEvent => ({ kind: 'typing', from: randomUUID(), to, active: true });

/**
 * Whether what one tells an account is heard by another: what is told before is heard before, so that nothing else is on its way from
 * there. The account is followed there.
 */
export const carries = async (from: BusEnd, to: BusEnd): Promise<void> => {
  const probe = randomUUID();
  to.bus.follow(probe);
  const heardBefore = to.heard.length;
  await waitFor(
    'an event to come through',
    () => {
      from.bus.publish(typing(probe));
      return to.heard.slice(heardBefore).some(({ event }) => event.kind === 'typing' && event.to === probe);
    },
    { everyMs: 10 },
  );
  to.bus.unfollow(probe);
};

/** What every bus does. `start`: that many masters which know each other. */
export const busContract = (
  name: string,
  start: (masters: number) => Promise<AsyncDisposable & { readonly buses: readonly Bus[] }>,
): void => {
  describe(`the bus, ${name}`, () => {
    let started: Awaited<ReturnType<typeof start>>;
    let ends: readonly BusEnd[];
    beforeAll(async () => {
      started = await start(3);
      ends = started.buses.map(listenTo);
    });
    afterAll(() => started[Symbol.asyncDispose]());

    const heardBy = (end: BusEnd, event: BusEvent): MasterId[] =>
      end.heard.filter((one) => JSON.stringify(one.event) === JSON.stringify(event)).map(({ from }) => from);
    const settle = async (from: BusEnd): Promise<void> => {
      for (const end of ends) if (end !== from) await carries(from, end);
    };

    it('gives each master a name of its own, and they see each other', () => {
      expect(new Set(ends.map(({ bus }) => bus.self)).size).toBe(3);
      for (const { bus } of ends) expect(bus.state()).toMatchObject({ up: true, peers: 2 });
    });

    it('is heard by the own master before it returns, whoever follows', () => {
      const [one] = ends;
      const event = typing(randomUUID());
      one!.bus.publish(event);
      expect(heardBy(one!, event)).toEqual([one!.bus.self]);
    });

    it('carries what is for an account to those masters that follow it, as long as they do, and to no other', async () => {
      const [one, two, three] = ends as [BusEnd, BusEnd, BusEnd];
      const account = randomUUID();
      two.bus.follow(account);
      two.bus.follow(account);
      await carries(one, two);
      const first = typing(account);
      one.bus.publish(first);
      await settle(one);
      expect([two, three].map((end) => heardBy(end, first))).toEqual([[one.bus.self], []]);
      two.bus.unfollow(account);
      const second = typing(account);
      one.bus.publish(second);
      await settle(one);
      expect(heardBy(two, second)).toEqual([one.bus.self]);
      two.bus.unfollow(account);
      await carries(two, one);
      const third = typing(account);
      one.bus.publish(third);
      await settle(one);
      expect([two, three].map((end) => heardBy(end, third))).toEqual([[], []]);
    });

    it('carries who connects, and which account has other devices, to all', async () => {
      const [one, two, three] = ends as [BusEnd, BusEnd, BusEnd];
      const accountId = randomUUID();
      const events: BusEvent[] = [
        { kind: 'connected', device: { accountId, deviceId: 1 }, connectionId: 'c' },
        { kind: 'devices-changed', accountId },
      ];
      for (const event of events) one.bus.publish(event);
      await settle(one);
      for (const event of events)
        expect([one, two, three].map((end) => heardBy(end, event))).toEqual(
          [1, 2, 3].map(() => [one.bus.self]),
        );
    });

    it('keeps the order of a master', async () => {
      const [one, two] = ends as [BusEnd, BusEnd];
      const accounts = [randomUUID(), randomUUID()];
      for (const account of accounts) two.bus.follow(account);
      await carries(one, two);
      const events = Array.from({ length: 200 }, (_, index) => typing(accounts[index % 2]!));
      for (const event of events) one.bus.publish(event);
      await carries(one, two);
      const wanted = new Set(events.map((event) => JSON.stringify(event)));
      expect(
        two.heard.map(({ event }) => event).filter((event) => wanted.has(JSON.stringify(event))),
      ).toEqual(events);
      for (const account of accounts) two.bus.unfollow(account);
    });

    it('tells nobody of a gap while nothing is lost', () => {
      expect(ends.flatMap(({ missed }) => missed)).toEqual([]);
    });

    it('tells of a master that ends', async () => {
      const [one, two, three] = ends as [BusEnd, BusEnd, BusEnd];
      await three.bus[Symbol.asyncDispose]();
      const gone: Missed = { kind: 'gone', master: three.bus.self };
      for (const end of [one, two])
        await waitFor('the end to be heard', () => end.missed.length > 0 && end.bus.state().peers === 1);
      expect([one.missed, two.missed]).toEqual([[gone], [gone]]);
    });
  });
};
