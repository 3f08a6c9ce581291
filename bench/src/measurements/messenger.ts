import type { Messenger } from '@restante/client';
import { buildWebClient } from '@restante/web-client/build';
import { gzippedBytes, scriptsOfScreen } from '@restante/web-client/first-screen';
import { startStage, type BrowserPerson, type Stage } from '@restante/testkit/messenger';
import type { Page } from 'playwright-core';
import type { Figure } from '../figure.ts';
import type { Bench, Measurement } from '../measurement.ts';
import { openPerson, sendTexts } from '../load/messengers.ts';
import type { Watch } from '../messenger/page/watch-calls.ts';
import { watchPages } from '../messenger/watched-page.ts';
import { median, percentile } from '../statistics.ts';

declare const watch: Watch;

/** In parts that a mailbox takes. */
const HISTORY = [6_000, 4_000];
const HISTORY_LENGTH = HISTORY.reduce((sum, part) => sum + part, 0);
const WAITING = 1_000;
const TAPS = 40;
/** Not counted: the services have just started. */
const FIRST_TAPS = 5;
const KB = 1000;

const atMost = (bound: number): Pick<Figure, 'target'> => ({ target: { of: 'value', atMost: bound } });

/** Scripts that a first visit loads until somebody can sign up, and until the engine has answered: kB gzipped. */
const firstScreen = async ({ browser, cluster }: Stage): Promise<{ page: number; engine: number }> => {
  const folder = await buildWebClient();
  const scripts = scriptsOfScreen(folder, 'Welcome');
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const loaded = { page: new Set<string>(), engine: new Set<string>() };
  context.on('request', (request) => {
    const { pathname } = new URL(request.url());
    const isEngine = scripts.engine.has(pathname) && !scripts.page.has(pathname);
    if (pathname.endsWith('.js')) loaded[isEngine ? 'engine' : 'page'].add(pathname);
  });
  const page = await context.newPage();
  await page.goto(cluster.parts.front.url);
  await page.getByRole('button', { name: 'Create account' }).waitFor();
  await page.waitForLoadState('networkidle');
  await context.close();
  return {
    page: gzippedBytes(folder, loaded.page) / KB,
    engine: gzippedBytes(folder, loaded.engine) / KB,
  };
};

/** Opens the messenger anew and answers with the time at which this text stands where `selector` says. */
const enterUntil = async (
  person: BrowserPerson,
  path: string,
  selector: string,
  text: string,
): Promise<{ ms: number; page: Page }> => {
  await person.leave();
  const opened = await person.enter(path);
  const page = opened.page();
  const ms = await page.evaluate(([where, what]) => watch.until(where, what), [selector, text] as const);
  return { ms, page };
};

const LIST = 'nav a';
const CONVERSATION = '[role=log] [data-part=text]';
const lastOf = (count: number, name = 'text'): string => `${name} ${count - 1} of ${count}`;

/** Sends while nobody is there, and waits until all has been fetched. */
const fill = async (person: BrowserPerson, from: Messenger, count: number): Promise<void> => {
  await person.leave();
  await sendTexts(from, person.username, count);
  await enterUntil(person, '/', LIST, lastOf(count));
  await person.isConnected('live');
};

/** As somebody does who has seen everything: the conversation opens at its end from then on. */
const readAll = async (person: BrowserPerson, path: string): Promise<void> => {
  await person.leave();
  const page = (await person.enter(path)).page();
  await page.getByRole('button', { name: /Jump to latest/ }).click();
  await page.locator(LIST).filter({ hasText: 'unread' }).waitFor({ state: 'detached' });
};

const measureOpening = async (person: BrowserPerson, path: string, rounds: number): Promise<number[]> => {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push((await enterUntil(person, path, CONVERSATION, lastOf(HISTORY.at(-1) ?? 0))).ms);
  }
  return times;
};

type CatchUpRound = { readonly ms: number; readonly longTasks: readonly number[] };

const measureCatchUp = async (
  person: BrowserPerson,
  from: Messenger,
  path: string,
  rounds: number,
): Promise<CatchUpRound[]> => {
  const measured: CatchUpRound[] = [];
  // One round to warm up is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    await person.leave();
    // The list must not show the last text before it has come.
    const name = `round ${round} text`;
    await sendTexts(from, person.username, WAITING, name);
    const { ms, page } = await enterUntil(person, path, LIST, lastOf(WAITING, name));
    await person.isConnected('live');
    const longTasks = await page.evaluate(() => watch.longTasks());
    if (round > 0) measured.push({ ms, longTasks });
  }
  return measured;
};

/** One after the other, each when the one before has arrived and the page has nothing more to do, as people tap. */
const measureTaps = async (person: BrowserPerson): Promise<number[]> => {
  const page = person.page();
  const times: number[] = [];
  for (let tap = 1; tap <= FIRST_TAPS + TAPS; tap += 1) {
    const text = `tap ${tap}`;
    await person.composer().fill(text);
    await page.evaluate(() => watch.rest());
    times.push(await page.evaluate((what) => watch.press('Send', what), text));
    await person.sent(text, 'delivered');
  }
  return times.slice(FIRST_TAPS);
};

const run = async ({ rounds, progress }: Bench): Promise<readonly Figure[]> => {
  await using stage = await startStage({ areInstalled: true });
  const first = await firstScreen(stage);
  const [alice] = await stage.people('alice');
  if (alice === undefined) throw new Error('nobody came');
  await watchPages(alice.context);
  await alice.leave();
  await alice.enter();
  const bob = await openPerson(stage.cluster.parts.front.url);
  await using messenger = bob.messenger;
  const accountId = (await messenger.self())?.accountId ?? '';
  const path = `/#/c/${accountId}`;

  progress('  taps');
  await alice.add(bob.username);
  const taps = await measureTaps(alice);
  progress(`  a history of ${HISTORY_LENGTH}`);
  for (const part of HISTORY) await fill(alice, messenger, part);
  await readAll(alice, path);
  const opening = await measureOpening(alice, path, rounds);
  progress('  catch-up');
  const catchUps = await measureCatchUp(alice, messenger, '/', rounds);
  const longTasks = catchUps.map((round) => round.longTasks);
  return [
    { name: 'scripts of the first screen, gzipped: page', unit: 'kB', value: first.page },
    {
      name: 'scripts of the first screen, gzipped: page and engine',
      unit: 'kB',
      value: first.page + first.engine,
      ...atMost(130),
    },
    { name: 'tap to accepted by two nodes and shown, p50', unit: 'ms', value: median(taps) },
    {
      name: 'tap to accepted by two nodes and shown, p95',
      unit: 'ms',
      value: percentile(taps, 0.95),
      ...atMost(100),
    },
    {
      name: `opening until a history of ${HISTORY_LENGTH.toLocaleString('en')} is shown`,
      unit: 'ms',
      value: median(opening),
      ...atMost(1_000),
    },
    {
      name: `opening until ${WAITING.toLocaleString('en')} waiting messages are shown`,
      unit: 'ms',
      value: median(catchUps.map(({ ms }) => ms)),
      ...atMost(3_000),
    },
    {
      name: 'tasks over 50 ms on the page meanwhile',
      unit: 'tasks',
      value: median(longTasks.map(({ length }) => length)),
      ...atMost(0),
    },
    { name: 'the longest of them', unit: 'ms', value: Math.max(0, ...longTasks.flat()), ...atMost(50) },
  ];
};

/** The web messenger in Chromium, against a whole cluster on the embedded engine. */
export const messenger: Measurement = { name: 'messenger', run };
