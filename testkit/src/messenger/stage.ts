import { launchChromium } from '../browser/launch-chromium.ts';
import { startTestCluster, type TestCluster, type TestClusterOptions } from '../cluster/test-cluster.ts';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { createBrowserPerson, type BrowserPerson } from './browser-person.ts';

/** A cluster with the web messenger at its front, and one Chromium in which everybody has a context of their own. */
export type Stage = AsyncDisposable & {
  readonly cluster: TestCluster;
  readonly browser: Browser;
  readonly origin: string;
  /** A browser without an account and without a tab; the name is made unique. */
  readonly browserPerson: (name: string, options?: BrowserContextOptions) => Promise<BrowserPerson>;
  /** People who have signed up and are connected. */
  readonly people: (...names: readonly string[]) => Promise<BrowserPerson[]>;
  /**
   * After each test: closes all contexts, starts what is down, and answers with what went wrong in any page and was not
   * expected.
   */
  readonly clear: () => Promise<readonly string[]>;
};

export const startStage = async (options: TestClusterOptions = {}): Promise<Stage> => {
  await using starting = new AsyncDisposableStack();
  const cluster = starting.use(await startTestCluster({ ...options, webMessenger: true }));
  const browser = starting.adopt(await launchChromium(), (opened) => opened.close());
  const [origin] = cluster.masters;
  if (origin === undefined) throw new Error('a cluster without a front');
  let present: BrowserPerson[] = [];
  let count = 0;

  const browserPerson: Stage['browserPerson'] = async (name, given) => {
    count += 1;
    const person = await createBrowserPerson(browser, origin, `${name}.${count}`, given);
    present.push(person);
    return person;
  };
  const cleanup = starting.move();
  return {
    ...{ cluster, browser, origin, browserPerson },
    people: (...names) =>
      Promise.all(
        names.map(async (name) => {
          const person = await browserPerson(name);
          await person.enter();
          await person.signUp(person.username);
          await person.isConnected('live');
          return person;
        }),
      ),
    clear: async () => {
      const leaving = present;
      present = [];
      const unexpected = leaving.flatMap(({ username, complaints }) =>
        complaints.unexpected().map((text) => `${username}: ${text}`),
      );
      await Promise.all(leaving.map(({ context }) => context.close()));
      await cluster.heal();
      return unexpected;
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
