import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage, launchProfile, startSite, type Profile, type Site } from '@restante/testkit/browser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PartsPage } from './page/parts-page.ts';
import { partStoreContract } from './part-store.contract.ts';
import type { PartStore } from './part-store.ts';

/** The parts of browsers, in a real Chromium with a profile on disk; its calls come from this process. */

declare const partsPage: PartsPage;

const NAME = 'parts';
const FILE = '3'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'restante-parts-'));
let site: Site;
let profile: Profile;

const load = async (): Promise<void> => {
  await profile.page.goto(site.url);
  await profile.page.waitForFunction(() => 'partsPage' in globalThis);
  await profile.page.evaluate((name) => partsPage.open(name), NAME);
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

const store: PartStore = {
  put: (...args) => profile.page.evaluate((given) => partsPage.put(...given), args),
  get: (...args) => profile.page.evaluate((given) => partsPage.get(...given), args),
  drop: (...args) => profile.page.evaluate((given) => partsPage.drop(...given), args),
  files: async () => new Map(await profile.page.evaluate(() => partsPage.files())),
  names: (...args) => profile.page.evaluate((given) => partsPage.names(...given), args),
  close: () => Promise.resolve(),
};

partStoreContract(() => store);

test('what was put is there after the browser was killed', async () => {
  await store.put(FILE, 0, new Uint8Array([1, 2, 3]));
  await profile.kill();
  profile = await launchProfile(join(folder, 'profile'));
  await load();
  expect(await store.get(FILE, 0)).toEqual(new Uint8Array([1, 2, 3]));
});

test('whoever has the database removed takes nothing from what is put next', async () => {
  await store.put(FILE, 0, new Uint8Array([1]));
  await profile.page.evaluate((name) => partsPage.remove(name), NAME);
  await store.put(FILE, 1, new Uint8Array([2]));
  expect(await store.get(FILE, 0)).toBeNull();
  expect(await store.get(FILE, 1)).toEqual(new Uint8Array([2]));
});

test('what there is no room for is refused by that name, and what is dropped makes room', async () => {
  // Chromium goes by what it knew before for half a minute.
  await profile.close();
  profile = await launchProfile(join(folder, 'profile'));
  const cdp = await profile.page.context().newCDPSession(profile.page);
  const { origin } = new URL(site.url);
  const { usage } = await cdp.send('Storage.getUsageAndQuota', { origin });
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 10_000_000 });
  await load();
  // Chromium makes smaller what repeats itself.
  const large = new Uint8Array(randomBytes(4_000_000));
  const putAll = async (): Promise<void> => {
    for (let number = 0; number < 4; number += 1) await store.put(FILE, number, large);
  };
  await expect(putAll()).rejects.toThrow('QuotaExceededError');
  expect(await store.get(FILE, 0)).toHaveLength(large.length);
  await store.drop(FILE);
  await store.put(FILE, 0, large);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin });
  await putAll();
});
