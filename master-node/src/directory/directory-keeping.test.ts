import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@restante/testkit';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import { startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { createCouchDirectory } from './couch-directory.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  keyPageDocumentId,
  usernameDocumentId,
} from './directory-documents.ts';

type Document = Record<string, unknown> & { readonly _id: string; readonly _rev: string };

/** Law 12: whoever writes at one CouchDB of the directory changes nothing of what anybody is told. */
describe('a CouchDB of the directory in other hands', () => {
  let directories: TestDirectories;
  let urls: [string, string, string];
  let directory: ReturnType<typeof createCouchDirectory>;
  let kept: ReturnType<TestDirectories['keep']>;

  beforeAll(async () => {
    directories = await startTestDirectories(3);
    urls = directories.urls as [string, string, string];
    const servers = directories.connect(...urls);
    kept = directories.keep(servers);
    directory = createCouchDirectory(servers, {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: 10,
      reader: directories.reader,
    });
  });
  afterAll(async () => {
    await kept[Symbol.asyncDispose]();
    await directories[Symbol.asyncDispose]();
  });

  const at = (url: string, path: string, method = 'GET', body?: unknown) =>
    directories.request(url, method, `${directories.database}/${path}`, body);
  const read = (url: string, id: string) =>
    at(url, encodeURIComponent(id)).catch(() => null) as Promise<Document | null>;
  const put = (url: string, ...docs: object[]) => at(url, '_bulk_docs', 'POST', { docs });
  const force = (url: string, ...docs: object[]) => at(url, '_bulk_docs', 'POST', { docs, new_edits: false });
  const newAccount = async () => {
    const username = randomName();
    const keys = randomKeys(6);
    const device = { name: 'test', keys, secretHash: randomName() };
    const address = await directory.createAccount(username, 'a-hash', device);
    const ids = [
      usernameDocumentId(username),
      accountDocumentId(address.accountId),
      deviceDocumentId(address),
      keyPageDocumentId(address, keys.identityKey),
    ];
    const all = async (url: string) =>
      (await Promise.all(ids.map((id) => read(url, id)))).filter((one) => one);
    await waitFor('the account everywhere', async () =>
      (await Promise.all(urls.map(all))).every((found) => found.length === ids.length),
    );
    return { username, keys, address, ids, device };
  };
  const tampered = async (fault: string): Promise<number> => {
    const { values } = await kept.metrics.tampered.get();
    return values.find(({ labels }) => labels.fault === fault)?.value ?? 0;
  };
  const restored = async (): Promise<number> => {
    const { values } = await kept.metrics.restored.get();
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  const isSame = async (id: string): Promise<boolean> => {
    const [first, ...others] = await Promise.all(urls.map((url) => read(url, id)));
    const content = (document: Document) => JSON.stringify({ ...document, _rev: '', signature: '' });
    return Boolean(first) && others.every((other) => other && content(other) === content(first!));
  };
  const firstTwo = [0, 1] as const;

  it.each(firstTwo)('replaces no password: server %i', async (index) => {
    const { address, ids } = await newAccount();
    const before = await tampered('unsigned');
    const found = (await read(urls[index], ids[1]!))!;
    await put(urls[index], { ...found, passwordHash: 'theirs', updatedAt: Date.now() + 1e6 });
    for (let count = 0; count < 3; count += 1)
      expect((await directory.account(address.accountId))!.passwordHash).toBe('a-hash');
    await waitFor('it to be told', async () => (await tampered('unsigned')) > before);
    await waitFor('it to be put back', async () => {
      const now = await read(urls[index], ids[1]!);
      return now?.['passwordHash'] === 'a-hash' && (await isSame(ids[1]!));
    });
    for (const url of urls) expect((await read(url, ids[1]!))!['passwordHash']).toBe('a-hash');
    expect(await directory.changePassword(address.accountId, 'another')).toBe(1);
    expect((await directory.account(address.accountId))!.passwordHash).toBe('another');
  });

  it('adds no device, under a free number or over one that is there', async () => {
    const { address, ids } = await newAccount();
    const { signature, _rev, ...own } = (await read(urls[0], ids[2]!))!;
    const ghost = deviceDocumentId({ ...address, deviceId: 2 });
    // With no signature, that of another document, and under one of a key of its own.
    await put(urls[0], { ...own, _id: ghost, secretHash: 'theirs' });
    await force(urls[0], { ...own, _id: ghost, signature, _rev: `1-${'f'.repeat(32)}` });
    await put(urls[0], { ...own, _id: ids[2]!, _rev, secretHash: 'theirs', signature });
    const numbers = async () => (await directory.devices(address.accountId))!.map(({ deviceId }) => deviceId);
    expect(await numbers()).toEqual([1]);
    expect(await directory.standing({ ...address, deviceId: 2 })).toBeNull();
    expect((await directory.device(address))!.secretHash).toBe(own['secretHash']);
    expect(await directory.takeKeyBundle({ ...address, deviceId: 2 })).toBeNull();
    expect(
      await directory.addDevice(address.accountId, { name: 'second', keys: randomKeys(1), secretHash: 'x' }),
    ).toBe(3);
    expect(await numbers()).toEqual([1, 3]);
  });

  it('deletes nothing, and no name can be taken for that', async () => {
    const { username, address, ids, keys } = await newAccount();
    const before = await restored();
    for (const id of ids) {
      const { _rev } = (await read(urls[0], id))!;
      await put(urls[0], { _id: id, _rev, _deleted: true });
    }
    expect(await directory.findUsername(username)).toBe(address.accountId);
    const again = { name: 'thief', keys: randomKeys(1), secretHash: 'x' };
    await expect(directory.createAccount(username, 'theirs', again)).rejects.toMatchObject({
      code: 'username-taken',
    });
    expect(await directory.standing(address)).not.toBeNull();
    const { bundle } = (await directory.takeKeyBundle(address))!;
    expect(keys.preKeys).toContainEqual(bundle.preKey);
    await waitFor('all to be put back', async () => {
      const found = await Promise.all(ids.map((id) => read(urls[0], id)));
      return found.every((one) => one !== null) && (await Promise.all(ids.map(isSame))).every(Boolean);
    });
    expect(await restored()).toBeGreaterThan(before);
    expect(await directory.keyStock(address)).toMatchObject({ preKeys: 5 });
  });

  it('puts nothing back that was: neither an earlier password, a removed device, a freed name, nor a used key', async () => {
    const { username, address, ids, keys, device } = await newAccount();
    const second = await directory.addDevice(address.accountId, { ...device, secretHash: 'second' });
    const removed = deviceDocumentId({ ...address, deviceId: second });
    await waitFor('the device everywhere', () => isSame(removed));
    const read2 = async (id: string) =>
      (await at(urls[0], `${encodeURIComponent(id)}?revs=true`)) as Document;
    const old = await Promise.all([...ids, removed].map(read2));
    await directory.changePassword(address.accountId, 'new');
    await directory.removeDevice({ ...address, deviceId: second });
    const used = (await directory.takeKeyBundle(address))!.bundle.preKey!;
    const again = old.map((one, index) => ({ ...one, index }));
    // As a sibling of the same generation, and under a later one with the signature as it was.
    for (const { index, ...one } of again) {
      const generation = Number.parseInt(one._rev, 10);
      const plain = { ...one, _revisions: undefined };
      const hash = String(index).repeat(32).slice(0, 32);
      await force(urls[0], { ...plain, _rev: `${generation}-f${hash.slice(1)}` });
      await force(urls[0], { ...plain, _rev: `${generation + 7}-e${hash.slice(1)}` });
    }
    for (let count = 0; count < 3; count += 1) {
      expect((await directory.account(address.accountId))!.passwordHash).toBe('new');
      expect((await directory.devices(address.accountId))!.map(({ deviceId }) => deviceId)).toEqual([1]);
    }
    const given = [used.keyId];
    for (let count = 0; count < keys.preKeys.length; count += 1) {
      const { preKey } = (await directory.takeKeyBundle(address))!.bundle;
      if (preKey) given.push(preKey.keyId);
    }
    expect(given.sort()).toEqual(keys.preKeys.map(({ keyId }) => keyId).sort());
    await waitFor('all to be one again', async () =>
      (await Promise.all([...ids, removed].map(isSame))).every(Boolean),
    );
    await directory.deleteAccount(address.accountId);
    const next = await directory.createAccount(username, 'hash', device);
    await force(urls[0], old[0]!);
    await force(urls[0], { ...old[0]!, _rev: `1-${'d'.repeat(32)}`, _revisions: undefined });
    expect(await directory.findUsername(username)).toBe(next.accountId);
    await waitFor('the name to be one again', () => isSame(ids[0]!));
    expect(await directory.findUsername(username)).toBe(next.accountId);
  });

  it('is filled again when its database was dropped, or put back to what it was', async () => {
    const { address, ids } = await newAccount();
    const [account = ''] = ids.slice(1);
    const before = (await at(urls[0], `${encodeURIComponent(account)}?revs=true`)) as Document;
    await directory.changePassword(address.accountId, 'new');
    await waitFor('the change everywhere', () => isSame(account));
    await directories.request(urls[0], 'DELETE', directories.database);
    await waitFor('a new database', () =>
      directories.create(urls[0]).then(
        () => true,
        () => false,
      ),
    );
    // It says of itself that it has everything.
    await directories.complete(urls[0]);
    await force(urls[0], before);
    expect((await directory.account(address.accountId))!.passwordHash).toBe('new');
    await waitFor('all to be there again', async () => (await Promise.all(ids.map(isSame))).every(Boolean));
    expect((await read(urls[0], account))!['passwordHash']).toBe('new');
  });

  it('makes what nobody has signed stand aside, and nobody carries it', async () => {
    const id = accountDocumentId(crypto.randomUUID());
    await put(urls[2], { _id: id, username: 'ghost', passwordHash: 'x', createdAt: 1, updatedAt: 1 });
    const name = `${directories.database} at ${new URL(urls[2]).host}`;
    await waitFor('it to be set aside', () =>
      directories.setAside.examples().some((one) => one.database === name && one.id === id),
    );
    const witness = await newAccount();
    expect(await directory.account(witness.address.accountId)).not.toBeNull();
    for (const url of urls.slice(0, 2)) expect(await read(url, id)).toBeNull();
  });
});
