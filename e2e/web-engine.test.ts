import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conversationWith } from '@restante/client';
import { TEST_PASSWORD, type Person } from '@restante/testkit/cluster';
import { waitFor } from '@restante/testkit';
import { launchProfile } from '@restante/testkit/browser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  createProfile,
  enter,
  registerIn,
  sendText,
  statusOf,
  untilLive,
  untilPhase,
  type Profile,
  type TestPage,
} from './web-engine/test-page.ts';
import { startMessengerSite, type MessengerSite } from './web-engine/messenger-site.ts';

/** The engine of the web messenger in Chromium: who leads, what becomes of calls, what becomes of the storage. */

declare const restante: TestPage;

let site: MessengerSite;
beforeAll(async () => {
  site = await startMessengerSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const profileOf = (name: string): Promise<Profile> => createProfile(site.browser, site.url, name);

/** As the browser does when the page goes to its back/forward cache and comes back. */
const transition = (page: Page, type: 'pagehide' | 'pageshow'): Promise<void> =>
  page.evaluate((name) => {
    const window = globalThis as unknown as EventTarget & { PageTransitionEvent: typeof Event };
    window.dispatchEvent(new window.PageTransitionEvent(name));
  }, type);

describe('leader and followers', () => {
  let alice: Profile;
  let bob: Person;
  let page: Page;
  beforeAll(async () => {
    alice = await profileOf('alice');
    bob = await site.person('bob');
    await bob.enterLive();
    page = await alice.register();
  });
  afterAll(() => alice[Symbol.asyncDispose]());

  /** One more tab, which follows. */
  const follow = async (): Promise<Page> => {
    const follower = await alice.open();
    await untilLive(follower);
    return follower;
  };

  test('the leader is closed in the middle of 50 calls: each is carried out once, in order', async () => {
    const follower = await follow();
    const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
    const answers = follower.evaluate(
      ([to, all]) => Promise.all(all.map((text) => restante.calls.sendText(to, text))),
      [bob.address.accountId, texts] as const,
    );
    await follower.waitForFunction(
      () => restante.events.filter(({ type }) => type === 'message').length >= 5,
      undefined,
      { polling: 5 },
    );
    await page.close();
    page = follower;
    const sent = await answers;
    expect(sent.map(({ text }) => text)).toEqual(texts);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(texts.length);

    const { self } = await untilLive(page);
    const history = await call(page, 'messages', conversationWith(bob.address.accountId), { limit: 200 });
    expect(history.map(({ text }) => text)).toEqual(texts);
    await waitFor('all to be there', () => bob.shown.length >= texts.length);
    const received = await bob.messenger().messages(conversationWith(self!.accountId), { limit: 200 });
    expect(received.map(({ text }) => text)).toEqual(texts);
    expect([...bob.shown].sort()).toEqual([...texts].sort());
  });

  test('the tab of the leader crashes: another takes over', async () => {
    const follower = await follow();
    const crashed = page.waitForEvent('crash');
    await Promise.all([crashed, page.goto('chrome://crash').catch(() => undefined)]);
    page = follower;
    await sendText(page, bob.username, 'after the crash');
    await waitFor('the text', () => bob.shown.includes('after the crash'));
  });

  test('the worker of the only tab ends: the tab starts another', async () => {
    const [worker] = page.workers();
    const ended = worker!.waitForEvent('close');
    await worker!.evaluate(() => (globalThis as unknown as { close: () => void }).close());
    await ended;
    expect(await call(page, 'conversations')).toHaveLength(1);
    await untilLive(page);
  });

  test('a tab that comes back from the back/forward cache goes on', async () => {
    await transition(page, 'pagehide');
    await waitFor('the worker to end', () => page.workers().length === 0);
    const answer = call(page, 'conversations');
    await transition(page, 'pageshow');
    expect(await answer).toHaveLength(1);
    await untilLive(page);
  });

  test('more calls than may wait are refused by name', async () => {
    const refused = await page.evaluate(async () => {
      const calls = Array.from({ length: 1_005 }, () => restante.calls.conversations());
      const outcomes = await Promise.allSettled(calls);
      return outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
      );
    });
    expect(refused).toEqual(Array.from({ length: 5 }, () => 'too-many-calls'));
  });

  test('says how much is stored and whether it may be wiped', async () => {
    const use = await page.evaluate(() => restante.storageUse());
    expect(use.quotaBytes).toBeGreaterThan(use.usedBytes);
    expect(typeof (await statusOf(page)).persistent).toBe('boolean');
  });
});

describe('account and storage', () => {
  let alice: Profile;
  let page: Page;
  beforeAll(async () => {
    alice = await profileOf('alice');
    page = await alice.register();
  });
  afterAll(() => alice[Symbol.asyncDispose]());

  const signInAgain = (tab: Page): Promise<void> =>
    call(tab, 'login', { username: alice.username, password: TEST_PASSWORD, deviceName: 'again' });
  const wipe = async (from: Page, storageTypes: string): Promise<void> => {
    const cdp = await alice.context.newCDPSession(from);
    await cdp.send('Storage.clearDataForOrigin', { origin: site.url, storageTypes });
  };

  test('sign-out in one tab signs out all, removes the device and leaves no marker', async () => {
    const other = await alice.open();
    await untilPhase(other, 'signed-in');
    await call(page, 'signOut');
    for (const tab of [page, other]) {
      expect(await untilPhase(tab, 'signed-out')).toMatchObject({ self: null, wiped: null });
    }
    await other.reload();
    await other.waitForFunction(() => 'restante' in globalThis);
    expect((await untilPhase(other, 'signed-out')).wiped).toBeNull();
    await signInAgain(other);
    expect((await untilLive(page)).self?.username).toBe(alice.username);
    expect(await call(page, 'devices')).toHaveLength(1);
    await other.close();
  });

  test('storage wiped under the tab: it is told, the person signs in again and removes the lost device', async () => {
    const { self } = await untilLive(page);
    const lost = { username: alice.username, deviceId: self!.deviceId };
    await wipe(page, 'all');
    await untilPhase(page, 'lost');
    await expect(sendText(page, 'nobody', 'x')).rejects.toThrow();

    await call(page, 'reopen');
    expect((await untilPhase(page, 'signed-out')).wiped).toMatchObject(lost);
    await signInAgain(page);
    await untilLive(page);
    expect((await statusOf(page)).wiped).toEqual(lost);
    await call(page, 'removeDevice', lost.deviceId);
    expect((await statusOf(page)).wiped).toBeNull();
    expect(await call(page, 'devices')).toHaveLength(1);
  });

  test('database wiped while no tab is open: the next one tells whose it was', async () => {
    const { self } = await untilLive(page);
    const blank = await alice.context.newPage();
    await page.close();
    await wipe(blank, 'indexeddb');
    page = await alice.open();
    const { wiped } = await untilPhase(page, 'signed-out');
    expect(wiped).toMatchObject({ username: alice.username, deviceId: self!.deviceId });
  });

  test('a profile that is put back, or copied and used in turn: what it writes is shown, in order and once (law 17)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-profile-'));
    const [own, old] = [join(folder, 'own'), join(folder, 'old')];
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const open = async (profileFolder: string): Promise<{ page: Page; close: () => Promise<void> }> => {
      const profile = stack.adopt(await launchProfile(profileFolder), (launched) => launched.close());
      return { page: await enter(profile.page, site.url), close: profile.close };
    };
    const first = await open(own);
    const { page } = first;
    await registerIn(page);
    const bob = await site.person('bob');
    await bob.enterLive();
    const { accountId } = bob.address;
    const { self } = await untilLive(page);
    const texts: string[] = [];
    const say = async (from: Page, text: string): Promise<void> => {
      texts.push(text);
      await sendText(from, accountId, text);
      await waitFor(text, () => bob.shown.includes(text));
    };
    await say(page, 'one');
    await bob.messenger().sendText(self!.accountId, 'an answer');
    await waitFor(
      'the answer',
      async () => (await call(page, 'messages', conversationWith(accountId), {})).length === 2,
    );
    // A copy of the rows alone would not open: the key that they are sealed with is in the profile too.
    await first.close();
    cpSync(own, old, { recursive: true });
    for (const [place, written] of [
      [own, ['two', 'three', 'four']],
      [old, ['after 1', 'after 2', 'after 3']],
      [own, ['after 4', 'after 5']],
    ] as const) {
      const tab = await open(place);
      await untilLive(tab.page);
      for (const text of written) await say(tab.page, text);
      await tab.close();
    }
    const received = await bob.messenger().messages(conversationWith(self!.accountId), { limit: 100 });
    expect(received.filter(({ direction }) => direction === 'in').map(({ text }) => text)).toEqual(texts);
  });

  test('an account that is deleted leaves nothing here', async () => {
    await signInAgain(page);
    await expect(call(page, 'deleteAccount', 'wrong password')).rejects.toThrow();
    expect((await statusOf(page)).phase).toBe('signed-in');
    await call(page, 'deleteAccount', TEST_PASSWORD);
    expect(await untilPhase(page, 'signed-out')).toMatchObject({ self: null, wiped: null });
    await expect(signInAgain(page)).rejects.toThrow();
  });
});
