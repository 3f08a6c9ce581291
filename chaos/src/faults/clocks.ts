import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, type SeededRandom } from '@restante/testkit/seeded-random';
import type { World } from '../world/world.ts';
import { deviceOf } from './devices.ts';
import { pick, type Begun, type Fault } from './fault.ts';

/** Clocks of machines that are wrong. The history goes by the monotonic clock, which nobody moves. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How far off at most, either way. Parts that are less than ten minutes apart work with each other. */
const NEAR_MS = [10 * SECOND_MS, 4.5 * MINUTE_MS] as const;
/** Beyond that they refuse each other until the clocks are right. Mail lives for 30 days by the clock of whoever reads it. */
const FAR_MS = [12 * 60 * MINUTE_MS, 25 * DAY_MS] as const;
const ANY_MS = [...NEAR_MS, ...FAR_MS] as const;

type Clock = { readonly owner: string; readonly set: (shiftMs: number) => Promise<void> };

const clockOfService = (world: World, number?: number): Clock | null => {
  const { clocks, setClock } = world.cluster;
  const owner = pick(clocks, number);
  return owner === undefined ? null : { owner, set: (shiftMs) => setClock(owner, shiftMs) };
};
const clockOfDevice = (world: World, number?: number): Clock | null => {
  const device = deviceOf(world, number);
  return device ? { owner: device.name, set: device.setClock } : null;
};

const seconds = (ms: number): number => Math.round(ms / SECOND_MS);
/** Forwards or backwards. */
const within = (reachMs: number, { below }: SeededRandom): number => below(2 * reachMs) - reachMs;

/** A clock that is moved, as far as the reach that is drawn, until the fault ends. */
const moved = (
  options: Pick<Fault, 'name' | 'weight' | 'maxSteps'>,
  reachesMs: readonly number[],
  clockOf: typeof clockOfService,
  move: (clock: Clock, reachMs: number, random: SeededRandom) => Promise<Begun>,
): Fault => ({
  ...options,
  begin: async (world, [which, reach, seed = 0]) => {
    const clock = clockOf(world, which);
    const reachMs = pick(reachesMs, reach);
    return clock === null || reachMs === undefined ? null : move(clock, reachMs, seededRandom(seed));
  },
});

/** Off by the same for a while. */
const off = (
  name: string,
  weight: number,
  reachesMs: readonly number[],
  clockOf: typeof clockOfService,
): Fault =>
  moved({ name, weight, maxSteps: 60 }, reachesMs, clockOf, async (clock, reachMs, random) => {
    const shiftMs = within(reachMs, random);
    await clock.set(shiftMs);
    return { on: `${clock.owner} ${seconds(shiftMs)} s`, end: () => clock.set(0) };
  });

const STEP_MS = 700;

/** It jumps forwards and backwards again and again. */
const stepping = (
  name: string,
  weight: number,
  reachesMs: readonly number[],
  clockOf: typeof clockOfService,
): Fault =>
  moved({ name, weight }, reachesMs, clockOf, async (clock, reachMs, random) => {
    const ended = new AbortController();
    await clock.set(within(reachMs, random));
    const steps = (async () => {
      while (await sleep(STEP_MS, true, { signal: ended.signal }).catch(() => false))
        await clock.set(within(reachMs, random));
    })();
    // Told when the fault ends.
    steps.catch(() => undefined);
    return {
      on: `${clock.owner} by ${seconds(reachMs)} s`,
      end: async () => {
        ended.abort();
        await steps.finally(() => clock.set(0));
      },
    };
  });

export const serviceClockOff = off('service-clock-off', 4, NEAR_MS, clockOfService);
export const serviceClockSteps = stepping('service-clock-steps', 2, NEAR_MS, clockOfService);
export const serviceClockFarOff = off('service-clock-far-off', 2, FAR_MS, clockOfService);
export const serviceClockStepsFar = stepping('service-clock-steps-far', 1, FAR_MS, clockOfService);
export const deviceClockOff = off('device-clock-off', 4, ANY_MS, clockOfDevice);
export const deviceClockSteps = stepping('device-clock-steps', 2, ANY_MS, clockOfDevice);

/**
 * All mailbox nodes are further ahead than mail lives: by their clocks all of it has expired, and nobody's token is good. Nothing is dropped for
 * that (law 15), and when the clocks are right again it is there.
 */
const MONTHS_MS = 60 * DAY_MS;
export const nodeClocksAhead: Fault = {
  name: 'node-clocks-ahead',
  weight: 1,
  maxSteps: 60,
  begin: async ({ cluster }) => {
    const nodes = cluster.parts.mailboxNodes.map(({ name }) => name);
    const set = async (shiftMs: number): Promise<void> => {
      await Promise.all(nodes.map((name) => cluster.setClock(name, shiftMs)));
    };
    await set(MONTHS_MS);
    return { on: nodes.join(' '), end: () => set(0) };
  },
};
