import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';
import { buildPage, launchProfile, startSite, type Profile, type Site } from '@restante/testkit/browser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrationsFrom } from './migrations/index.ts';
import { migratedTables, type StoredRow } from './migrations/migration.ts';
import { UNCLONABLE, type VaultPage } from './page/vault-page.ts';
import { readRow, VAULT_VERSION } from './rows.ts';
import { expectRecordedRows, GONE, RECORDED_VERSION, recordedRows } from '../node/testing/recorded-vault.ts';
import { vaultContract } from './vault.contract.ts';
import type { TableName } from './tables.ts';
import type { Change, Vault } from './vault.ts';

/** The vault of browsers, in a real Chromium with a profile on disk; its calls come from this process. */

declare const vaultPage: VaultPage;

const folder = mkdtempSync(join(tmpdir(), 'restante-idb-'));
let site: Site;
let profile: Profile;
let names = 0;
const namesOf = new Map<Vault, { readonly name: string; readonly index: number }>();

const load = async (): Promise<void> => {
  await profile.page.goto(site.url);
  await profile.page.waitForFunction(() => 'vaultPage' in globalThis);
};

/** Kills the browser, and has another one on what it kept. */
const restart = async (): Promise<void> => {
  await profile.kill();
  profile = await launchProfile(join(folder, 'profile'));
  await load();
};

