import { waitFor } from '@restante/testkit';
import { fillVault, type Person } from '@restante/testkit/cluster';
import { startStage, type BrowserPerson } from '@restante/testkit/messenger';
import type { Figure } from '../figure.ts';
import type { Bench, Measurement } from '../measurement.ts';
import type { Watch } from '../messenger/page/watch-calls.ts';
import { watchPages } from '../messenger/watched-page.ts';
import { median } from '../statistics.ts';

declare const watch: Watch;

const DEFAULT_MESSAGES = 10_000;
const CONVERSATIONS = 50;
const BOUND_S = 10;

type Taken = { readonly first: number; readonly all: number; readonly longest: number };

/** Times from letting the device in. */
const takenBy = async (taker: BrowserPerson, letIn: () => Promise<unknown>): Promise<Taken> => {
  const from = performance.now();
  const seconds = (): number => (performance.now() - from) / 1000;
  const before = await taker.page().evaluate(() => watch.longTasks().length);
  await letIn();
  await taker
    .page()
    .getByRole('navigation', { name: 'Conversations' })
    .getByText('we meet')
    .first()
    .waitFor({ timeout: 0 });
  const first = seconds();
  await waitFor('all messages', async () => (await taker.rows('history'))[0]?.value.state === 'done', {
    timeoutMs: 1_800_000,
    everyMs: 50,
  });
  const all = seconds();
  const tasks = (await taker.page().evaluate(() => watch.longTasks())).slice(before);
  return { first, all, longest: Math.max(0, ...tasks) };
};

const run = async ({ rounds, progress, size }: Bench): Promise<readonly Figure[]> => {
  const messages = size.history;
  await using stage = await startStage();
  const giver = await stage.cluster.person('giver');
  await giver.leave();
  await fillVault(giver.vaultFile, { messages, conversations: CONVERSATIONS });
  await giver.enterLive();
  const newBrowser = async (name: string): Promise<BrowserPerson> => {
    const browser = await stage.browserPerson(name);
    await watchPages(browser.context);
    await browser.enter();
    await browser.signIn(giver.username);
    return browser;
  };
  const letInBy = (person: Person) => (): Promise<unknown> =>
    waitFor('a device that waits', async () => {
      const [waiting] = await person.messenger().waitingDevices();
      if (waiting === undefined) return null;
      await person.messenger().letDeviceIn(waiting);
      return true;
    });
  const ofLibrary: Taken[] = [];
  const ofBrowser: Taken[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    progress(`  round ${round} of ${rounds}`);
    const one = await newBrowser('one');
    ofLibrary.push(await takenBy(one, letInBy(giver)));
    await giver.leave();
    const other = await newBrowser('other');
    ofBrowser.push(await takenBy(other, () => one.letIn(other)));
    await giver.enterLive();
    for (const browser of [one, other]) {
      await giver.messenger().removeDevice(browser.address.deviceId);
      await browser[Symbol.asyncDispose]();
    }
  }
  const all = ofBrowser.map((each) => each.all);
  const isUsual = messages === DEFAULT_MESSAGES;
  const what = `${messages.toLocaleString('en')} messages`;
  return [
    {
      ...{ name: `${what}, from one browser to another, from letting it in`, unit: 's', value: median(all) },
      ...(isUsual && { target: { of: 'value', atMost: BOUND_S } }),
    },
    {
      name: `${what}, from a library to a browser`,
      unit: 's',
      value: median(ofLibrary.map((each) => each.all)),
    },
    {
      name: 'until the first conversation is there',
      unit: 's',
      value: median(ofBrowser.map(({ first }) => first)),
    },
    {
      ...{ name: 'the longest task of the page that takes them', unit: 'ms' },
      value: Math.max(...[...ofLibrary, ...ofBrowser].map(({ longest }) => longest)),
    },
  ];
};

/** A new browser takes the messages of before from another device of its account. */
export const history: Measurement = { name: 'history', run };
