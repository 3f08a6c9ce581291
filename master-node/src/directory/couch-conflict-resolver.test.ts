import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptPath } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import { startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { createCouchDirectory } from './couch-directory.ts';
import { displacedUsernames } from './directory-conflicts.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  keyPageDocumentId,
  usernameDocumentId,
} from './directory-documents.ts';

type Leaves = { ok: { _rev: string; _deleted?: true } }[];

describe('conflicts after a partition', () => {
  let directories: TestDirectories;
  let clock = 1_000_000;
  let urls: [string, string];

  beforeAll(async () => {
    directories = await startTestDirectories(2);
    urls = [directories.urls[0]!, directories.urls[1]!];
  });
  afterAll(() => directories[Symbol.asyncDispose]());

  /** The directory as a master sees it that reaches one side only. */
  const side = (index: 0 | 1) =>
    createCouchDirectory(directories.connect(urls[index]), {
      now: () => (clock += 1),
      clock: { surely: () => clock, latest: () => clock },
      numberRestMs: 10,
      reader: directories.reader,
    });
  const device = () => ({ name: 'test', keys: randomKeys(1), secretHash: randomName() });
  const replicate = async (): Promise<void> => {
    await directories.replicate(urls[0], urls[1]);
    await directories.replicate(urls[1], urls[0]);
  };
  const liveLeaves = async (url: string, id: string): Promise<number> => {
    const path = `${directories.database}/${encodeURIComponent(id)}?open_revs=all`;
    const leaves = (await directories.request(url, 'GET', path)) as Leaves;
    return leaves.filter(({ ok }) => ok._deleted !== true).length;
  };
  const conflicts = async (url: string): Promise<string[]> => {
    const path = `${directories.database}/_all_docs?include_docs=true&conflicts=true`;
    const { rows } = (await directories.request(url, 'GET', path)) as {
      rows: { id: string; doc: { _conflicts?: string[] } }[];
    };
    return rows.filter(({ doc }) => (doc._conflicts ?? []).length > 0).map(({ id }) => id);
  };

  const revisions = async (url: string): Promise<string> => {
    const { rows } = (await directories.request(url, 'GET', `${directories.database}/_all_docs`)) as {
      rows: { id: string; value: { rev: string } }[];
    };
    return rows.map(({ id, value }) => `${id} ${value.rev}`).join();
  };

  /** Two masters, each at its own CouchDB, resolve at the same time until nothing is left to resolve on either. */
  const resolveEverywhere = async (): Promise<number> => {
    const kept = urls.map((url) => directories.keep(directories.connect(url)));
    await using cleanup = new AsyncDisposableStack();
    for (const one of kept) cleanup.use(one);
    await waitFor('no conflict, and the same on either side', async () => {
      await replicate();
      // What changes while it is replicated goes with the next replication.
      const [left, right] = [await revisions(urls[0]), await revisions(urls[1])];
      return left === right && (await conflicts(urls[0])).length + (await conflicts(urls[1])).length === 0;
    });
    const counts = await Promise.all(kept.map(({ metrics }) => metrics.conflicts.get()));
    return counts.flatMap(({ values }) => values).reduce((sum, { value }) => sum + value, 0);
  };

  it('a username: the earliest keeps it, the other keeps its account under another name', async () => {
    const username = randomName();
    const [left, right] = [side(0), side(1)];
    const first = await left.createAccount(username, 'hash', device());
    const second = await right.createAccount(username, 'hash', device());
    await replicate();
    expect(await conflicts(urls[0])).toContain(usernameDocumentId(username));
    expect(await resolveEverywhere()).toBeGreaterThan(0);
    for (const directory of [left, right]) {
      expect(await directory.findUsername(username)).toBe(first.accountId);
      expect((await directory.account(first.accountId))!.username).toBe(username);
      const other = displacedUsernames(username, second.accountId)[0]!;
      expect((await directory.account(second.accountId))!.username).toBe(other);
      expect(await directory.findUsername(other)).toBe(second.accountId);
    }
    const path = `${directories.database}/_all_docs?startkey="conflict:"&endkey="conflict%3B"&include_docs=true`;
    const { rows } = (await directories.request(urls[0], 'GET', path)) as { rows: { doc: unknown }[] };
    expect(rows.map(({ doc }) => doc)).toContainEqual(
      expect.objectContaining({
        kind: 'username',
        strategy: 'earliest-wins',
        documentId: usernameDocumentId(username),
      }),
    );
  });

  it('a device number given twice: the newest device keeps it, the other must log in again', async () => {
    const [left, right] = [side(0), side(1)];
    const { accountId } = await left.createAccount(randomName(), 'hash', device());
    await replicate();
    const [older, newer] = [device(), device()];
    expect(await left.addDevice(accountId, older)).toBe(2);
    expect(await right.addDevice(accountId, newer)).toBe(2);
    await replicate();
    await resolveEverywhere();
    for (const directory of [left, right]) {
      expect((await directory.device({ accountId, deviceId: 2 }))!.secretHash).toBe(newer.secretHash);
      const { bundle } = (await directory.takeKeyBundle({ accountId, deviceId: 2 }))!;
      expect(bundle.identityKey).toBe(newer.keys.identityKey);
    }
  });

  it('a device removed on one side and replenished on the other stays removed', async () => {
    const [left, right] = [side(0), side(1)];
    const address = await left.createAccount(randomName(), 'hash', device());
    await replicate();
    await left.removeDevice(address);
    const { signedPreKey } = randomKeys(0);
    await right.replenishKeys(address, { signedPreKey, preKeys: [], kyberPreKeys: [] });
    await replicate();
    await resolveEverywhere();
    for (const directory of [left, right]) expect(await directory.device(address)).toBeNull();
    for (const url of urls) expect(await liveLeaves(url, deviceDocumentId(address))).toBe(1);
  });

  it('one-time keys used on either side are used, before the conflict is resolved and after', async () => {
    const keys = randomKeys(12);
    const [left, right] = [side(0), side(1)];
    const address = await left.createAccount(randomName(), 'hash', { ...device(), keys });
    await replicate();
    const ids: number[] = [];
    const take = async (directory: typeof left) => {
      const id = (await directory.takeKeyBundle(address))!.bundle.preKey?.keyId;
      if (id !== undefined) ids.push(id);
    };
    const isOwn = new Set<number>();
    for (let count = 0; count < 3; count += 1) {
      await take(left);
      await take(right);
    }
    for (const id of ids) isOwn.add(id);
    await right.replenishKeys(address, { ...randomKeys(4, 50), signedPreKey: undefined });
    await replicate();
    expect(await conflicts(urls[0])).toContain(keyPageDocumentId(address, keys.identityKey));
    // The leaf that stands for the document knows of one side only.
    const after = ids.length;
    for (const directory of [left, right]) await take(directory);
    expect(ids.slice(after).filter((id) => isOwn.has(id))).toEqual([]);

    await resolveEverywhere();
    const used = new Set(ids);
    const stock = 16 - used.size;
    for (const directory of [left, right])
      expect(await directory.keyStock(address)).toEqual({
        preKeys: stock,
        kyberPreKeys: expect.any(Number) as number,
      });
    ids.length = 0;
    for (let count = 0; count < stock; count += 1) await take(left);
    expect(new Set(ids).size).toBe(stock);
    expect(ids.filter((id) => used.has(id))).toEqual([]);
    expect((await left.takeKeyBundle(address))!.bundle.preKey).toBeUndefined();
  });

  it('a page that was put back to what it was gives no used key again', async () => {
    const keys = randomKeys(8);
    const [left, right] = [side(0), side(1)];
    const address = await left.createAccount(randomName(), 'hash', { ...device(), keys });
    const id = keyPageDocumentId(address, keys.identityKey);
    const path = `${directories.database}/${encodeURIComponent(id)}`;
    const old = (await directories.request(urls[0], 'GET', path)) as object;
    const used = [];
    for (let count = 0; count < 4; count += 1)
      used.push((await left.takeKeyBundle(address))!.bundle.preKey!.keyId);
    await replicate();
    // With a history that nobody knows, and longer than that of what was used since.
    await directories.request(urls[1], 'POST', `${directories.database}/_bulk_docs`, {
      docs: [{ ...old, _id: id, _rev: `90-${'f'.repeat(32)}` }],
      new_edits: false,
    });
    const given = async (directory: typeof left) =>
      (await directory.takeKeyBundle(address))!.bundle.preKey!.keyId;
    const next = [await given(right)];
    await replicate();
    await resolveEverywhere();
    next.push(await given(left), await given(left), await given(left));
    expect([...used, ...next].sort()).toEqual(keys.preKeys.map(({ keyId }) => keyId).sort());
    expect((await right.takeKeyBundle(address))!.bundle.preKey).toBeDefined();
    await replicate();
    await resolveEverywhere();
    expect(await right.keyStock(address)).toEqual({ preKeys: 0, kyberPreKeys: 0 });
  });

  /** Leaves that somebody else wrote, one of which is the winner as CouchDB sees it. */
  const plant = async (id: string, ...documents: object[]): Promise<void> => {
    const docs = documents.map((one, index) => ({ ...one, _id: id, _rev: `9-${String(index).repeat(32)}` }));
    const path = `${directories.database}/_bulk_docs`;
    await directories.request(urls[0], 'POST', path, { docs, new_edits: false });
  };

  it('a leaf that is not what it should be loses to any that is, for every kind, and is read past until then', async () => {
    const username = randomName();
    const directory = side(0);
    const keys = randomKeys(1);
    const address = await directory.createAccount(username, 'hash', { ...device(), keys });
    const { accountId } = address;
    const before = await directory.devices(accountId);
    const ids = [usernameDocumentId(username), accountDocumentId(accountId), deviceDocumentId(address)];
    const foreign = [{ note: 'by hand' }, { createdAt: 1, updatedAt: 'soon', removedAt: null }];
    for (const id of ids) await plant(id, ...foreign);
    await plant(keyPageDocumentId(address, keys.identityKey), ...foreign);

    expect(await directory.devices(accountId)).toEqual(before);
    expect(await directory.findUsername(username)).toBe(accountId);
    await resolveEverywhere();
    for (const one of [directory, side(1)]) {
      expect(await one.findUsername(username)).toBe(accountId);
      expect((await one.account(accountId))!.username).toBe(username);
      expect(await one.devices(accountId)).toEqual(before);
    }
    expect((await directory.takeKeyBundle(address))!.bundle.preKey).toEqual(keys.preKeys[0]);
    expect((await directory.takeKeyBundle(address))!.bundle.preKey).toBeUndefined();
  });

  it('the same upload on both sides is one revision, and no conflict', async () => {
    const [left, right] = [side(0), side(1)];
    const address = await left.createAccount(randomName(), 'hash', { ...device(), keys: randomKeys(30) });
    await replicate();
    const { preKeys } = randomKeys(3, 50);
    await left.replenishKeys(address, { preKeys, kyberPreKeys: [] });
    await right.replenishKeys(address, { preKeys, kyberPreKeys: [] });
    await replicate();
    expect(await conflicts(urls[0])).toEqual([]);
    expect(await right.keyStock(address)).toEqual({ preKeys: 33, kyberPreKeys: 16 });
  });

  it('when no leaf is what it should be all stay, and it is told', async () => {
    const id = accountDocumentId(randomUUID());
    await plant(id, { note: 'one' }, { note: 'another' });
    await using resolver = directories.keep(directories.connect(urls[0]));
    expect(resolver).toBeDefined();
    await waitFor('the conflict to be told', () => directories.setAside.counts().unresolvable === 1);
    expect(await liveLeaves(urls[0], id)).toBe(2);
    expect(directories.setAside.examples()).toContainEqual({
      database: `${directories.database} at ${new URL(urls[0]).host}`,
      id,
      fault: 'unresolvable',
    });
  });

  describe('at a start', () => {
    let own: TestDirectories;
    beforeAll(async () => {
      own = await startTestDirectories(1);
    });
    afterAll(() => own[Symbol.asyncDispose]());

    const at = (path: string, method = 'GET', body?: unknown) =>
      own.request(own.urls[0]!, method, `${own.database}/${path}`, body);
    const write = (docs: readonly object[]) => at('_bulk_docs', 'POST', { docs, new_edits: false });
    const fill = (documents: number) =>
      write(Array.from({ length: documents }, () => ({ _id: randomName(), _rev: `1-${'a'.repeat(32)}` })));
    const conflictOf = (...documents: object[]) => {
      const _id = usernameDocumentId(randomName());
      const docs = documents.map((one, index) => ({
        ...own.signatures.sign(_id, 1, one),
        _id,
        _rev: `1-${String(index).repeat(32)}`,
      }));
      return { id: _id, plant: () => write(docs) };
    };
    const username = () => ({ accountId: randomUUID(), createdAt: 1 });
    const isResolved = async (id: string): Promise<boolean> => {
      const leaves = (await at(`${encodeURIComponent(id)}?open_revs=all`)) as Leaves;
      return leaves.filter(({ ok }) => ok._deleted !== true).length === 1;
    };

    /** Runs a resolver until it has resolved a conflict that is planted last. Tells how many changes it was given. */
    const changesRead = async (): Promise<number> => {
      const servers = own.connect(...own.urls);
      let rows = 0;
      const counted = {
        ...servers,
        changes: async (...query: Parameters<typeof servers.changes>) => {
          const page = await servers.changes(...query);
          rows += page.results.length;
          return page;
        },
      };
      const last = conflictOf(username(), username());
      await last.plant();
      await using resolver = own.keep(counted);
      expect(resolver).toBeDefined();
      await waitFor('the last conflict to be resolved', () => isResolved(last.id));
      return rows;
    };

    it('reads what has changed since the place that was kept, and looks again at what could not be resolved', async () => {
      const open = conflictOf({ note: 'one' }, { note: 'another' });
      await open.plant();
      await fill(300);
      expect(await changesRead()).toBeGreaterThan(300);
      own.setAside.clear(`${own.database} at ${new URL(own.urls[0]!).host}`, open.id);
      const meanwhile = conflictOf(username(), username());
      await meanwhile.plant();
      expect(await changesRead()).toBeLessThan(150);
      expect(await isResolved(meanwhile.id)).toBe(true);
      expect(own.setAside.examples().map(({ id }) => id)).toContain(open.id);
    });

    it('reads all again when the place is another database’s, or of more than is there', async () => {
      const hidden = conflictOf(username(), username());
      const path = `${own.node}/${keptPath('directory-watched', own.database)}`;
      const checkpoint = (await own.request(own.urls[0]!, 'GET', path)) as object;
      /** `instance`: of which life of the database the place is said to be. */
      const again = async (documents: number, instance?: string): Promise<void> => {
        await own.request(own.urls[0]!, 'DELETE', own.database);
        // CouchDB deletes in its own time, and says 412 until then.
        await waitFor('a new database', () =>
          own.create(own.urls[0]!).then(
            () => true,
            () => false,
          ),
        );
        await own.complete(own.urls[0]!);
        await hidden.plant();
        await fill(documents);
        const { instance_start_time: now } = (await own.request(own.urls[0]!, 'GET', own.database)) as {
          instance_start_time: string;
        };
        await own.request(own.urls[0]!, 'PUT', path, { ...checkpoint, instance: instance ?? now });
      };
      await again(350, 'another');
      expect(await changesRead()).toBeGreaterThan(350);
      expect(await isResolved(hidden.id)).toBe(true);

      await again(20);
      expect(await changesRead()).toBeGreaterThan(20);
      expect(await isResolved(hidden.id)).toBe(true);
    });
  });
});
