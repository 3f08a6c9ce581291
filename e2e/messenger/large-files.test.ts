import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@restante/testkit';
import { NETWORK_FAILURES, type BrowserPerson, type Probe } from '@restante/testkit/messenger';
import type { BrowserContext, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** Large files between people in browsers: whatever breaks on the way, they come as they were sent. */

declare const probe: Probe;

const MB = 1_000_000;
const stage = stageOfFile();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-large-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Large = { readonly name: string; readonly path: string; readonly hash: string };

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const hashOfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
};
/** A file with nothing in it that comes twice. */
const large = async (name: string, megabytes: number): Promise<Large> => {
  const bytes = randomBytes(megabytes * MB);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { name, path, hash: hashOf(bytes) };
};

type Parts = {
  /** How often each part was answered for, by its URL's blob and number. */
  readonly put: Map<string, number>;
  readonly got: Map<string, number>;
};

/** Counts the parts that pass the network of a browser, either way. */
const countParts = (parts: Parts) => (context: BrowserContext) => {
  context.on('requestfinished', (request) => {
    const part = /\/blobs\/([^/]+\/\d+)$/.exec(new URL(request.url()).pathname)?.[1];
    if (part === undefined) return;
    const passed = { PUT: parts.put, GET: parts.got }[request.method()];
    void request.response().then(
      (answer) => {
        if (answer?.ok() === true) passed?.set(part, (passed.get(part) ?? 0) + 1);
      },
      () => undefined,
    );
  });
};
const noParts = (): Parts => ({ put: new Map(), got: new Map() });

const choose = async (person: BrowserPerson, { path }: Large): Promise<void> => {
  await person.page().locator('form input[type=file]').setInputFiles(path);
  await person.page().getByRole('list', { name: 'Files to send' }).waitFor();
};
const send = (person: BrowserPerson): Promise<void> =>
  person.page().getByRole('button', { name: 'Send', exact: true }).click();
const row = (person: Pick<BrowserPerson, 'page'>, { name }: Pick<Large, 'name'>): Locator =>
  person.page().locator('[data-part=file]').filter({ hasText: name });
const upload = (person: BrowserPerson): Locator => person.page().locator('[data-part=upload]');
const save = (person: BrowserPerson, { name }: Large): Promise<void> =>
  person
    .page()
    .getByRole('button', { name: `Save ${name}` })
    .click();
const savedHash = async (person: BrowserPerson, file: Large): Promise<string> => {
  const [download] = await Promise.all([
    person.page().waitForEvent('download', { timeout: 0 }),
    save(person, file),
  ]);
  return hashOfFile(await download.path());
};
const passed = (parts: ReadonlyMap<string, number>, count: number): Promise<unknown> =>
  waitFor(`${count} parts`, () => parts.size >= count, { timeoutMs: 300_000 });
const twice = (parts: ReadonlyMap<string, number>): string[] =>
  [...parts].filter(([, times]) => times > 1).map(([part]) => part);
/** How many parts of each file this browser keeps. */
const keptParts = (person: BrowserPerson): Promise<readonly number[]> =>
  person.page().evaluate(() => probe.keptParts());

