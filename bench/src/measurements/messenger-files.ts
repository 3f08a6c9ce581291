import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWebClient } from '@restante/web-client/build';
import { anonymousMemoryMb, waitFor } from '@restante/testkit';
import { launchChromium } from '@restante/testkit/browser';
import { startTestCluster } from '@restante/testkit/cluster';
import { createBrowserPerson, type BrowserPerson } from '@restante/testkit/messenger';
import type { Browser } from 'playwright-core';
import type { Figure, Target } from '../figure.ts';
import type { Bench, Measurement } from '../measurement.ts';
import { startBarePage } from '../messenger/bare-page.ts';
import { median } from '../statistics.ts';

const MB = 1024 * 1024;
const LARGE_MB = 100;
const PICTURE_BYTES = 5_000_000;
const SAMPLE_MS = 100;
const ALLOWED_MB = 60;
/**
 * Chromium's developer tools, by which its pages are led here, keep up to 100 MB of what they get, and of what they send as bytes, in the process
 * of the page: what comes down is held to what a bare page takes for it.
 */
const ALLOWED_RATIO = 1.3;

/** What each round has grown by, in MB. */
type Grown = { readonly page: number[]; readonly all: number[] };

/** Memory of a browser that no file backs, in MB: of the process of its page, with its workers, and of all processes. */
const memoryOf = async (browser: Browser): Promise<{ page: number; all: number }> => {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  await cdp.detach();
  // One may end while it is looked at.
  const sizes = await Promise.all(
    processInfo.map(async ({ id, type }) => ({ type, mb: await anonymousMemoryMb(id).catch(() => 0) })),
  );
  return {
    page: Math.max(0, ...sizes.filter(({ type }) => type === 'renderer').map(({ mb }) => mb)),
    all: sizes.reduce((sum, { mb }) => sum + mb, 0),
  };
};

