import { setTimeout as sleep } from 'node:timers/promises';
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
const APART_MS = 61_000;

/** Silent: it closes nothing and answers nothing, as when a machine loses its power. */
const ENDS = {
  killed: 'is killed',
  silent: 'falls silent while people write',
  'silent-to-readers': 'falls silent while people look and write nothing',
} as const;
type End = keyof typeof ENDS;

const figures = (end: End, who: string, seconds: readonly number[]): Figure[] => {
  const name = `the server of ${who} ${ENDS[end]}: until live at another one`;
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

  await alice.add(bob.username);
  await alice.write('hello');
  await waitFor('Node to be written to', () => bob.shown.includes('hello'));
  await bob.messenger().setStanding(alice.address.accountId, 'accepted');
  bob.messenger().setPresence('online', []);

  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void =>
    [front, master].forEach(({ pid }) => process.kill(pid!, name));
  const wake = (): Promise<void> => {
    signal('SIGCONT');
    return Promise.resolve();
  };
  const ends: Record<End, { begin: () => Promise<unknown>; undo: () => Promise<unknown> }> = {
    killed: {
      begin: () => Promise.all([front.kill('SIGKILL'), master.kill('SIGKILL')]),
      undo: async () => {
        await master.start();
        await front.start();
      },
    },
    silent: {
      begin: async () => {
        signal('SIGSTOP');
        await Promise.all([
          alice.write('is anybody there?'),
          bob.messenger().sendText(alice.address.accountId, 'is anybody there?'),
        ]);
      },
      undo: wake,
    },
    'silent-to-readers': {
      begin: () => {
        signal('SIGSTOP');
        return Promise.resolve();
      },
      undo: wake,
    },
  };
  const areAtUsual = async (): Promise<void> => {
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
  };

  /** Seconds until each is live at another server. */
  const measure = async (end: End) => {
    const { begin, undo } = ends[end];
    await areAtUsual();
    // The next one that falls silent within a minute is given more time.
    if (end !== 'killed') await sleep(APART_MS);
    const isLive = Promise.withResolvers<number>();
    const stop = bob.messenger().on('connection', (state) => {
      if (state.name === 'live' && state.origin !== front.url) isLive.resolve(performance.now());
    });
    const from = performance.now();
    const begun = begin();
    const [inChromium, inNode] = await Promise.all([
      line.waitFor().then(() => performance.now()),
      isLive.promise,
    ]);
    stop();
    await begun;
    await undo();
    return { inChromium: (inChromium - from) / 1000, inNode: (inNode - from) / 1000 };
  };
  const told: Figure[] = [];
  for (const end of Object.keys(ENDS) as End[]) {
    const times: Awaited<ReturnType<typeof measure>>[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`  ${end}, round ${round} of ${rounds}`);
      times.push(await measure(end));
    }
    const [chromium, node] = [times.map((each) => each.inChromium), times.map((each) => each.inNode)];
    told.push(
      ...figures(end, 'a messenger in Chromium', chromium),
      ...figures(end, 'a client in Node', node),
    );
  }
  return told;
};

/** People at one of three servers, which is killed or falls silent: how long until they are live at another one. */
export const serverGone: Measurement = { name: 'server-gone', run };
