import { TEST_PASSWORD } from '@restante/testkit/cluster';
import { waitFor } from '@restante/testkit';
import type { Message } from '@restante/client';
import type { Calls, Status } from '@restante/web-client/calls';
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** What the test page offers. */
export type TestPage = {
  readonly calls: Calls;
  readonly status: () => Status;
  readonly settled: () => Promise<void>;
  readonly storageUse: () => Promise<{ usedBytes: number; quotaBytes: number }>;
  readonly events: readonly { readonly type: string; readonly detail: unknown }[];
  readonly opened: readonly string[];
  readonly updatesReady: number;
  readonly updates: { readonly applyUpdate: () => void };
  readonly notifications: {
    readonly show: (
      content: { conversation: string; title: string; body: string; path: string },
      wanted: () => boolean,
    ) => Promise<void>;
    readonly closeRead: (isRead: (conversation: string) => boolean) => Promise<void>;
  };
  readonly badge: { readonly show: (unread: number) => void };
};

declare const restante: TestPage;

/** One browser profile; its tabs. */
export type Profile = AsyncDisposable & {
  readonly username: string;
  readonly context: BrowserContext;
  readonly open: () => Promise<Page>;
  /** A tab in which the person is signed in and connected. */
  readonly register: () => Promise<Page>;
};

export const statusOf = (page: Page): Promise<Status> => page.evaluate(() => restante.status());

export const untilPhase = (page: Page, phase: Status['phase']): Promise<Status> =>
  waitFor(`the phase ${phase}`, async () => {
    const status = await statusOf(page);
    return status.phase === phase ? status : null;
  });

export const untilLive = (page: Page): Promise<Status> =>
  waitFor('the tab to be live', async () => {
    const status = await statusOf(page);
    return status.connection.name === 'live' ? status : null;
  });

/** Calls the engine of a tab. */
export const call = <Name extends keyof Calls>(
  page: Page,
  name: Name,
  ...args: Parameters<Calls[Name]>
): ReturnType<Calls[Name]> =>
  page.evaluate(
    ([method, given]) =>
      (restante.calls[method as Name] as (...all: readonly unknown[]) => unknown)(...(given as unknown[])),
    [name, args] as const,
  ) as ReturnType<Calls[Name]>;

export const sendText = (page: Page, to: string, text: string): Promise<Message> =>
  call(page, 'sendText', to, text);

let people = 0;

const newUsername = (name: string): string => `${name}-browser-${(people += 1)}`;

/** Opens the test page in a tab. */
export const enter = async (page: Page, url: string): Promise<Page> => {
  await page.goto(url);
  await page.waitForFunction(() => 'restante' in globalThis);
  return page;
};

/** Makes an account in a tab where nobody is signed in, and waits until it is connected. */
export const registerIn = async (page: Page, username: string = newUsername('somebody')): Promise<void> => {
  await untilPhase(page, 'signed-out');
  await call(page, 'register', { username, password: TEST_PASSWORD, deviceName: 'Chromium' });
  await untilLive(page);
};

/** A new browser profile on this site. */
export const createProfile = async (browser: Browser, url: string, name: string): Promise<Profile> => {
  const username = newUsername(name);
  const context = await browser.newContext();
  const open = async (): Promise<Page> => enter(await context.newPage(), url);
  return {
    username,
    context,
    open,
    register: async () => {
      const page = await open();
      await registerIn(page, username);
      return page;
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
};
