import { fileURLToPath } from 'node:url';
import type { TableName } from '@restante/client';
import type { DeviceAddress } from '@restante/protocol';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { buildScript } from '../browser/build-script.ts';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.ts';
import { listenForComplaints, type Complaints } from './complaints.ts';
import { messengerPage, type MessengerPage } from './messenger-page.ts';
import type { Probe, StoredRow } from './page/probe-calls.ts';

declare const probe: Probe;

let building: Promise<string> | null = null;
/** What a page is asked by, to be run in it before it loads. */
export const probeScript = (): Promise<string> =>
  (building ??= buildScript(fileURLToPath(new URL('page/probe.ts', import.meta.url))));
/** A document of the messenger's origin that does not run it. */
const ELSEWHERE = '/integrity.json';

/**
 * Somebody with a browser of their own, whose storage stays while tabs come and go, and a network of their own. What
 * they do is done in the tab that was opened last.
 */
export type BrowserPerson = MessengerPage &
  AsyncDisposable & {
    readonly username: string;
    /** Of the device that signed up or in here last. */
    readonly address: DeviceAddress;
    readonly context: BrowserContext;
    readonly complaints: Complaints;
    /** Between the browser and the front. */
    readonly network: FaultProxy;
    /** Opens the messenger in a tab. */
    readonly enter: (path?: string) => Promise<MessengerPage>;
    /** Closes all tabs. */
    readonly leave: () => Promise<void>;
    /** Cuts the network, and the browser knows. */
    readonly goOffline: () => Promise<void>;
    readonly goOnline: () => Promise<void>;
    /** Waits until the messenger can be opened without a network. */
    readonly isInstalled: () => Promise<void>;
    readonly rows: <T extends TableName>(table: T) => Promise<readonly StoredRow<T>[]>;
    /** Does something to the vault while no messenger runs on it, from a document that is closed afterwards. */
    readonly tamper: (how: (page: Page) => Promise<void>) => Promise<void>;
  };

/** `front`: its URL. Each person finds it at an origin of their own. */
export const createBrowserPerson = async (
  browser: Browser,
  front: string,
  username: string,
  options: BrowserContextOptions = {},
): Promise<BrowserPerson> => {
  const network = await startFaultProxy(front);
  const context = await browser.newContext({
    baseURL: network.url,
    locale: 'en-US',
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const complaints = listenForComplaints(context);
  await context.addInitScript({ content: await probeScript() });
  let address: DeviceAddress | null = null;

  const current = (): Page => {
    const page = context.pages().at(-1);
    if (page === undefined) throw new Error(`${username} has no tab open`);
    return page;
  };
  const inTab = messengerPage(current);
  const rows = <T extends TableName>(table: T): Promise<readonly StoredRow<T>[]> =>
    current().evaluate((name) => probe.rows(name), table) as Promise<readonly StoredRow<T>[]>;
  const readAddress = async (): Promise<void> => {
    const [self] = await rows('self');
    if (self === undefined) throw new Error(`${username} has no account here`);
    address = { accountId: self.value.accountId, deviceId: self.value.deviceId };
  };

  return {
    ...inTab,
    ...{ username, context, complaints, network, rows },
    get address() {
      if (address === null) throw new Error(`${username} has no account`);
      return address;
    },
    signUp: async (name) => {
      await inTab.signUp(name);
      await readAddress();
    },
    signIn: async (name) => {
      await inTab.signIn(name);
      await readAddress();
    },
    enter: async (path = '/') => {
      const page = await context.newPage();
      await page.goto(path);
      return messengerPage(() => page);
    },
    leave: async () => {
      await Promise.all(context.pages().map((page) => page.close()));
    },
    goOffline: async () => {
      network.set('refuse');
      network.cut();
      await context.setOffline(true);
    },
    goOnline: async () => {
      network.set('pass');
      await context.setOffline(false);
    },
    isInstalled: () => current().evaluate(() => probe.isInstalled()),
    tamper: async (how) => {
      const page = await context.newPage();
      await page.goto(ELSEWHERE);
      await how(page);
      await page.close();
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await network[Symbol.asyncDispose]();
    },
  };
};
