import type { ChaosDevice } from '../world/device.ts';
import type { Ailment, Death } from '../people/requests.ts';
import type { World } from '../world/world.ts';
import { pick, type Fault } from './fault.ts';

/** What happens to the machines of people. */

export const deviceOf = ({ devices }: World, number = 0): ChaosDevice | undefined => pick(devices(), number);

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

/** Dies at one of the next steps that its messenger waits for, before or after it. */
const dies = (name: string, weight: number, at: Death['at'], maxCount: number): Fault => ({
  name,
  weight,
  begin: async (world, [which, count = 0, when = 0]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    const death = { at, count: 1 + (count % maxCount), when: when % 2 === 0 ? 'before' : 'after' } as const;
    await device.process.ask('dieAt', death);
    return {
      on: `${device.name} ${death.when} ${at} ${death.count}`,
      // One that has not died yet dies now.
      end: async () => {
        await device.kill();
        await device.start();
      },
    };
  },
});

export const diesAtCommit = dies('dies-at-commit', 6, 'commit', 12);
export const diesAtRequest = dies('dies-at-request', 4, 'request', 12);
export const diesAtFrame = dies('dies-at-frame', 4, 'frame', 12);
export const diesAtStep = dies('dies-at-step', 6, 'any', 200);

const suffers = (name: string, weight: number, ailmentOf: (number: number) => Ailment): Fault => ({
  name,
  weight,
  begin: async (world, [which, number = 0]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    const ailment = ailmentOf(number);
    await device.process.ask('suffer', ailment);
    return {
      on: ailment.kind === 'slow' ? `${device.name} ${ailment.ms} ms` : device.name,
      end: async () => {
        await device.process.ask('suffer', null);
      },
    };
  },
});

const MAX_COMMIT_MS = 2_000;

export const vaultFails = suffers('vault-fails', 4, () => ({ kind: 'failing' }));
export const vaultFull = suffers('vault-full', 4, () => ({ kind: 'full' }));
export const vaultUnreadable = suffers('vault-unreadable', 3, () => ({ kind: 'unreadable' }));
export const vaultSlow = suffers('vault-slow', 4, (ms) => ({ kind: 'slow', ms: ms % MAX_COMMIT_MS }));

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

/** A vault that is there twice: the copies are used in turn, and change when the fault begins and when it ends. */
export const vaultCopied: Fault = {
  name: 'vault-copied',
  weight: 2,
  begin: async (world, [which]) => {
    const device = deviceOf(world, which);
    if (device === undefined) return null;
    const change = async (): Promise<void> => {
      await device.kill();
      await device.swapCopies();
      await device.start();
    };
    await change();
    return { on: device.name, end: change };
  },
};
