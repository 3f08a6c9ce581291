import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildMessengerPage, launchChromium } from '@restante/testkit/browser';
import { startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import type { Browser } from 'playwright-core';

/** A cluster whose front serves the test page of the web messenger, and a browser. */
export type MessengerSite = AsyncDisposable & {
  readonly cluster: TestCluster;
  readonly url: string;
  /** The files that are served. */
  readonly folder: string;
  readonly browser: Browser;
  /** Someone with the Node client, who talks to the same front. */
  readonly person: (name: string) => Promise<Person>;
};

export const startMessengerSite = async (): Promise<MessengerSite> => {
  const cleanup = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'restante-site-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    await buildMessengerPage(
      dirname(fileURLToPath(import.meta.resolve('@restante/web-client/test-page'))),
      folder,
    );
    const cluster = cleanup.use(
      await startTestCluster({ mailboxAddresses: 'front', settings: { front: { MESSENGER_DIR: folder } } }),
    );
    const browser = await launchChromium();
    cleanup.defer(() => browser.close());
    const { url } = cluster.parts.front;
    return {
      ...{ cluster, url, folder, browser },
      person: (name) => cluster.person(name, [url]),
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
