import { stripTypeScriptTypes } from 'node:module';
import { readFileSync } from 'node:fs';
import type { TableName } from '@restante/client';
import type { DeviceAddress } from '@restante/protocol';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { listenForComplaints, type Complaints } from './complaints.ts';
import { messengerPage, type MessengerPage } from './messenger-page.ts';
import type { Probe, StoredRow } from './page/probe-calls.ts';

declare const probe: Probe;

const PROBE = stripTypeScriptTypes(readFileSync(new URL('page/probe.ts', import.meta.url), 'utf8'));
/** A document of the messenger's origin that does not run it. */
const ELSEWHERE = '/integrity.json';

/** Somebody with a browser of their own: its storage stays while tabs come and go. What they do is done in the tab opened last. */
export type BrowserPerson = MessengerPage & {
  readonly username: string;
  readonly context: BrowserContext;
  readonly complaints: Complaints;
  /** Opens the messenger in a tab. */
  readonly enter: (path?: string) => Promise<MessengerPage>;
  /** Closes all tabs. */
  readonly leave: () => Promise<void>;
  readonly address: () => Promise<DeviceAddress>;
  readonly rows: <T extends TableName>(table: T) => Promise<readonly StoredRow<T>[]>;
  /** Does something to the vault while no messenger runs on it, from a document that is closed afterwards. */
  readonly tamper: (how: (page: Page) => Promise<void>) => Promise<void>;
};

export const createBrowserPerson = async (
  browser: Browser,
  origin: string,
  username: string,
  options: BrowserContextOptions = {},
): Promise<BrowserPerson> => {
  const context = await browser.newContext({
    baseURL: origin,
    locale: 'en-US',
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const complaints = listenForComplaints(context);
  await context.addInitScript({ content: PROBE });

  const current = (): Page => {
    const page = context.pages().at(-1);
    if (page === undefined) throw new Error(`${username} has no tab open`);
    return page;
  };
  const rows = <T extends TableName>(table: T): Promise<readonly StoredRow<T>[]> =>
    current().evaluate((name) => probe.rows(name), table) as Promise<readonly StoredRow<T>[]>;

  return {
    ...messengerPage(current),
    ...{ username, context, complaints, rows },
    enter: async (path = '/') => {
      const page = await context.newPage();
      await page.goto(path);
      return messengerPage(() => page);
    },
    leave: async () => {
      await Promise.all(context.pages().map((page) => page.close()));
    },
    address: async () => {
      const [self] = await rows('self');
      if (self === undefined) throw new Error(`${username} has no account here`);
      const { accountId, deviceId } = self.value;
      return { accountId, deviceId };
    },
    tamper: async (how) => {
      const page = await context.newPage();
      await page.goto(ELSEWHERE);
      await how(page);
      await page.close();
    },
  };
};