/** The most that a browser takes during some work, beyond what it took before it. */
const grownDuring = async (
  browser: Browser,
  work: () => Promise<unknown>,
): Promise<{ page: number; all: number }> => {
  const before = await memoryOf(browser);
  const grown = { page: 0, all: 0 };
  const isOver = new AbortController();
  const sampling = (async () => {
    while (!isOver.signal.aborted) {
      const now = await memoryOf(browser);
      grown.page = Math.max(grown.page, now.page - before.page);
      grown.all = Math.max(grown.all, now.all - before.all);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  await work();
  isOver.abort();
  await sampling;
  return grown;
};

/** A JPEG of so many bytes: what stands behind its end is no part of the picture. */
const pictureOf = async (person: BrowserPerson, bytes: number): Promise<Buffer> => {
  const drawn = await person.page().evaluate<number[]>(`(async () => {
    const canvas = new OffscreenCanvas(4000, 3000);
    const context = canvas.getContext('2d');
    for (let x = 0; x < 4000; x += 40) {
      context.fillStyle = 'hsl(' + (x % 360) + ' 80% 50%)';
      context.fillRect(x, 0, 40, 3000);
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  })()`);
  return Buffer.concat([Buffer.from(drawn), randomBytes(Math.max(0, bytes - drawn.length))]);
};

const choose = async (person: BrowserPerson, file: string, asFile = false): Promise<void> => {
  const page = person.page();
  await page.locator('form input[type=file]').setInputFiles(file);
  await page.getByRole('list', { name: 'Files to send' }).waitFor();
  if (asFile) await page.getByRole('checkbox', { name: 'As file' }).check();
};
const send = (person: BrowserPerson): Promise<void> =>
  person.page().getByRole('button', { name: 'Send', exact: true }).click();
const secondsUntil = async (from: number, what: () => Promise<unknown>): Promise<number> => {
  await what();
  return (performance.now() - from) / 1000;
};

const run = async ({ rounds, progress }: Bench): Promise<readonly Figure[]> => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'restante-bench-files-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const cluster = cleanup.use(
    await startTestCluster({
      mailboxAddresses: 'front',
      settings: { front: { MESSENGER_DIR: await buildWebClient() } },
    }),
  );
  const { url } = cluster.parts.front;
  const person = async (name: string): Promise<{ browser: Browser; person: BrowserPerson }> => {
    const browser = cleanup.adopt(await launchChromium(), (opened) => opened.close());
    const entered = cleanup.use(await createBrowserPerson(browser, url, name, { baseURL: url }));
    await entered.enter();
    await entered.signUp(name);
    await entered.isConnected('live');
    return { browser, person: entered };
  };
  const [alice, bob] = [await person('alice'), await person('bob')];
  await alice.person.add('bob');
  await alice.person.write('hello');
  await bob.person.open('alice');
  await bob.person.accept();
  const bare = cleanup.use(await startBarePage());
  const [atAlice, atBob] = [alice.person.page(), bob.person.page()];

  const preview: number[] = [];
  const whole: number[] = [];
  const none = (): Grown => ({ page: [], all: [] });
  const [up, down, bareUp, bareDown] = [none(), none(), none(), none()];
  for (let round = 0; round <= rounds; round += 1) {
    progress(`  round ${round} of ${rounds}`);
    const picture = join(folder, `picture ${round}.jpg`);
    await writeFile(picture, await pictureOf(alice.person, PICTURE_BYTES));
    await choose(alice.person, picture, true);
    const tile = atBob.locator('[data-part=picture]').nth(round);
    const from = performance.now();
    await send(alice.person);
    const first = await secondsUntil(from, () => tile.locator('img').waitFor({ timeout: 0 }));
    const last = await secondsUntil(from, () =>
      waitFor('the picture', async () => (await tile.getAttribute('data-shows')) === 'whole', {
        everyMs: 20,
      }),
    );

    const name = `film ${round}.bin`;
    await writeFile(join(folder, name), randomBytes(LARGE_MB * MB));
    await choose(alice.person, join(folder, name));
    const row = atBob.locator('[data-part=file]').filter({ hasText: name });
    const grownUp = await grownDuring(alice.browser, async () => {
      await send(alice.person);
      await row.waitFor({ timeout: 0 });
    });
    const grownDown = await grownDuring(bob.browser, async () => {
      const saving = atBob.waitForEvent('download', { timeout: 0 });
      await row.getByRole('button', { name: `Save ${name}` }).click();
      await (await saving).path();
    });
    await atAlice.bringToFront();
    const grownBareUp = await grownDuring(bare.browser, () => bare.put(join(folder, name)));
    const grownBareDown = await grownDuring(bare.browser, () => bare.get(LARGE_MB));
    // The first round loads what is loaded once.
    if (round === 0) continue;
    preview.push(first);
    whole.push(last);
    for (const side of ['page', 'all'] as const) {
      up[side].push(grownUp[side]);
      down[side].push(grownDown[side]);
      bareUp[side].push(grownBareUp[side]);
      bareDown[side].push(grownBareDown[side]);
    }
  }
  const grown = (
    name: string,
    side: keyof Grown,
    ours: Grown,
    peer: { readonly name: string; readonly grown: Grown },
    target?: Target,
  ): Figure => ({
    ...{ name, unit: 'MB', value: median(ours[side]) },
    peer: { name: peer.name, value: median(peer.grown[side]) },
    ratio: median(ours[side].map((mb, round) => mb / (peer.grown[side][round] ?? 0))),
    ...(target && { target }),
  });
  const putting = { name: 'a bare page that puts them by fetch', grown: bareUp };
  const getting = { name: 'a bare page that gets them by fetch', grown: bareDown };
  return [
    {
      name: 'a picture of 5 MB, from Send until it is seen at the other side',
      unit: 's',
      value: median(preview),
    },
    { name: 'a picture of 5 MB, from Send until all of it is seen there', unit: 's', value: median(whole) },
    grown('memory of the page while 100 MB go up', 'page', up, putting, { of: 'value', atMost: ALLOWED_MB }),
    grown('memory of the page while 100 MB come down', 'page', down, getting, {
      of: 'ratio',
      atMost: ALLOWED_RATIO,
    }),
    grown('memory of all processes of that browser, up', 'all', up, putting),
    grown('memory of all processes of that browser, down', 'all', down, getting),
  ];
};

/** Files between two people, each in a Chromium of their own: what they take of it, and how long a picture takes. */
export const messengerFiles: Measurement = { name: 'messenger-files', run };