describe('two tabs of one browser', () => {
  it('take over from each other, whichever of them sends: the file comes once', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    for (const person of [alice!, bob!]) person.complaints.expect(...NETWORK_FAILURES);
    const parts = noParts();
    countParts(parts)(alice!.context);
    // So that it is not over before the tabs have changed.
    let isHeldBack = true;
    await alice!.context.route(/\/blobs\/[^/]+\/[23]\d$/, (route) =>
      isHeldBack ? undefined : route.continue(),
    );
    const film = await large('film.bin', 40);
    const first = alice!.page();
    const second = await alice!.enter();
    await second.open(bob!.username);
    await choose(alice!, film);
    await send(alice!);
    // By the worker of the first tab, which leads.
    await waitFor('it to be kept', async () => (await keptParts(alice!)).length > 0);
    await first.close();
    await passed(parts.put, 10);
    const third = await alice!.enter();
    await third.open(bob!.username);
    await upload(alice!).waitFor();
    isHeldBack = false;
    await second.page().close();
    await row(bob!, film).waitFor({ timeout: 0 });
    await alice!.write('that was it');
    await bob!.sees('that was it');
    for (const person of [alice!, bob!]) expect(await row(person, film).count()).toBe(1);
    expect(await savedHash(bob!, film)).toBe(film.hash);
    expect(twice(parts.put)).toEqual([]);
    expect(await keptParts(alice!)).toHaveLength(1);
  });

  it('that are closed while a file is being kept have sent all of it, or nothing', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    for (const person of [alice!, bob!]) person.complaints.expect(...NETWORK_FAILURES);
    const film = await large('film.bin', 40);
    await choose(alice!, film);
    await send(alice!);
    await waitFor('a part', async () => (await keptParts(alice!)).length > 0);
    await alice!.leave();
    await alice!.enter();
    await alice!.open(bob!.username);
    await alice!.write('what now?');
    await bob!.sees('what now?');
    if ((await row(alice!, film).count()) === 0)
      await waitFor('nothing to be kept', async () => (await keptParts(alice!)).length === 0);
    else {
      await row(bob!, film).waitFor({ timeout: 0 });
      expect(await savedHash(bob!, film)).toBe(film.hash);
    }
  });
});

describe('a browser without room', () => {
  type Quota = { readonly set: (bytes: number | null) => Promise<void> };
  /** Two friends; the browser of the first one has room for so much. */
  const friendsWithLittleRoom = async (
    bytes: number,
  ): Promise<readonly [BrowserPerson, BrowserPerson, Quota]> => {
    const one = await stage().browserPerson('one');
    const cdp = await one.context.newCDPSession(await one.context.newPage());
    const quota: Quota = {
      set: async (quotaSize) => {
        const origin = one.network.url;
        await cdp.send('Storage.overrideQuotaForOrigin', {
          ...{ origin },
          ...(quotaSize !== null && { quotaSize }),
        });
      },
    };
    // From the beginning: Chromium goes by what it knew before for half a minute.
    await quota.set(bytes);
    await one.enter();
    await one.signUp(one.username);
    await one.isConnected('live');
    const [other] = await stage().people('other');
    await stage().befriend(one, other!);
    return [one, other!, quota];
  };

  it('says that a file does not fit, keeps nothing of it, and texts go on; with room it is sent', async () => {
    const [alice, bob, quota] = await friendsWithLittleRoom(20 * MB);
    const film = await large('film.bin', 30);
    await choose(alice, film);
    await alice.page().getByRole('textbox', { name: 'Add a caption' }).fill('our film');
    await send(alice);
    const notice = alice.page().getByRole('alert').filter({ hasText: 'This was not sent' });
    await notice.getByText('The disk is full.').waitFor();
    expect(await keptParts(alice)).toEqual([]);
    expect(await row(alice, film).count()).toBe(0);

    const other = await alice.enter();
    await other.open(bob.username);
    await alice.write('no room for a film');
    await bob.sees('no room for a film');
    await bob.write('and back');
    await alice.sees('and back');
    expect(await alice.page().locator('[data-storage]').count()).toBe(0);
    await other.page().close();

    await quota.set(null);
    await send(alice);
    await bob.sees('our film');
    expect(await savedHash(bob, film)).toBe(film.hash);
  });

  it('reads files all the same, and takes messages; with room all of it is kept', async () => {
    const [bob, alice, quota] = await friendsWithLittleRoom(20 * MB);
    const film = await large('film.bin', 30);
    await choose(alice, film);
    await send(alice);
    await row(bob, film).waitFor({ timeout: 0 });
    const [all] = await keptParts(alice);
    expect(await savedHash(bob, film)).toBe(film.hash);
    expect(await keptParts(bob)).toEqual([]);
    await alice.write('was it good?');
    await bob.sees('was it good?');
    await bob.write('and back');
    await alice.sees('and back');
    expect(await bob.page().locator('[data-storage]').count()).toBe(0);

    await quota.set(null);
    await bob.page().reload();
    expect(await savedHash(bob, film)).toBe(film.hash);
    expect(await keptParts(bob)).toEqual([all]);
  });
});
