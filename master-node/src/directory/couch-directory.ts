import { randomUUID } from 'node:crypto';
import { LIMITS, type AccountId, type DeviceAddress } from '@restante/protocol';
import { ServiceError, type ConfirmedClock } from '@restante/service-kit';
import { createGather } from '../gather.ts';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { insertAll, remove, withHistories, write, writeRevisions, type Found } from './couch-documents.ts';
import { createKeyPages } from './couch-key-pages.ts';
import type { CouchServers, Database } from './couch-servers.ts';
import { newestOf } from './directory-conflicts.ts';
import type { DeviceRecord, DeviceToAdd, Directory, Standing } from './directory.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  isRemoval,
  keyPageDocumentId,
  usernameDocumentId,
  type DeviceDocument,
  type LiveAccount,
  type LiveDevice,
  type Removal,
} from './directory-documents.ts';
import { addKeys, EMPTY_PAGE, isLow } from './key-page.ts';

const MAX_NAME = 64;
const STANDINGS = { atOnce: 250, maxWaiting: 20_000 };

/** The name, or the first of `<name> (2)`, `<name> (3)` … that no other device has. */
const distinctName = (name: string, taken: ReadonlySet<string>): string => {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : ` (${count})`;
    const candidate = name.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
};

const newDevice = ({ name, keys, secretHash }: DeviceToAdd, createdAt: number): LiveDevice => ({
  name,
  registrationId: keys.registrationId,
  identityKey: keys.identityKey,
  signedPreKey: keys.signedPreKey,
  lastResortKyberPreKey: keys.lastResortKyberPreKey,
  secretHash,
  keysLow: isLow({ preKeys: keys.preKeys.length, kyberPreKeys: keys.kyberPreKeys.length }),
  createdAt,
  updatedAt: createdAt,
});

const record = (deviceId: number, device: LiveDevice): DeviceRecord => ({
  deviceId,
  name: device.name,
  registrationId: device.registrationId,
  secretHash: device.secretHash,
  createdAt: device.createdAt,
});

const live = <L extends object>(document: Found<L | Removal> | null): Found<L> | null =>
  document === null || isRemoval(document) ? null : document;

type Options = {
  readonly now: () => number;
  /** Numbers are freed by the time that has surely come, and rest from the latest one (law 15). */
  readonly clock: Pick<ConfirmedClock, 'surely' | 'latest'>;
  /** A removed device's number is used again this long after: when no token of it is valid any more. */
  readonly numberRestMs: number;
  readonly reader: DirectoryReader;
};

/**
 * The directory in CouchDB. An operation that failed over may have written on two servers: account ids and device
 * secrets are random, so a document that carries ours is our own earlier write, and not a conflict.
 */
