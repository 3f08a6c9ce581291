import { randomUUID } from 'node:crypto';
import { deviceKey, LIMITS, type AccountId, type DeviceAddress } from '@restante/protocol';
import { ServiceError, type ConfirmedClock } from '@restante/service-kit';
import { createGather } from '../gather.ts';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { readSigned } from './couch-carriers.ts';
import { createSecure } from './couch-copies.ts';
import { find, insertAll, write, type Found, type LeafWithHistory } from './couch-documents.ts';
import { createInvites } from './couch-invites.ts';
import { createKeyPages } from './couch-key-pages.ts';
import type { Answered, CouchServers, Database } from './couch-servers.ts';
import { createUpdates, heldBy, live, type Changed } from './couch-updates.ts';
import { holderOf, newestOf } from './directory-conflicts.ts';
import type { DeviceRecord, DeviceToAdd, Directory, Standing } from './directory.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  isRemoval,
  keyPageDocumentId,
  usernameDocumentId,
  type AccountDocument,
  type DeviceDocument,
  type LiveAccount,
  type LiveDevice,
  type LiveUsername,
  type UsernameDocument,
} from './directory-documents.ts';
import { addKeys, EMPTY_PAGE, isLow } from './key-page.ts';

/** A directory that was put back may be behind; nobody may use up the generations. */
const MAX_LISTS_AHEAD = 1_000;
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
  identityKey: device.identityKey,
  secretHash: device.secretHash,
  createdAt: device.createdAt,
});

const taken = (): ServiceError => new ServiceError('username-taken', 'the username is taken');

