import { randomUUID } from 'node:crypto';
import { startCouchProcesses, waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import {
  createTestDirectories,
  startTestDirectories,
  type TestDirectories,
} from '../testing/test-directory.model.ts';
import { createCouchDirectory } from './couch-directory.ts';
import type { CouchServers } from './couch-servers.ts';
import { directoryContract, NUMBER_REST_MS } from './directory.contract.ts';
import { keyPageDocumentId } from './directory-documents.ts';
import { CLOSED_PAGE } from './key-page.ts';

directoryContract(async (clock) => {
  const directories = await startTestDirectories(1);
  const servers = directories.connect(...directories.urls);
  const now = () => clock.nowMs;
  const options = {
    now,
    clock: { surely: now, latest: now },
    numberRestMs: NUMBER_REST_MS,
    reader: directories.reader,
  };
  return {
    ...createCouchDirectory(servers, options),
    [Symbol.asyncDispose]: () => directories[Symbol.asyncDispose](),
  };
});

type Rows = { rows: { id: string; doc: Record<string, unknown> }[] };

describe('the directory in CouchDB', () => {
  let directories: TestDirectories;
  beforeAll(async () => {
    directories = await startTestDirectories(1);
  });
  afterAll(() => directories[Symbol.asyncDispose]());

  it('writes nothing for an account whose username is taken, and leaves nothing secret of one that has ended', async () => {
    const directory = createCouchDirectory(directories.connect(...directories.urls), {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: NUMBER_REST_MS,
      reader: directories.reader,
    });
    const username = randomName();
    const device = () => ({ name: 'test', keys: randomKeys(2), secretHash: 'a-secret-hash' });
    const { accountId } = await directory.createAccount(username, 'a-password-hash', device());
    await expect(directory.createAccount(username, 'a-password-hash', device())).rejects.toMatchObject({
      code: 'username-taken',
    });
    await directory.deleteAccount(accountId);
    const { rows } = (await directories.request(
      directories.urls[0]!,
      'GET',
      `${directories.database}/_all_docs?include_docs=true`,
    )) as Rows;
    expect(rows.map(({ id }) => id.split(':')[0]).sort()).toEqual(['account', 'device', 'keys', 'username']);
    for (const { id, doc } of rows) {
      const { _rev, signature } = doc;
      if (id.startsWith('keys:')) expect(doc).toEqual({ _id: id, _rev, signature, ...CLOSED_PAGE });
      else expect(Object.keys(doc).sort()).toEqual(['_id', '_rev', 'removedAt', 'signature', 'updatedAt']);
    }
  });

  it('writes an account with device, keys and name by one request, so that none is there without the others', async () => {
    const servers = directories.connect(...directories.urls);
    const writes: string[] = [];
    const watched: CouchServers = {
      ...servers,
      run: (operation) =>
        servers.run((database) =>
          operation(
            new Proxy(database, {
              get: (target, name) => {
                if (name === 'bulk' || name === 'insert') writes.push(name);
                return Reflect.get(target, name) as unknown;
              },
            }),
          ),
        ),
    };
    const directory = createCouchDirectory(watched, {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: NUMBER_REST_MS,
      reader: directories.reader,
    });
    const username = randomName();
    const device = { name: 'test', keys: randomKeys(2), secretHash: 'a-secret-hash' };
    const { accountId } = await directory.createAccount(username, 'a-password-hash', device);
    expect(writes).toEqual(['bulk']);
    expect(await directory.findUsername(username)).toBe(accountId);
    expect(await directory.keyStock({ accountId, deviceId: 1 })).toEqual({ preKeys: 2, kyberPreKeys: 2 });
  });

  it('frees no number by a clock that is not confirmed, nor by one that was behind at the removal (law 15)', async () => {
    const times = { now: Date.now(), surely: -Infinity, latest: 0 };
    const directory = createCouchDirectory(directories.connect(...directories.urls), {
      now: () => times.now,
      clock: { surely: () => times.surely, latest: () => times.latest },
      numberRestMs: NUMBER_REST_MS,
      reader: directories.reader,
    });
    const device = () => ({ name: 'test', keys: randomKeys(0), secretHash: randomUUID() });
    const { accountId, deviceId } = await directory.createAccount(randomName(), 'hash', device());
    const removedAt = times.now + 10 * NUMBER_REST_MS;
    times.latest = removedAt;
    await directory.removeDevice({ accountId, deviceId });

    times.now = removedAt + 100 * NUMBER_REST_MS;
    expect(await directory.addDevice(accountId, device())).toBe(2);
    times.surely = removedAt + NUMBER_REST_MS - 1;
    expect(await directory.addDevice(accountId, device())).toBe(3);
    times.surely += 1;
    expect(await directory.addDevice(accountId, device())).toBe(1);
  });

  describe('among documents that no master wrote (law 16)', () => {
    const put = (...docs: object[]) =>
      directories.request(directories.urls[0]!, 'POST', `${directories.database}/_bulk_docs`, { docs });
    const setUp = async () => {
      const directory = createCouchDirectory(directories.connect(...directories.urls), {
        now: Date.now,
        clock: { surely: Date.now, latest: Date.now },
        numberRestMs: NUMBER_REST_MS,
        reader: directories.reader,
      });
      const keys = randomKeys(3);
      const address = await directory.createAccount(randomName(), 'a-hash', {
        name: 'test',
        keys,
        secretHash: randomName(),
      });
      return { directory, keys, address, prefix: `device:${address.accountId}:` };
    };

    it('the devices of an account are read, and numbers given', async () => {
      const { directory, address, prefix } = await setUp();
      const odd = ['', '0', '00', '1:2', '128', '1e1', ' 7', 'note'].map((id) => ({
        _id: prefix + id,
        note: 1,
      }));
      // More than a page of them before the first device.
      const many = Array.from({ length: 300 }, (_, index) => ({ _id: `${prefix}${' '.repeat(2)}${index}` }));
      const unfit = [{ _id: `${prefix}2` }, { _id: `${prefix}7`, removedAt: 'x', updatedAt: 1 }];
      await put(...odd, ...many, ...unfit);
      const device = { name: 'second', keys: randomKeys(1), secretHash: randomName() };
      expect((await directory.devices(address.accountId))!.map(({ deviceId }) => deviceId)).toEqual([1]);
      // Number 2 is not given to anybody: nobody knows whose it is.
      expect(await directory.addDevice(address.accountId, device)).toBe(3);
      expect((await directory.devices(address.accountId))!.map(({ deviceId }) => deviceId)).toEqual([1, 3]);
      const { 'foreign-id': ids, 'bad-fields': fields } = directories.setAside.counts();
      expect([ids, fields]).toEqual([odd.length + many.length, unfit.length]);
    });

    it('a page of keys is read past leaves that are none; without one, keys of last resort are handed out', async () => {
      const { directory, keys, address } = await setUp();
      const id = keyPageDocumentId(address, keys.identityKey);
      const plant = (...docs: object[]) =>
        directories.request(directories.urls[0]!, 'POST', `${directories.database}/_bulk_docs`, {
          docs: docs.map((one, index) => ({ ...one, _id: id, _rev: `9-${String(index).repeat(32)}` })),
          new_edits: false,
        });
      await plant({ note: 1 }, { ec: { end: 1, keys: [keys.preKeys[0]] }, kyber: { end: 0, keys: [] } });
      expect((await directory.takeKeyBundle(address))!.left).toEqual({ preKeys: 2, kyberPreKeys: 2 });

      const lost = await setUp();
      const path = `${directories.database}/${encodeURIComponent(keyPageDocumentId(lost.address, lost.keys.identityKey))}`;
      const { _rev } = (await directories.request(directories.urls[0]!, 'GET', path)) as { _rev: string };
      await directories.request(directories.urls[0]!, 'PUT', path, { _rev, note: 1 });
      const { bundle, left } = (await lost.directory.takeKeyBundle(lost.address))!;
      expect([bundle.preKey, bundle.kyberPreKey, left]).toEqual([
        undefined,
        lost.keys.lastResortKyberPreKey,
        null,
      ]);
      const more = { ...randomKeys(1, 50) };
      await expect(lost.directory.replenishKeys(lost.address, more)).rejects.toMatchObject({
        code: 'unavailable',
      });
      await lost.directory.removeDevice(lost.address);
      expect(await directories.request(directories.urls[0]!, 'GET', path)).toMatchObject(CLOSED_PAGE);
    });

    it('an account or username that cannot be read is not said to be gone', async () => {
      const { directory } = await setUp();
      const [accountId, name] = [randomUUID(), randomName()];
      await put({ _id: `account:${accountId}`, note: 1 }, { _id: `username:${name}`, note: 1 });
      const unavailable = { code: 'unavailable' };
      await expect(directory.account(accountId)).rejects.toMatchObject(unavailable);
      await expect(directory.devices(accountId)).rejects.toMatchObject(unavailable);
      await expect(directory.findUsername(name)).rejects.toMatchObject(unavailable);
    });
  });
});

describe('masters that hand out keys at the same server', () => {
  it('give none twice, and lose none', async () => {
    await using directories = await startTestDirectories(1);
    const master = () =>
      createCouchDirectory(directories.connect(...directories.urls), {
        now: Date.now,
        clock: { surely: Date.now, latest: Date.now },
        numberRestMs: NUMBER_REST_MS,
        reader: directories.reader,
      });
    const masters = [master(), master(), master()];
    const keys = randomKeys(30);
    const address = await masters[0]!.createAccount(randomName(), 'hash', {
      name: 'test',
      keys,
      secretHash: randomUUID(),
    });
    const taken = await Promise.all(
      Array.from({ length: 36 }, (_, index) => masters[index % 3]!.takeKeyBundle(address)),
    );
    const ids = taken.flatMap((one) => one!.bundle.preKey?.keyId ?? []);
    expect(ids.sort((a, b) => a - b)).toEqual(keys.preKeys.map(({ keyId }) => keyId));
    expect(taken.filter((one) => one!.hasOneTimeKyberPreKey)).toHaveLength(16);
  });
});

const directoryAt = (directories: TestDirectories) => {
  const servers = directories.connect(...directories.urls);
  const directory = createCouchDirectory(servers, {
    now: Date.now,
    clock: { surely: Date.now, latest: Date.now },
    numberRestMs: NUMBER_REST_MS,
    reader: directories.reader,
  });
  return { servers, directory };
};
const device = (secretHash: string) => ({ name: 'test', keys: randomKeys(2), secretHash });

describe('a CouchDB of the directory that lost its data', () => {
  it('answers nothing for accounts until it is filled: no device is left out, no number given twice', async () => {
    const couches = await startCouchProcesses(3);
    await using directories = await createTestDirectories(couches);
    const [lost, ...others] = directories.urls as [string, string, string];
    const { servers, directory } = directoryAt(directories);
    const username = randomName();
    const { accountId } = await directory.createAccount(username, 'a-password-hash', device('one'));
    const add = (secretHash: string) => directory.addDevice(accountId, device(secretHash));
    const numbers = async () => (await directory.devices(accountId))?.map(({ deviceId }) => deviceId);
    const isUp = (index: number) => () => servers.states()[index]!.up;
    const isAway = (index: number) => () => !servers.states()[index]!.up;
    expect(await add('two')).toBe(2);
    for (const other of others) await directories.replicate(lost, other);

    await couches.kill(0);
    await waitFor('the loss', isAway(0));
    await couches.lose(0);
    await couches.restart(0);
    // The mesh has brought the account, and the first of its devices.
    await directories.create(lost);
    for (const id of [`account:${accountId}`, `device:${accountId}:1`]) {
      const path = `${directories.database}/${encodeURIComponent(id)}?revs=true`;
      const found = await directories.request(others[0], 'GET', path);
      await directories.request(lost, 'POST', `${directories.database}/_bulk_docs`, {
        docs: [found],
        new_edits: false,
      });
    }
    await waitFor('the server', isUp(0));
    expect(servers.states().map(({ filling }) => filling)).toEqual([true, false, false]);
    expect(await numbers()).toEqual([1, 2]);
    expect(await directory.takeKeyBundle({ accountId, deviceId: 2 })).not.toBeNull();
    expect(await add('three')).toBe(3);
    await directories.replicate(others[0], others[1]);

    await couches.kill(1);
    await waitFor('one other to be away', isAway(1));
    // The last one has come a moment ago, and might lack some.
    expect(await waitFor('the devices', () => numbers().catch(() => null))).toEqual([1, 2, 3]);
    await couches.kill(2);
    await waitFor('both others to be away', isAway(2));
    const unavailable = { code: 'unavailable' };
    await expect(numbers()).rejects.toMatchObject(unavailable);
    await expect(add('four')).rejects.toMatchObject(unavailable);
    await expect(directory.findUsername(username)).rejects.toMatchObject(unavailable);
    const taken = directory.createAccount(username, 'a-password-hash', device('else'));
    await expect(taken).rejects.toMatchObject(unavailable);

    await couches.restart(1);
    await waitFor('one other to be back', isUp(1));
    await directories.replicate(others[0], lost);
    await directories.complete(lost);
    await waitFor('the server to be used', () => !servers.states()[0]!.filling);
    expect(servers.current()).toBe(new URL(lost).host);
    expect(await numbers()).toEqual([1, 2, 3]);
    expect(await add('four')).toBe(4);
  });
});

describe('a CouchDB of the directory that has come back', () => {
  it('lacks what it has missed, and nobody is left out for that', async () => {
    const couches = await startCouchProcesses(3);
    await using directories = await createTestDirectories(couches);
    const [late, other, third] = directories.urls as [string, string, string];
    const { servers, directory } = directoryAt(directories);
    const { accountId } = await directory.createAccount(randomName(), 'a-password-hash', device('one'));
    for (const url of [other, third]) {
      await directories.replicate(late, url);
      await directories.complete(url);
    }
    await directories.complete(late);
    const numbers = async () => (await directory.devices(accountId))?.map(({ deviceId }) => deviceId);
    const add = (secretHash: string) => directory.addDevice(accountId, device(secretHash));
    const isUp = (index: number) => () => servers.states()[index]!.up;

    await couches.kill(0);
    await waitFor('the first to be away', () => !isUp(0)());
    expect(await add('two')).toBe(2);
    await directory.removeDevice({ accountId, deviceId: 1 });
    await directories.replicate(other, third);
    await couches.restart(0);
    await waitFor('the first', isUp(0));
    expect(servers.current()).toBe(new URL(late).host);
    expect(await numbers()).toEqual([2]);
    expect(await add('three')).toBe(3);
    // Both have a device number 3 that the other has never heard of, unless numbers are looked for everywhere.
    expect(await add('two')).toBe(2);
    expect(await numbers()).toEqual([2, 3]);

    for (const index of [0, 1, 2]) await couches.kill(index);
    await waitFor('all to be away', () => ![0, 1, 2].some((index) => isUp(index)()));
    await couches.restart(0);
    await waitFor('the one that lacks some', isUp(0));
    await expect(numbers()).rejects.toMatchObject({ code: 'unavailable' });
    await couches.restart(1);
    await waitFor('another one', isUp(1));
    expect(await numbers()).toEqual([2, 3]);
  });
});

describe('a change of the directory', () => {
  it('is at two servers before anybody is told: the one that took it may leave', async () => {
    const couches = await startCouchProcesses(3);
    await using directories = await createTestDirectories(couches);
    const { servers, directory } = directoryAt(directories);
    const { accountId } = await directory.createAccount(randomName(), 'a-password-hash', device('one'));
    for (const other of [1, 2]) await directories.replicate(directories.urls[0]!, directories.urls[other]!);
    const numbers = async () => (await directory.devices(accountId))?.map(({ deviceId }) => deviceId);
    const isUp = (index: number) => () => servers.states()[index]!.up;

    await couches.kill(0);
    await waitFor('the first to be away', () => !isUp(0)());
    expect(await directory.addDevice(accountId, device('two'))).toBe(2);
    await directory.removeDevice({ accountId, deviceId: 1 });
    expect(await directory.changePassword(accountId, 'another-hash')).toBe(1);
    await couches.kill(1);
    await waitFor('the second to be away', () => !isUp(1)());
    await couches.restart(0);
    await waitFor('the first', isUp(0));
    // Only the first and the third are there, and nothing was replicated since.
    expect(await numbers()).toEqual([2]);
    expect(await directory.accountDevices(accountId)).toMatchObject({ tokenGeneration: 1 });
  });
});
