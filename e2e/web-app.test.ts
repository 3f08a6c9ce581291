import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClusterProcess, SCRIPTS, type ClusterProcess } from '@restante/scripts/cluster';
import { waitFor } from '@restante/testkit';
import { buildMessengerPage, launchChromium } from '@restante/testkit/browser';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { call, untilPhase, type TestPage } from './web-engine/test-page.ts';

/** The web messenger as an installed app, under the front's security headers: no network, new versions, notifications. */

declare const restante: TestPage;

const CONVERSATION = '11111111-1111-4111-8111-111111111111';
const NOBODY = 'http://127.0.0.1:1';

/** What the tests ask a page's window for; their own program has no DOM. */
type Window = {
  readonly navigator: {
    readonly serviceWorker: {
      readonly ready: Promise<{
        getNotifications: () => Promise<{ title: string; body: string; tag: string }[]>;
      }>;
    };
  };
  readonly caches: {
    keys: () => Promise<string[]>;
    open: (name: string) => Promise<{ keys: () => Promise<{ url: string }[]> }>;
  };
  readonly document: { title: string };
  readonly performance: { readonly timeOrigin: number };
};

describe('the messenger as an app', () => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-app-'));
  const files = join(folder, 'files');
  let front: ClusterProcess;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    await buildMessengerPage(
      dirname(fileURLToPath(import.meta.resolve('@restante/web-client/test-page'))),
      files,
    );
    front = createClusterProcess({
      name: 'front',
      script: SCRIPTS.front,
      port: 0,
      environment: (port) => ({
        PORT: String(port),
        MASTER_URLS: NOBODY,
        MAILBOX_NODE_URLS: NOBODY,
        MESSENGER_DIR: files,
      }),
      readyPath: '/ready',
      logFile: join(folder, 'front.log'),
      onExit: () => undefined,
    });
    await front.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await front.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await front.start();
    context = await browser.newContext({ permissions: ['notifications'] });
  });
  afterEach(() => context.close());

  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(front.url);
    await page.waitForFunction(() => 'restante' in globalThis);
    return page;
  };
  const installed = async (): Promise<Page> => {
    const page = await open();
    await page.evaluate(async () => {
      await (globalThis as unknown as Window).navigator.serviceWorker.ready;
    });
    return page;
  };
  const cachedPaths = (page: Page): Promise<string[]> =>
    page.evaluate(async () => {
      const { caches } = globalThis as unknown as Window;
      const kept = await Promise.all(
        (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
      );
      return kept.flat().map(({ url }) => new URL(url).pathname);
    });

  test('can be installed', async () => {
    const page = await installed();
    const cdp = await context.newCDPSession(page);
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    // Playwright's contexts are incognito windows, where nothing can be installed.
    expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
    const manifest = await cdp.send('Page.getAppManifest');
    expect(manifest.errors).toEqual([]);
    expect(manifest.url).toBe(`${front.url}/manifest.webmanifest`);
  });

  test('opens with the front killed, again and again, and keeps no answer of the cluster', async () => {
    const page = await installed();
    await untilPhase(page, 'signed-out');
    await page.evaluate(async () => {
      for (const path of ['/api/accounts/x', '/node1/health', '/cluster/', '/integrity.json'])
        await fetch(path);
    });
    expect(
      (await cachedPaths(page)).filter((path) => /^\/(api|node|cluster|ws|integrity)/.test(path)),
    ).toEqual([]);
    await front.kill('SIGKILL');
    await context.setOffline(true);
    await page.reload();
    await page.waitForFunction(() => 'restante' in globalThis);
    await untilPhase(page, 'signed-out');
    expect(await call(page, 'conversations')).toEqual([]);
    const other = await open();
    await untilPhase(other, 'signed-out');
  });

  test('a new version waits until the person wants it, then every tab loads anew', async () => {
    const first = await installed();
    const second = await open();
    const startOf = (page: Page): Promise<number> =>
      page.evaluate(() => (globalThis as unknown as Window).performance.timeOrigin);
    const starts = await Promise.all([first, second].map(startOf));

    appendFileSync(join(files, 'service-worker.js'), '\n// another version');
    const third = await open();
    for (const page of [first, second, third]) {
      await page.waitForFunction(() => restante.updatesReady > 0);
    }
    expect(await Promise.all([first, second].map(startOf))).toEqual(starts);

    await second.evaluate(() => restante.updates.applyUpdate());
    await waitFor('both to load anew', async () => {
      const now = await Promise.all([first, second].map(startOf));
      return now.every((start, index) => start > starts[index]!);
    });
    for (const page of [first, second, third]) await untilPhase(page, 'signed-out');
  });

  test('notifies while no tab is visible, once for each conversation, until it is read', async () => {
    const page = await installed();
    const shown = (): Promise<string[]> =>
      page.evaluate(async () => {
        const registration = await (globalThis as unknown as Window).navigator.serviceWorker.ready;
        return (await registration.getNotifications()).map(
          ({ title, body, tag }) => `${title} ${body} ${tag}`,
        );
      });
    const notify = (title: string): Promise<void> =>
      page.evaluate(
        ([conversation, given]) =>
          restante.notifications.show(
            { conversation, title: given, body: 'New message', path: `/#/c/${conversation}` },
            () => given !== 'read meanwhile',
          ),
        [CONVERSATION, title] as const,
      );

    await notify('seen');
    expect(await shown()).toEqual([]);
    await setVisibility(page, 'hidden');
    await notify('first');
    await notify('second');
    await notify('read meanwhile');
    expect(await shown()).toEqual([`second New message ${CONVERSATION}`]);
    await page.evaluate(() => restante.notifications.closeRead(() => false));
    expect(await shown()).toHaveLength(1);
    await page.evaluate(
      (conversation) => restante.notifications.closeRead((read) => read === conversation),
      CONVERSATION,
    );
    expect(await shown()).toEqual([]);
    await setVisibility(page, 'visible');
    await notify('seen');
    expect(await shown()).toEqual([]);
  });

  test('a click on a notification opens its conversation in a tab that is there', async () => {
    const page = await installed();
    await setVisibility(page, 'hidden');
    await page.evaluate(
      (conversation) =>
        restante.notifications.show(
          { conversation, title: 'Alice', body: '', path: `/#/c/${conversation}` },
          () => true,
        ),
      CONVERSATION,
    );
    const [worker] = context.serviceWorkers();
    await worker!.evaluate(async () => {
      const scope = globalThis as unknown as {
        registration: { getNotifications: () => Promise<object[]> };
        NotificationEvent: new (type: string, init: object) => Event;
        dispatchEvent: (event: Event) => boolean;
      };
      const [notification] = await scope.registration.getNotifications();
      scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
    });
    await waitFor('the conversation to be opened', () =>
      page.evaluate((conversation) => restante.opened.includes(conversation), CONVERSATION),
    );
  });

  test('shows how much is unread in the title', async () => {
    const page = await open();
    const titleAt = async (unread: number): Promise<string> => {
      await page.evaluate((count) => restante.badge.show(count), unread);
      return page.title();
    };
    expect(await titleAt(3)).toBe('(3) Restante');
    expect(await titleAt(100)).toBe('(99+) Restante');
    expect(await titleAt(0)).toBe('Restante');
  });
});

/** What the browser tells a tab that is covered or shown: headless tabs are always visible. */
const setVisibility = (page: Page, state: 'visible' | 'hidden'): Promise<void> =>
  page.evaluate((visibilityState) => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: visibilityState });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
