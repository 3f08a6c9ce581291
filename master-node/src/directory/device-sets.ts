import type { AccountId, DeviceId } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { LRUCache } from 'lru-cache';
import type { Metrics } from '../metrics.ts';
import type { Directory } from './directory.ts';
import { onList } from './on-list.ts';

export type DeviceSet = {
  /** Those that may come in, also those that wait to be let in by the others. */
  readonly all: ReadonlySet<DeviceId>;
  /** Those that messages are for, on the account's list, with the registration id of their keys. */
  readonly listed: ReadonlyMap<DeviceId, number>;
};

/**
 * Device sets, read on every send and therefore kept for a while. An entry is forgotten when the directory's changes
 * or another master say so, and is read again after a time in any case. One that is out of date is only used when
 * the directory does not answer: live messages go on.
 */
export type DeviceSets = {
  /** Null when there is no such account. @throws ServiceError `unavailable` */
  readonly get: (account: AccountId) => Promise<DeviceSet | null>;
  /** As `get`, read from the directory now. */
  readonly refresh: (account: AccountId) => Promise<DeviceSet | null>;
  /** Of the account's tokens: earlier ones have ended. As fresh as what `get` answers. */
  readonly tokenGeneration: (account: AccountId) => Promise<number>;
  readonly forget: (account: AccountId) => void;
  /** Changes may have been missed: no entry counts as fresh. */
  readonly expireAll: () => void;
};

const MAX_ACCOUNTS = 50_000;
const FRESH_MS = 30_000;

type Read = { readonly set: DeviceSet; readonly tokenGeneration: number };
type Entry = Read & { freshUntil: number };

export const createDeviceSets = (
  directory: Pick<Directory, 'accountDevices'>,
  reads: Metrics['deviceSets'],
  now: () => number,
): DeviceSets => {
  const entries = new LRUCache<AccountId, Entry>({ max: MAX_ACCOUNTS });
  const loading = new Map<AccountId, Promise<Read | null>>();

  const read = async (account: AccountId): Promise<Read | null> => {
    reads.inc({ source: 'directory' });
    const found = await directory.accountDevices(account);
    if (found === null) return null;
    const { devices, tokenGeneration } = found;
    const listed = onList(found).map((device) => [device.deviceId, device.registrationId] as const);
    return {
      set: { all: new Set(devices.map(({ deviceId }) => deviceId)), listed: new Map(listed) },
      tokenGeneration,
    };
  };

  /** Callers at the same time share one read; one that was forgotten meanwhile is not kept. */
  const load = (account: AccountId): Promise<Read | null> => {
    const already = loading.get(account);
    if (already) return already;
    const startedAt = now();
    const reading = read(account)
      .then((found) => {
        if (loading.get(account) !== reading) return found;
        if (found) entries.set(account, { ...found, freshUntil: startedAt + FRESH_MS });
        else entries.delete(account);
        return found;
      })
      .finally(() => {
        if (loading.get(account) === reading) loading.delete(account);
      });
    loading.set(account, reading);
    return reading;
  };

  const forget = (account: AccountId): void => {
    entries.delete(account);
    loading.delete(account);
  };

  const find = async (account: AccountId): Promise<Read | null> => {
    const entry = entries.get(account);
    if (entry && entry.freshUntil > now()) {
      reads.inc({ source: 'cache' });
      return entry;
    }
    try {
      return await load(account);
    } catch (error) {
      if (!entry || !(error instanceof ServiceError) || error.code !== 'unavailable') throw error;
      reads.inc({ source: 'stale' });
      return entry;
    }
  };

  return {
    get: async (account) => (await find(account))?.set ?? null,
    tokenGeneration: async (account) => (await find(account))?.tokenGeneration ?? 0,
    refresh: async (account) => {
      const entry = entries.get(account);
      if (entry) entry.freshUntil = 0;
      loading.delete(account);
      return (await load(account))?.set ?? null;
    },
    forget,
    expireAll: () => {
      loading.clear();
      for (const entry of entries.values()) entry.freshUntil = 0;
    },
  };
};
