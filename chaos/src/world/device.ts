import { copyFile, rm } from 'node:fs/promises';
import { monotonicMs } from '../history/clock.ts';
import type { Happening } from '../history/write.ts';
import { createDeviceProcess, type DeviceProcess } from '../people/device-process.ts';
import type { DeviceStart } from '../people/requests.ts';

/** A device of somebody in the chaos. */
export type ChaosDevice = {
  readonly name: string;
  readonly deviceId: number;
  readonly process: DeviceProcess;
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
  /** It ends, and does not start again. */
  readonly retire: () => Promise<void>;
  /** Keeps the vault as it is. Nobody may have it open. */
  readonly copyVault: () => Promise<void>;
  /** Puts it back as it was kept, if it was. */
  readonly putBack: () => Promise<boolean>;
};

const PARTS = ['', '-wal', '-shm'];

export const createDevice = async (
  start: DeviceStart,
  note: (happening: Happening) => void,
): Promise<{ device: ChaosDevice; accountId: string } | null> => {
  const process = createDeviceProcess(start);
  const self = await process.start();
  if (self === null) return null;
  let copiedAt: number | null = null;
  let isRetired = false;
  const name = start.device;
  const { vaultFile } = start;
  const device: ChaosDevice = {
    name,
    deviceId: self.deviceId,
    process,
    start: async () => {
      if (!isRetired) await process.start();
    },
    retire: async () => {
      isRetired = true;
      await process.kill();
    },
    kill: async () => {
      await process.kill();
      note({ type: 'stopped', device: name });
    },
    copyVault: async () => {
      copiedAt = monotonicMs();
      for (const part of PARTS) {
        await rm(`${vaultFile}.copy${part}`, { force: true });
        await copyFile(vaultFile + part, `${vaultFile}.copy${part}`).catch(() => undefined);
      }
    },
    putBack: async () => {
      if (copiedAt === null) return false;
      for (const part of PARTS) {
        await rm(vaultFile + part, { force: true });
        await copyFile(`${vaultFile}.copy${part}`, vaultFile + part).catch(() => undefined);
      }
      note({ type: 'put-back', device: name, copiedAt });
      return true;
    },
  };
  return { device, accountId: self.accountId };
};
