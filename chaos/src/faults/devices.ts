import type { ChaosDevice } from '../world/device.ts';
import type { World } from '../world/world.ts';
import { pick, type Fault } from './fault.ts';

/** What happens to the machines of people. */

const deviceOf = ({ people }: World, number = 0): ChaosDevice | undefined =>
  pick(
    people().flatMap(({ devices }) => devices),
    number,
  );

export const deviceKilled: Fault = {
  name: 'device-killed',
  weight: 8,
  begin: async (world, [which]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    await device.kill();
    return { on: device.name, end: () => device.start() };
  },
};

/** Dies at one of its next writes to the vault, before or after it. */
export const diesAtCommit: Fault = {
  name: 'dies-at-commit',
  weight: 8,
  begin: async (world, [which, count = 0, when = 0]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    const asked = { count: 1 + (count % 12), when: when % 2 === 0 ? 'before' : 'after' } as const;
    await device.process.ask('dieAtCommit', asked);
    return {
      on: `${device.name} ${asked.when} commit ${asked.count}`,
      // One that has not died yet dies now.
      end: async () => {
        await device.kill();
        await device.start();
      },
    };
  },
};

export const vaultFails: Fault = {
  name: 'vault-fails',
  weight: 4,
  begin: async (world, [which]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    await device.process.ask('failing', true);
    return {
      on: device.name,
      end: async () => {
        await device.process.ask('failing', false);
      },
    };
  },
};

/** A vault that is put back as it was when the fault began. */
export const vaultPutBack: Fault = {
  name: 'vault-put-back',
  weight: 2,
  begin: async (world, [which]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    await device.kill();
    await device.copyVault();
    await device.start();
    return {
      on: device.name,
      end: async () => {
        await device.kill();
        await device.putBack();
        await device.start();
      },
    };
  },
};
