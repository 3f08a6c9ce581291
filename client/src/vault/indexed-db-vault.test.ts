import { mkdtempSync, rmSync } from 'node:fs';
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
import { expectRecordedRows, RECORDED_VERSION, recordedRows } from '../node/testing/recorded-vault.ts';
import { vaultContract } from './vault.contract.ts';
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

const portable = (change: Change): Change => {
  const value: unknown = change.value;
  return typeof value === 'function' ? ({ ...change, value: UNCLONABLE } as unknown as Change) : change;
};

const open = async (name = `vault-${(names += 1)}`): Promise<Vault> => {
  const { page } = profile;
  const index = await page.evaluate((given) => vaultPage.open(given), name);
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
    commit: (changes) => call('commit', changes.map(portable)),
    close: () => call('close'),
  };
  namesOf.set(vault, { name, index });
  return vault;
};

vaultContract('IndexedDB in Chromium', open, (closed) => open(namesOf.get(closed)!.name));

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
      await vault.close();
      const { version, rows: after } = await readAsIs();
      expect(version).toBe(VAULT_VERSION);
      const others = (list: readonly StoredRow[]) =>
        list.filter(({ table }) => !migratedTables(migrationsFrom(RECORDED_VERSION)).includes(table));
      expect(others(after)).toEqual(others(before.rows));
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
    await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    await waitFor('the loss to be told', () => profile.page.evaluate((of) => vaultPage.lost(of) > 0, index));
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
