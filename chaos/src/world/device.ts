import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../history/clock.ts';
import type { Happening } from '../history/line.ts';
import { createBrowserDevice } from '../people/browser-device.ts';
import { createDeviceProcess, type DeviceProcess } from '../people/device-process.ts';
import type { DeviceStart } from '../people/requests.ts';

/** A device of somebody in the chaos. */
export type ChaosDevice = {
  readonly name: string;
  readonly accountId: string;
  readonly deviceId: number;
  readonly process: DeviceProcess;
  /** `more`: of this run alone. */
  readonly start: (more?: Partial<DeviceStart>) => Promise<void>;
  readonly kill: () => Promise<void>;
  /** It ends, and does not start again. */
  readonly retire: () => Promise<void>;
  /** Moves its clock: off by so many milliseconds from now on, over all its runs. */
  readonly setClock: (shiftMs: number) => Promise<void>;
  /** Keeps the vault as it is. Nobody may have it open. */
  readonly copyVault: () => Promise<void>;
  /** Puts it back as it was kept, if it was. */
  readonly putBack: () => Promise<boolean>;
  /** Takes up the other one of two copies of the vault; makes the second one the first time. Nobody may have it open. */
  readonly swapCopies: () => Promise<void>;
};

/** Without the parts of files, which lie beside it: they stay as they are when a vault is put back. In a profile they go back with it. */
const partsOfSqlite = (file: string): string[] => ['', '-wal', '-shm'].map((part) => file + part);
const partsOfProfile = (folder: string): string[] => [join(folder, 'Default', 'IndexedDB')];

/** Puts a file or folder in the place of another; nothing in that of nothing. */
const replace = async (from: string, to: string): Promise<void> => {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true }).catch(() => undefined);
};

/** `page`: the address of the page that it is in; null for one in Node. `environment`: more variables of its process. */
export const createDevice = async (
  start: DeviceStart,
  {
    page,
    environment,
  }: { readonly page: string | null; readonly environment: Readonly<Record<string, string>> },
  note: (happening: Happening) => void,
): Promise<ChaosDevice | null> => {
  const process = page === null ? createDeviceProcess(start, environment) : createBrowserDevice(start, page);
  const self = await process.start();
  if (self === null) return null;
  let copiedAt: number | null = null;
  /** When the other copy of the vault was used last, or made. */
  let otherLeftAt: number | null = null;
  let isRetired = false;
  let clockShiftMs = 0;
  const name = start.device;
  const parts = page === null ? partsOfSqlite(start.vaultFile) : partsOfProfile(start.vaultFile);
  return {
    name,
    accountId: self.accountId,
    deviceId: self.deviceId,
    process,
    start: async (more) => {
      if (!isRetired) await process.start({ clockShiftMs, ...more });
    },
    retire: async () => {
      isRetired = true;
      await process[Symbol.asyncDispose]();
    },
    kill: async () => {
      await process.kill();
      note({ type: 'stopped', device: name });
    },
    setClock: async (shiftMs) => {
      clockShiftMs = shiftMs;
      await process.ask('setClock', shiftMs);
    },
    copyVault: async () => {
      copiedAt = monotonicMs();
      for (const part of parts) await replace(part, `${part}.copy`);
    },
    swapCopies: async () => {
      const leftAt = otherLeftAt;
      otherLeftAt = monotonicMs();
      for (const part of parts) {
        await replace(part, `${part}.left`);
        if (leftAt !== null) await replace(`${part}.other`, part);
        await replace(`${part}.left`, `${part}.other`);
      }
      if (leftAt !== null) note({ type: 'put-back', device: name, copiedAt: leftAt });
    },
    putBack: async () => {
      if (copiedAt === null) return false;
      for (const part of parts) await replace(`${part}.copy`, part);
      note({ type: 'put-back', device: name, copiedAt });
      return true;
    },
  };
};