beforeAll(async () => {
  site = await startSite(await buildPage(fileURLToPath(new URL('page/', import.meta.url))));
  profile = await launchProfile(join(folder, 'profile'));
  await load();
});
afterAll(async () => {
  await profile.close();
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const migrated = migratedTables(migrationsFrom(RECORDED_VERSION));

const portable = (change: Change): Change => {
  const value: unknown = change.value;
  return typeof value === 'function' ? ({ ...change, value: UNCLONABLE } as unknown as Change) : change;
};

const open = async (name = `vault-${(names += 1)}`, passphrase?: string): Promise<Vault> => {
  const { page } = profile;
  const index = await page.evaluate((given) => vaultPage.open(...given), [name, passphrase] as const);
  const call = (method: keyof Vault, ...args: readonly unknown[]): Promise<never> =>
    page.evaluate(([of, called, given]) => vaultPage.call(of, called, given), [
      index,
      method,
      args,
    ] as const) as Promise<never>;
  const vault: Vault = {
    get: (...args) => call('get', ...args),
    getMany: (...args) => call('getMany', ...args),
    list: (...args) => call('list', ...args),
    count: (...args) => call('count', ...args),
    commit: (changes) => call('commit', changes.map(portable)),
    close: () => call('close'),
  };
  namesOf.set(vault, { name, index });
  return vault;
};

vaultContract('IndexedDB in Chromium', open, (closed) => open(namesOf.get(closed)!.name));

/** What the browser keeps of all databases of this site. */
const filesOfBrowser = (): Buffer => {
  const databases = join(folder, 'profile', 'Default', 'IndexedDB');
  const files = readdirSync(databases, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
};

describe('a sealed vault', () => {
  const secretRows = () => {
    const token = randomBytes(24).toString('base64url');
    const record = randomBytes(32);
    const rows = [
      {
        table: 'self',
        key: 'only',
        value: { accountId: 'a', deviceId: 1, username: 'alice', deviceSecret: token },
      },
      { table: 'preKeys', key: 'ec:1', value: { record: Uint8Array.from(record), createdAt: 1 } },
      { table: 'preKeys', key: 'ec:2', value: { record: Uint8Array.from(record), createdAt: 2 } },
    ];
    return { secrets: [Buffer.from(token), record], rows: rows as unknown as Change[] };
  };
  const isOnDisk = (secrets: readonly Buffer[]): boolean[] => {
    const files = filesOfBrowser();
    return secrets.map((secret) => files.includes(secret));
  };

  test('shows no key and no token in the files of the browser, with a passphrase or without', async () => {
    const [plain, sealed, locked] = [secretRows(), secretRows(), secretRows()];
    // As vaults lay there before: that is what it looks like when they are found.
    await profile.page.evaluate((rows) => vaultPage.makeOther('plain', 1, rows), plain.rows as StoredRow[]);
    await profile.page.evaluate(() =>
      vaultPage.changePassphrase('locked', { current: null, next: 'passphrase' }),
    );
    for (const [vault, { rows }] of [
      [await open('sealed'), sealed],
      [await open('locked', 'passphrase'), locked],
    ] as const) {
      await vault.commit(rows);
      expect(await vault.get('preKeys', 'ec:1')).toEqual(rows[1]!.value);
      await vault.close();
    }
    for (let times = 1; times <= 2; times += 1) {
      expect(isOnDisk(plain.secrets)).toEqual([true, true]);
      expect(isOnDisk([...sealed.secrets, ...locked.secrets])).toEqual([false, false, false, false]);
      await restart();
    }
  });

  test('opens by its passphrase alone, after the browser was killed', async () => {
    const name = 'passphrase';
    const { rows } = secretRows();
    const vault = await open(name);
    await vault.commit(rows);
    await vault.close();
    await profile.page.evaluate(
      (given) => vaultPage.changePassphrase(given, { current: null, next: 'one' }),
      name,
    );
    await restart();
    await expect(open(name)).rejects.toThrow('locked by a passphrase');
    await expect(open(name, 'two')).rejects.toThrow('not the passphrase');
    const again = await open(name, 'one');
    for (const row of rows) expect(await again.get(row.table, row.key)).toEqual(row.value);
    await again.close();
  });

  test('notices rows that have changed places', async () => {
    const name = 'exchanged';
    const { rows } = secretRows();
    const vault = await open(name);
    await vault.commit(rows);
    expect(readRow('preKeys', await vault.get('preKeys', 'ec:1'))).toBeDefined();
    await profile.page.evaluate((given) => vaultPage.exchange(given, 'preKeys', 'ec:1', 'ec:2'), name);
    expect(readRow('preKeys', await vault.get('preKeys', 'ec:1'))).toBeUndefined();
    expect(readRow('preKeys', await vault.get('preKeys', 'ec:2'))).toBeUndefined();
    await vault.close();
  });

  test('whose device key is missing or is another one is told as that, and left as it is', async () => {
    for (const from of [null, 'another']) {
      const name = `key of ${from}`;
      for (const each of [name, 'another']) {
        const vault = await open(each);
        await vault.commit(secretRows().rows);
        await vault.close();
      }
      await profile.page.evaluate((given) => vaultPage.takeDeviceKey(...given), [name, from] as const);
      const readAsIs = () => profile.page.evaluate((given) => vaultPage.readAsIs(given), name);
      const before = await readAsIs();
      await expect(open(name)).rejects.toThrow('missing, or is another one');
      expect(await readAsIs()).toEqual(before);
    }
  });

  test('keeps a key that cannot be exported', async () => {
    await (await open('exported')).close();
    await expect(profile.page.evaluate(() => vaultPage.exportDeviceKey('exported'))).rejects.toThrow(
      'not extractable',
    );
  });
});

describe('IndexedDB in Chromium', () => {
  test('a vault of an earlier release opens with what it holds, and has the tables of this one', async () => {
    const row = { table: 'renewals', key: 'a', value: 1 };
    await profile.page.evaluate((rows) => vaultPage.makeOther('earlier', 1, rows), [row]);
    const vault = await open('earlier');
    const settled = { settledMs: 1, readingMs: 2 };
    await vault.commit([{ table: 'settledTime', key: 'only', value: settled }]);
    expect(await vault.get('settledTime', 'only')).toEqual(settled);
    expect(await vault.get('renewals', 'a')).toBe(1);
    await vault.close();
  });

  test('a recorded vault of version 2 opens with every row, each as this version has it', async () => {
    const rows = recordedRows();
    await profile.page.evaluate(([version, given]) => vaultPage.makeOther('recorded', version, given), [
      RECORDED_VERSION,
      rows,
    ] as const);
    const vault = await open('recorded');
    await expectRecordedRows(vault);
    await vault.close();
  });

  test('sealing of a vault of before that is ended half-way goes on where it was', async () => {
    const name = 'half sealed';
    const rows = recordedRows();
    await profile.page.evaluate(
      ([database, version, given]) => vaultPage.makeOther(database, version, given),
      [name, RECORDED_VERSION, rows] as const,
    );
    const readAsIs = () => profile.page.evaluate((given) => vaultPage.readAsIs(given), name);
    const isHalfWay = Promise.withResolvers<number>();
    await profile.page.exposeFunction('report', isHalfWay.resolve);
    // Migrated, its seal written, and a part of its rows sealed.
    const written = rows.filter(({ table }) => migrated.includes(table)).length + 8;
    const opening = profile.page
      .evaluate((given) => vaultPage.openHalfWay(...given), [name, written, 'for good'] as const)
      .catch(() => undefined);
    await isHalfWay.promise;
    await restart();
    await opening;
    const half = (await readAsIs()).rows.filter(({ table }) => table !== 'beside');
    const sealed = half.filter(({ value }) => value instanceof Uint8Array).length;
    expect(sealed).toBeGreaterThan(0);
    expect(sealed).toBeLessThan(half.length);

    const vault = await open(name);
    await expectRecordedRows(vault);
    await vault.close();
    const whole = (await readAsIs()).rows.filter(({ table }) => table !== 'beside');
    expect(whole.every(({ value }) => value instanceof Uint8Array)).toBe(true);
    expect(whole).toHaveLength(rows.filter(({ table }) => !GONE.includes(table)).length);
  });

  describe.each(['error', 'for good'] as const)('a migration that ends half-way: %s', (end) => {
    test('leaves the vault as it was, and the next opening takes it again', async () => {
      const name = `half-way-${end}`;
      const recorded = recordedRows();
      const session = recorded.find(({ table }) => table === 'sessions')!;
      const rows = [...recorded, { ...session, key: `${session.key}0` }];
      await profile.page.evaluate(
        ([database, version, given]) => vaultPage.makeOther(database, version, given),
        [name, RECORDED_VERSION, rows] as const,
      );
      const readAsIs = () => profile.page.evaluate((given) => vaultPage.readAsIs(given), name);
      const before = await readAsIs();
      expect(before.version).toBe(RECORDED_VERSION);
      expect(before.rows).toHaveLength(rows.length);

      const openHalfWay = () =>
        profile.page.evaluate((given) => vaultPage.openHalfWay(...given), [name, 1, end] as const);
      if (end === 'error') await expect(openHalfWay()).rejects.toThrow('no room');
      else {
        const isHalfWay = Promise.withResolvers<number>();
        await profile.page.exposeFunction('report', isHalfWay.resolve);
        const opening = openHalfWay().catch(() => undefined);
        expect(await isHalfWay.promise).toBe(2);
        await restart();
        await opening;
      }
      expect(await readAsIs()).toEqual(before);

      const vault = await open(name);
      const sessions = await vault.list('sessions', { limit: 10 });
      expect(sessions.map(({ value }) => readRow('sessions', value))).toMatchObject([
        { generation: 0 },
        { generation: 0 },
      ]);
      for (const { table, key, value } of before.rows)
        if (!migrated.includes(table)) expect(await vault.get(table as TableName, key)).toEqual(value);
      await vault.close();
      expect((await readAsIs()).version).toBe(VAULT_VERSION);
    });
  });

  test('a vault of a later version is told as that, and is left as it is', async () => {
    const row = { table: 'renewals', key: 'a', value: 1 };
    await profile.page.evaluate(([version, rows]) => vaultPage.makeOther('later', version, rows), [
      VAULT_VERSION + 1,
      [row],
    ] as const);
    await expect(open('later')).rejects.toThrow('later version of the messenger');
  });

  test('a vault whose database is deleted under it is told so, and refuses from then on', async () => {
    const vault = await open();
    await vault.commit([{ table: 'renewals', key: 'a', value: 1 }]);
    const { name, index } = namesOf.get(vault)!;
    const cdp = await profile.page.context().newCDPSession(profile.page);
    const origin = new URL(site.url).origin;
    const reading = profile.page.evaluate((of) => vaultPage.readUntilLost(of), index);
    await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    expect(await reading).toEqual([]);
    await expect(vault.commit([{ table: 'renewals', key: 'b', value: 2 }])).rejects.toThrow();
    const again = await open(name);
    expect(await again.list('renewals', { limit: 10 })).toEqual([]);
    await again.close();
  });

  test('kill -9 of the browser: every commit that was reported is whole, and none is half there', async () => {
    let reported = 0;
    for (let kill = 1; kill <= 2; kill += 1) {
      const target = reported + kill * 15;
      await profile.page.exposeFunction('report', (count: number) => (reported = count));
      const writing = profile.page.evaluate(() => vaultPage.writeForEver('killed')).catch(() => undefined);
      await waitFor('enough commits', () => reported >= target, { everyMs: 1 });
      await restart();
      await writing;
      const vault = await open('killed');
      const one = (await vault.list('renewals', { limit: 100_000 })).map(({ key }) => key);
      const two = (await vault.list('expired', { limit: 100_000 })).map(({ key }) => key);
      await vault.close();
      expect(one).toEqual(two);
      expect(one.length).toBeGreaterThanOrEqual(reported);
    }
  });
});
