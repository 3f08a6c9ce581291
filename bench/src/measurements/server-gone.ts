import { launchChromium } from '@restante/testkit/browser';
import { startTestCluster } from '@restante/testkit/cluster';
import { createBrowserPerson } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import { DEFAULT_PACE } from '@restante/client';
import { buildWebClient } from '@restante/web-client/build';
import type { Figure } from '../figure.ts';
import type { Bench, Measurement } from '../measurement.ts';
import { median } from '../statistics.ts';

/** From its end until people are live at another one. */
const ALLOWED_S = 5;

const figures = (who: string, seconds: readonly number[]): Figure[] => {
  const name = `the server of ${who} is killed: until live at another one`;
  return [
    { name: `${name}, p50`, unit: 's', value: median(seconds) },
    {
      ...{ name: `${name}, longest`, unit: 's', value: Math.max(...seconds) },
      target: { of: 'value', atMost: ALLOWED_S },
    },
  ];
};

const run = async ({ rounds, progress }: Bench): Promise<readonly Figure[]> => {
  await using cleanup = new AsyncDisposableStack();
  const cluster = cleanup.use(
    await startTestCluster({
      ...{ servers: 3, mailboxAddresses: 'front' },
      settings: { front: { MESSENGER_DIR: await buildWebClient() } },
    }),
  );
  await cluster.caughtUp();
  const { fronts, masters } = cluster.parts;
  const [front, master] = [fronts[0]!, masters[0]!];
  const browser = cleanup.adopt(await launchChromium(), (opened) => opened.close());
  const alice = cleanup.use(await createBrowserPerson(browser, front.url, 'alice', { baseURL: front.url }));
  await alice.enter();
  await alice.signUp('alice');
  // The pace of people, not that of tests.
  const bob = await cluster.person('bob', [front.url], DEFAULT_PACE);
  await bob.enterLive();
  const line = alice.page().locator('#connection[data-state=live] [data-server]');

  const times = { Chromium: [] as number[], Node: [] as number[] };
  for (let round = 1; round <= rounds; round += 1) {
    progress(`  round ${round} of ${rounds}`);
    await alice.isConnected('live');
    await line.waitFor({ state: 'detached', timeout: 0 });
    await waitFor(
      'Node to be at its usual server',
      () => {
        const state = bob.messenger().connection();
        return state.name === 'live' && state.origin === front.url;
      },
      { timeoutMs: 120_000 },
    );
    const isLive = Promise.withResolvers<number>();
    const stop = bob.messenger().on('connection', (state) => {
      if (state.name === 'live' && state.origin !== front.url) isLive.resolve(performance.now());
    });
    const killedAt = performance.now();
    const killed = Promise.all([front.kill('SIGKILL'), master.kill('SIGKILL')]);
    const [inChromium, inNode] = await Promise.all([
      line.waitFor().then(() => performance.now()),
      isLive.promise,
    ]);
    stop();
    await killed;
    times.Chromium.push((inChromium - killedAt) / 1000);
    times.Node.push((inNode - killedAt) / 1000);
    await master.start();
    await front.start();
  }
  return [...figures('a messenger in Chromium', times.Chromium), ...figures('a client in Node', times.Node)];
};

/** People at one of three servers, which is killed: how long until they are live at another one. */
export const serverGone: Measurement = { name: 'server-gone', run };