const conflict = (): ServiceError =>
  new ServiceError('device-list-conflict', 'the list does not follow on the one that is there');

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
  const updates = createUpdates(servers, reader, now);

  const secure = createSecure(servers);

  const newestAccount = (answers: readonly Answered<Found<AccountDocument>>[]) =>
    heldBy<AccountDocument>(answers, newestOf)?.answer ?? null;
  const newestDevice = (answers: readonly Answered<Found<DeviceDocument>>[]) =>
    heldBy<DeviceDocument>(answers, newestOf)?.answer ?? null;

  const findAccount = async (account: AccountId) =>
    live<LiveAccount>(newestAccount(await servers.ask((database) => reader.account(database, account))));
  const findDevice = async (device: DeviceAddress) =>
    live<LiveDevice>(newestDevice(await servers.ask((database) => reader.device(database, device))));
  const findHolder = async (username: string): Promise<Found<UsernameDocument> | null> => {
    const answers = await servers.askWhereUp((database) => reader.username(database, username));
    return heldBy<UsernameDocument>(answers, holderOf)?.answer ?? null;
  };

  const noting = new Set<string>();
  /** Where connecting devices read it anyway. It is done with the next key when it fails now. */
  const noteLow = async (device: DeviceAddress): Promise<void> => {
    const id = deviceDocumentId(device);
    if (noting.has(id)) return;
    noting.add(id);
    try {
      await updates.device(device, (current, updatedAt) =>
        current.keysLow === true ? current : { ...current, keysLow: true, updatedAt },
      );
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    } finally {
      noting.delete(id);
    }
  };

  /** `leaves`: its public key, as long as its account goes on, since nobody adds it again by the grant that it came with. */
  const endDevice = async (device: DeviceAddress, leaves: 'its key' | 'nothing'): Promise<void> => {
    const removal = await updates.device(device, ({ identityKey }, updatedAt) => ({
      removedAt: Math.max(updatedAt, clock.latest()),
      updatedAt,
      ...(leaves === 'its key' && { identityKey }),
    }));
    await Promise.all([secure([deviceDocumentId(device)], [removal?.written]), keyPages.clear(device)]);
  };

  /** Devices of an account by number, of all servers of which one may lack some; null when none has the account. */
  const gatherDevices = async (accountId: AccountId) => {
    const answers = await servers.gather(async (database) => {
      const [account, devices] = await Promise.all([
        reader.account(database, accountId),
        reader.devices(database, accountId),
      ]);
      return account && { account, devices };
    });
    const [first, ...others] = answers.map(({ answer }) => answer);
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
    times: 'once' | 'again',
  ): Promise<{ readonly deviceId: number; readonly written: LeafWithHistory | null }> => {
    const documents = await reader.devices(database, accountId);
    const names = new Set<string>();
    for (const [number, document] of [...everywhere, ...documents]) {
      const other = live<LiveDevice>(document);
      if (other?.secretHash === device.secretHash) return { deviceId: number, written: null };
      if (other) names.add(other.name);
    }
    const assertFirst = (known: ReadonlyMap<number, DeviceDocument>): void => {
      if (
        times === 'once' &&
        [...known.values()].some((each) => each.identityKey === device.keys.identityKey)
      )
        throw new ServiceError('grant-used', 'the device has been added already');
    };
    assertFirst(everywhere);
    assertFirst(documents);
    const named = { ...newDevice(device, now()), name: distinctName(device.name, names) };
    for (let deviceId = 1; deviceId <= LIMITS.deviceId; deviceId += 1) {
      const isTaken = [everywhere.get(deviceId), documents.get(deviceId)].some(
        (document) =>
          document && (!isRemoval(document) || document.removedAt + numberRestMs > clock.surely()),
      );
      if (isTaken) continue;
      const over = documents.get(deviceId);
      const written = await write(database, deviceDocumentId({ accountId, deviceId }), named, over);
      if (written !== null) return { deviceId, written };
      // Somebody was quicker: with the same grant?
      assertFirst(await reader.devices(database, accountId));
    }
    throw new ServiceError('device-limit', 'the account has no free device number');
  };

  const addDevice: Directory['addDevice'] = async (accountId, device, times = 'again') => {
    const noAccount = (): ServiceError => new ServiceError('not-found', 'no such account');
    const found = await gatherDevices(accountId);
    if (found === null || isRemoval(found.account)) throw noAccount();
    const { deviceId, written } = await servers.run((database) =>
      claimNumber(database, accountId, device, found.devices, times),
    );
    const address = { accountId, deviceId };
    await keyPages.add(address, device.keys.identityKey, device.keys);
    const ids = [deviceDocumentId(address), keyPageDocumentId(address, device.keys.identityKey)];
    await secure(ids, [written]);
    return deviceId;
  };

  const findUsername: Directory['findUsername'] = async (username) =>
    live<LiveUsername>(await findHolder(username))?.accountId ?? null;

  const freeUsername = (username: string, account: AccountId): Promise<Changed<LiveUsername> | null> =>
    updates.username(username, (current) => {
      if (current.accountId !== account) return current;
      const removedAt = Math.max(now(), current.createdAt);
      return { removedAt, updatedAt: removedAt, ...(current.life ? { life: current.life } : {}) };
    });

  const deleteAccount: Directory['deleteAccount'] = async (accountId) => {
    // First, for it may fail: then nothing has been done.
    const devices = (await gatherDevices(accountId))?.devices.keys() ?? [];
    const account = await findAccount(accountId);
    const freed = account && (await freeUsername(account.username, accountId));
    const removal = await updates.account(accountId, ({ deviceList }, updatedAt) => ({
      ...{ removedAt: updatedAt, updatedAt },
      ...(deviceList && { deviceList }),
    }));
    const name = account ? [usernameDocumentId(account.username)] : [];
    await secure([accountDocumentId(accountId), ...name], [freed?.written, removal?.written]);
    await Promise.all([...devices].map((deviceId) => endDevice({ accountId, deviceId }, 'nothing')));
  };

  const accountDevices: Directory['accountDevices'] = async (accountId) => {
    const found = await gatherDevices(accountId);
    if (found === null || isRemoval(found.account)) return null;
    const devices = [...found.devices]
      .flatMap(([deviceId, document]) => (isRemoval(document) ? [] : [record(deviceId, document)]))
      .sort((a, b) => a.deviceId - b.deviceId);
    const { tokenGeneration = 0, deviceList: list = null } = found.account;
    return { devices, tokenGeneration, list };
  };

  const readStandings = async (devices: readonly DeviceAddress[]): Promise<(Standing | null)[]> => {
    const answers = await servers.askWhereUp((database) => reader.withAccounts(database, devices));
    return devices.map((address) => {
      const accounts = answers.flatMap(({ server, answer }) => {
        const found = answer.accounts.get(address.accountId);
        return found === undefined ? [] : [{ server, answer: found }];
      });
      const same = answers.flatMap(({ server, answer }) => {
        const found = answer.devices.get(deviceKey(address));
        return found === undefined ? [] : [{ server, answer: found }];
      });
      const account = live<LiveAccount>(newestAccount(accounts));
      const device = live<LiveDevice>(newestDevice(same));
      if (account === null || device === null) return null;
      return { tokenGeneration: account.tokenGeneration ?? 0, keysLow: device.keysLow ?? false };
    });
  };

  /**
   * Gives a name to an account where nobody has it. It may have been free, or written by no master. `livesBefore`: how often it was
   * given away, as far as most servers know.
   *
   * @throws ServiceError `username-taken`
   */
  const takeName = async (
    database: Database,
    username: string,
    { accountId, createdAt }: LiveUsername,
    livesBefore: number,
  ): Promise<LeafWithHistory | null> => {
    const id = usernameDocumentId(username);
    const [leaf, fit] = await Promise.all([find<object>(database, id), readSigned(database, [id])]);
    const here = heldBy<UsernameDocument>(
      fit.map((form) => ({ server: database.server, answer: form as Found<UsernameDocument> })),
      holderOf,
    )?.answer;
    if (here !== undefined && !isRemoval(here)) {
      if (here.accountId === accountId) return null;
      throw taken();
    }
    const lives = Math.max(livesBefore, here === undefined ? 0 : (here.life ?? 1));
    const life = lives === 0 ? {} : { life: lives + 1 };
    const over = here ?? leaf ?? undefined;
    const written = await write(database, id, { accountId, createdAt, ...life }, over);
    if (written === null) throw taken();
    return written;
  };

  const invites = createInvites(servers, reader, updates, now);

  return {
    createAccount: async (username, passwordHash, device, invite) => {
      const accountId = randomUUID();
      const createdAt = now();
      const account: LiveAccount = { username, passwordHash, createdAt, updatedAt: createdAt };
      const address = { accountId, deviceId: 1 };
      const name = usernameDocumentId(username);
      const holder = await findHolder(username);
      if (holder !== null && !isRemoval(holder)) throw taken();
      const claim = invite === undefined ? null : await invites.claim(invite, { accountId, username });
      const over = holder === null ? {} : { _rev: holder._rev, life: (holder.life ?? 1) + 1 };
      // All but the name are new, whatever became of an earlier try: nobody else knows this id.
      const documents = [
        { _id: accountDocumentId(accountId), ...account },
        { _id: deviceDocumentId(address), ...newDevice(device, createdAt) },
        { _id: keyPageDocumentId(address, device.keys.identityKey), ...addKeys(EMPTY_PAGE, device.keys) },
        { _id: name, accountId, createdAt, ...over },
      ];
      try {
        const written = await servers.run(async (database) => {
          const inserted = await insertAll(database, documents);
          if (inserted.some(({ _id }) => _id === name)) return inserted;
          const livesBefore = holder === null ? 0 : (holder.life ?? 1);
          return [...inserted, await takeName(database, username, { accountId, createdAt }, livesBefore)];
        });
        await secure(
          documents.map(({ _id }) => _id),
          written,
        );
        return address;
      } catch (error) {
        // Only a sure loss is cleaned up: after another failure the username may be ours on a server that is down.
        if (error instanceof ServiceError && error.code === 'username-taken') {
          await deleteAccount(accountId);
          await claim?.release();
        }
        throw error;
      }
    },
    checkInvite: invites.check,
    findUsername,
    isRemoved: async (accountId) => {
      const found = newestAccount(
        await servers.askWhereUp((database) => reader.account(database, accountId)),
      );
      return found !== null && isRemoval(found);
    },
    account: async (accountId) => {
      const account = await findAccount(accountId);
      if (account === null) return null;
      const { username, passwordHash, tokenGeneration = 0, deviceList: list = null } = account;
      return { accountId, username, passwordHash, tokenGeneration, list };
    },
    deviceList: async (accountId) => {
      const found = newestAccount(await servers.ask((database) => reader.account(database, accountId)));
      return found?.deviceList ?? null;
    },
    changePassword: async (accountId, passwordHash) => {
      let tokenGeneration = 0;
      const changed = await updates.account(accountId, (current, updatedAt) => {
        tokenGeneration = (current.tokenGeneration ?? 0) + 1;
        return { ...current, passwordHash, tokenGeneration, updatedAt };
      });
      if (changed !== null) await secure([accountDocumentId(accountId)], [changed.written]);
      return changed && tokenGeneration;
    },
    deleteAccount,
    addDevice,
    devices: async (accountId) => (await accountDevices(accountId))?.devices ?? null,
    accountDevices,
    putDeviceList: async (list, by) => {
      const changed = await updates.account(list.accountId, (current, updatedAt) => {
        const before = current.deviceList;
        if (before?.signature === list.signature) return current;
        const ahead = list.generation - (before?.generation ?? 0);
        const follows = ahead > 0 && ahead <= MAX_LISTS_AHEAD;
        const hasSameKey = before === undefined || before.accountKey === list.accountKey;
        if (!follows || hasSameKey !== (by === 'same key')) throw conflict();
        return { ...current, deviceList: list, updatedAt };
      });
      if (changed === null) throw new ServiceError('not-found', 'no such account');
      await secure([accountDocumentId(list.accountId)], [changed.written]);
    },
    device: async (address) => {
      const device = await findDevice(address);
      return device && record(address.deviceId, device);
    },
    standing: createGather(readStandings, STANDINGS),
    removeDevice: (device) => endDevice(device, 'its key'),
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
        await updates.device(address, (current, updatedAt) => ({
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