export const createCouchDirectory = (
  servers: CouchServers,
  { now, clock, numberRestMs, reader }: Options,
): Directory => {
  const keyPages = createKeyPages(servers, reader);

  /** What says who may read and write is at two servers, where two answer, before anybody is told that it is so. */
  const secure = (ids: readonly string[]): Promise<void> =>
    servers.carry(async (database) => {
      const found = await withHistories(database, ids);
      return found.length > 0 ? found : null;
    }, writeRevisions);

  const findAccount = async (account: AccountId) =>
    live<LiveAccount>(await servers.lookUp((database) => reader.account(database, account)));
  const findDevice = async (device: DeviceAddress) =>
    live<LiveDevice>(await servers.lookUp((database) => reader.device(database, device)));

  /** Changes a live document until nobody else was quicker. The same one is not written. Null when it is not there. */
  const update = async <L extends { readonly updatedAt: number }>(
    read: (database: Database) => Promise<Found<L | Removal> | null>,
    change: (current: L, updatedAt: number) => object,
  ): Promise<L | null> => {
    const changed = await servers.lookUp(async (database) => {
      for (;;) {
        const found = await read(database);
        if (found === null) return null;
        const current = live<L>(found);
        if (current === null) return { current };
        const changed = change(current, Math.max(now(), current.updatedAt + 1));
        if (changed === current || (await write(database, current._id, changed, current))) return { current };
      }
    });
    return changed?.current ?? null;
  };
  const updateAccount = (account: AccountId, change: (current: LiveAccount, updatedAt: number) => object) =>
    update<LiveAccount>((database) => reader.account(database, account), change);
  const updateDevice = (device: DeviceAddress, change: (current: LiveDevice, updatedAt: number) => object) =>
    update<LiveDevice>((database) => reader.device(database, device), change);

  const noting = new Set<string>();
  /** Where connecting devices read it anyway. It is done with the next key when it fails now. */
  const noteLow = async (device: DeviceAddress): Promise<void> => {
    const id = deviceDocumentId(device);
    if (noting.has(id)) return;
    noting.add(id);
    try {
      await updateDevice(device, (current, updatedAt) =>
        current.keysLow === true ? current : { ...current, keysLow: true, updatedAt },
      );
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    } finally {
      noting.delete(id);
    }
  };

  const endDevice = async (device: DeviceAddress): Promise<void> => {
    await updateDevice(device, (_current, updatedAt) => ({
      removedAt: Math.max(updatedAt, clock.latest()),
      updatedAt,
    }));
    await secure([deviceDocumentId(device)]);
    await keyPages.clear(device);
  };

  /** Devices of an account by number, of all servers of which one may lack some; null when none has the account. */
  const gatherDevices = async (accountId: AccountId) => {
    const [first, ...others] = await servers.gather(async (database) => {
      const [account, devices] = await Promise.all([
        reader.account(database, accountId),
        reader.devices(database, accountId),
      ]);
      return account && { account, devices };
    });
    if (first === undefined) return null;
    const devices = new Map(first.devices);
    for (const [number, document] of others.flatMap((other) => [...other.devices])) {
      const known = devices.get(number);
      devices.set(number, known === undefined ? document : newestOf([known, document]));
    }
    return { account: newestOf([first.account, ...others.map(({ account }) => account)]), devices };
  };

  const claimNumber = async (
    database: Database,
    accountId: AccountId,
    device: DeviceToAdd,
    everywhere: ReadonlyMap<number, Found<DeviceDocument>>,
  ): Promise<number> => {
    const documents = await reader.devices(database, accountId);
    const names = new Set<string>();
    for (const [number, document] of [...everywhere, ...documents]) {
      const other = live<LiveDevice>(document);
      if (other?.secretHash === device.secretHash) return number;
      if (other) names.add(other.name);
    }
    const named = { ...newDevice(device, now()), name: distinctName(device.name, names) };
    for (let deviceId = 1; deviceId <= LIMITS.deviceId; deviceId += 1) {
      const isTaken = [everywhere.get(deviceId), documents.get(deviceId)].some(
        (document) =>
          document && (!isRemoval(document) || document.removedAt + numberRestMs > clock.surely()),
      );
      if (isTaken) continue;
      const over = documents.get(deviceId);
      if (await write(database, deviceDocumentId({ accountId, deviceId }), named, over)) return deviceId;
    }
    throw new ServiceError('device-limit', 'the account has no free device number');
  };

  const addDevice: Directory['addDevice'] = async (accountId, device) => {
    const noAccount = (): ServiceError => new ServiceError('not-found', 'no such account');
    const found = await gatherDevices(accountId);
    if (found === null || isRemoval(found.account)) throw noAccount();
    const deviceId = await servers.lookUp(async (database) => {
      const account = await reader.account(database, accountId);
      if (account === null) return null;
      if (isRemoval(account)) throw noAccount();
      return claimNumber(database, accountId, device, found.devices);
    });
    if (deviceId === null) throw noAccount();
    const address = { accountId, deviceId };
    await keyPages.add(address, device.keys.identityKey, device.keys);
    await secure([deviceDocumentId(address), keyPageDocumentId(address, device.keys.identityKey)]);
    return deviceId;
  };

  const findUsername: Directory['findUsername'] = async (username) => {
    const document = await servers.lookUpWhereUp((database) => reader.username(database, username));
    return document?.accountId ?? null;
  };

  const freeUsername = (username: string, account: AccountId): Promise<void> =>
    servers.run(async (database) => {
      const document = await reader.username(database, username);
      if (document?.accountId === account) await remove(database, document._id, document._rev);
    });

  const deleteAccount: Directory['deleteAccount'] = async (accountId) => {
    // First, for it may fail: then nothing has been done.
    const devices = (await gatherDevices(accountId))?.devices.keys() ?? [];
    const account = await findAccount(accountId);
    if (account) await freeUsername(account.username, accountId);
    await updateAccount(accountId, (_current, updatedAt) => ({ removedAt: updatedAt, updatedAt }));
    const name = account ? [usernameDocumentId(account.username)] : [];
    await secure([accountDocumentId(accountId), ...name]);
    await Promise.all([...devices].map((deviceId) => endDevice({ accountId, deviceId })));
  };

  const deviceList: Directory['deviceList'] = async (accountId) => {
    const found = await gatherDevices(accountId);
    if (found === null || isRemoval(found.account)) return null;
    const devices = [...found.devices]
      .flatMap(([deviceId, document]) => (isRemoval(document) ? [] : [record(deviceId, document)]))
      .sort((a, b) => a.deviceId - b.deviceId);
    return { devices, tokenGeneration: found.account.tokenGeneration ?? 0 };
  };

  const readStandings = async (devices: readonly DeviceAddress[]): Promise<(Standing | null)[]> => {
    const found = await servers.run((database) => reader.withAccounts(database, devices));
    return found.map((one) => {
      if (one === null || isRemoval(one.account) || isRemoval(one.device)) return null;
      return {
        tokenGeneration: one.account.tokenGeneration ?? 0,
        keysLow: one.device.keysLow ?? false,
      };
    });
  };

  return {
    createAccount: async (username, passwordHash, device) => {
      const accountId = randomUUID();
      const createdAt = now();
      const account: LiveAccount = { username, passwordHash, createdAt, updatedAt: createdAt };
      const address = { accountId, deviceId: 1 };
      const name = usernameDocumentId(username);
      // All but the name are new, whatever became of an earlier try: nobody else knows this id.
      const documents = [
        { _id: accountDocumentId(accountId), ...account },
        { _id: deviceDocumentId(address), ...newDevice(device, createdAt) },
        { _id: keyPageDocumentId(address, device.keys.identityKey), ...addKeys(EMPTY_PAGE, device.keys) },
        { _id: name, accountId, createdAt },
      ];
      try {
        await servers.run(async (database) => {
          if (!(await insertAll(database, documents)).has(name)) return;
          const owner = await reader.username(database, username);
          if (owner?.accountId !== accountId)
            throw new ServiceError('username-taken', 'the username is taken');
        });
        await secure(documents.map(({ _id }) => _id));
        return address;
      } catch (error) {
        // Only a sure loss is cleaned up: after another failure the username may be ours on a server that is down.
        if (error instanceof ServiceError && error.code === 'username-taken') await deleteAccount(accountId);
        throw error;
      }
    },
    findUsername,
    isRemoved: async (accountId) => {
      const found = await servers.lookUpWhereUp((database) => reader.account(database, accountId));
      return found !== null && isRemoval(found);
    },
    account: async (accountId) => {
      const account = await findAccount(accountId);
      if (account === null) return null;
      const { username, passwordHash, tokenGeneration = 0 } = account;
      return { accountId, username, passwordHash, tokenGeneration };
    },
    changePassword: async (accountId, passwordHash) => {
      let tokenGeneration = 0;
      const changed = await updateAccount(accountId, (current, updatedAt) => {
        tokenGeneration = (current.tokenGeneration ?? 0) + 1;
        return { ...current, passwordHash, tokenGeneration, updatedAt };
      });
      if (changed !== null) await secure([accountDocumentId(accountId)]);
      return changed && tokenGeneration;
    },
    deleteAccount,
    addDevice,
    devices: async (accountId) => (await deviceList(accountId))?.devices ?? null,
    deviceList,
    device: async (address) => {
      const device = await findDevice(address);
      return device && record(address.deviceId, device);
    },
    standing: createGather(readStandings, STANDINGS),
    removeDevice: endDevice,
    takeKeyBundle: async (address) => {
      const device = await findDevice(address);
      if (device === null) return null;
      const { registrationId, identityKey, signedPreKey, lastResortKyberPreKey } = device;
      const { preKey, kyberPreKey, left } = await keyPages.take(address, identityKey);
      if (left !== null && isLow(left) && !device.keysLow) await noteLow(address);
      const bundle = {
        deviceId: address.deviceId,
        registrationId,
        identityKey,
        signedPreKey,
        ...(preKey ? { preKey } : {}),
        kyberPreKey: kyberPreKey ?? lastResortKyberPreKey,
      };
      return { bundle, hasOneTimeKyberPreKey: kyberPreKey !== undefined, left };
    },
    replenishKeys: async (address, keys) => {
      const device = await findDevice(address);
      if (device === null) throw new ServiceError('not-found', 'no such device');
      const stock = await keyPages.add(address, device.identityKey, keys);
      const isNoted = (device.keysLow ?? false) === isLow(stock);
      if (keys.signedPreKey || keys.lastResortKyberPreKey || !isNoted) {
        await updateDevice(address, (current, updatedAt) => ({
          ...current,
          signedPreKey: keys.signedPreKey ?? current.signedPreKey,
          lastResortKyberPreKey: keys.lastResortKyberPreKey ?? current.lastResortKyberPreKey,
          keysLow: isLow(stock),
          updatedAt,
        }));
      }
      return stock;
    },
    keyStock: async (address) => {
      const device = await findDevice(address);
      return device && keyPages.stock(address, device.identityKey);
    },
    ping: async () => {
      await servers.run((database) => database.info());
    },
  };
};
