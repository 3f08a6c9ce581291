import { expect, test } from 'vitest';
import type { Self } from '../vault/tables.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore } from '../vault/store.ts';
import { createArrivals } from './arrival.ts';

const NOW = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;

test('a time to come that a master said at the sign-in says nothing', () => {
  const device = { isRegistered: () => true, self: () => ({ registeredAt: NOW + 25 * 24 * HOUR }) as Self };
  const arrivals = createArrivals(createVaultStore(memoryVault()), { now: () => NOW }, device);
  expect(arrivals.now()).toEqual({ after: 0, at: NOW });
});

test('all mail from before a device was there counts as taken, until more has been', async () => {
  const vault = memoryVault();
  const self = { registeredAt: NOW - HOUR } as Self;
  const open = (isRegistered: boolean) =>
    createArrivals(
      createVaultStore(vault),
      { now: () => NOW },
      { isRegistered: () => isRegistered, self: () => self },
    );
  expect(open(false).now()).toEqual({ after: 0, at: NOW });
  const arrivals = open(true);
  await arrivals.load();
  expect(arrivals.now()).toEqual({ after: NOW - HOUR, at: NOW });
  await arrivals.taken(NOW - 2 * HOUR);
  expect(arrivals.now().after).toBe(NOW - HOUR);
  await arrivals.taken(NOW - 60_000);
  expect(arrivals.now().after).toBe(NOW - 60_000);
  const again = open(true);
  await again.load();
  expect(again.now().after).toBe(NOW - 60_000);
});
