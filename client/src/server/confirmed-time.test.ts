import { expect, test } from 'vitest';
import { memoryVault } from '../index.ts';
import { createVaultStore } from '../vault/store.ts';
import { createConfirmedTime } from './confirmed-time.ts';

const START = Date.UTC(2030, 0, 1);
const HOUR_MS = 60 * 60 * 1000;

/** Hours since START, by each of the three. */
const device = () => {
  const store = createVaultStore(memoryVault());
  const hours = { machine: 0, told: null as number | null, lived: 0 };
  const begin = async () => {
    hours.told = null;
    const confirmed = createConfirmedTime({
      store,
      clock: { told: () => (hours.told === null ? null : START + hours.told * HOUR_MS) },
      now: () => START + hours.machine * HOUR_MS,
      monotonic: () => hours.lived * HOUR_MS,
    });
    await confirmed.load();
    return {
      at: (change: Partial<typeof hours>): number => {
        Object.assign(hours, change);
        return (confirmed.now() - START) / HOUR_MS;
      },
      keep: () => store.transact(confirmed.keep),
    };
  };
  return { begin };
};
const NEVER = -START / HOUR_MS;

test('as long as no server has said the time, it is what was lived through since it was known', async () => {
  const { begin } = device();
  const first = await begin();
  expect(first.at({})).toBe(NEVER);
  expect(first.at({ machine: 5, lived: 1 })).toBe(NEVER + 1);
  expect(first.at({ machine: 5, told: 5 })).toBe(5);
  await first.keep();
  const second = await begin();
  expect(second.at({ machine: 100 })).toBe(5);
  expect(second.at({ lived: 3 })).toBe(7);
  expect(second.at({ told: 100 })).toBe(100);
});

test('no clock alone brings it forward, and none holds it back', async () => {
  const { begin } = device();
  const { at } = await begin();
  expect(at({ machine: 1, told: 1 })).toBe(1);
  expect(at({ machine: 1000 })).toBe(1);
  expect(at({ machine: 1, told: 1000 })).toBe(1);
  // A clock that was set back, and stays so.
  expect(at({ machine: -1000, told: 2, lived: 1 })).toBe(2);
  expect(at({ machine: 9, told: -1000, lived: 4 })).toBe(5);
  expect(at({ told: 9 })).toBe(9);
});

test('when both were ahead and are put right, it goes back', async () => {
  const { begin } = device();
  const { at } = await begin();
  expect(at({ machine: 24, told: 24 })).toBe(24);
  expect(at({ machine: 1, told: 24, lived: 1 })).toBe(24);
  expect(at({ told: 1 })).toBe(1);
});
