import { NETWORK_FAILURES, type BrowserPerson, type Probe } from '@restante/testkit/messenger';
import { describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** What a browser loses, and what contacts are told of it: sessions, the whole storage, keys that were verified, the time. */

declare const probe: Probe;

const HOUR_MS = 3_600_000;

const stage = stageOfFile();

/** Takes the storage away as browsers do when the disk is full, and loads the page anew. */
const wipeStorage = async (person: BrowserPerson): Promise<void> => {
  const page = person.page();
  const devtools = await person.context.newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', {
    origin: new URL(page.url()).origin,
    storageTypes: 'indexeddb',
  });
  await page.reload();
};

/** Signs in where the storage was wiped. */
const signInAgain = async (person: BrowserPerson): Promise<void> => {
  await person.page().getByRole('heading', { name: 'Your messages on this device are gone' }).waitFor();
  await person.signIn(person.username);
  await person.beginAnew();
  await person.isConnected('live');
};

describe('a message that cannot be decrypted', () => {
  it('is set aside, the session is renewed, it comes again, and the conversation goes on', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.leave();
    await bob!.tamper((page) => page.evaluate(() => probe.clear('sessions')));
    await alice!.write('in the old session');
    await alice!.sent('in the old session', 'accepted');
    await bob!.enter();
    await bob!.open(alice!.username);
    await bob!.sees('in the old session');
    await bob!.write('in the new one');
    await alice!.sees('in the new one');
    await alice!.write('good');
    await bob!.sees('good');
    expect(await bob!.texts()).toEqual(['hello', 'in the old session', 'in the new one', 'good']);
    expect(await alice!.texts()).toEqual(['hello', 'in the old session', 'in the new one', 'good']);
    expect(await bob!.rows('setAside')).toEqual([]);
  });

  it('is told of as long as its sender is away', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.leave();
    await bob!.tamper((page) => page.evaluate(() => probe.clear('sessions')));
    await alice!.write('lost for now');
    await alice!.sent('lost for now', 'accepted');
    await alice!.leave();
    await bob!.enter();
    await bob!.open(alice!.username);
    const note = bob!.page().getByText('1 message could not be read yet');
    await note.waitFor();
    await alice!.enter();
    await bob!.sees('lost for now');
    await note.waitFor({ state: 'detached' });
  });
});

it('a browser that wiped the storage says so; after signing in the conversation goes on', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await wipeStorage(bob!);
  await signInAgain(bob!);
  await alice!.write('are you still there?');
  await bob!.open(alice!.username);
  if (await bob!.page().getByRole('button', { name: 'Accept' }).isVisible()) await bob!.accept();
  await bob!.sees('are you still there?');
  await bob!.write('again');
  await alice!.sees('again');
  expect(await alice!.texts()).toEqual([
    'hello',
    'are you still there?',
    `${bob!.username}’s safety number has changed.`,
    'again',
  ]);
});

describe('a verified contact', () => {
  const verify = async (person: BrowserPerson, digits: string): Promise<string> => {
    const page = person.page();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page.getByRole('menuitem', { name: 'Verify' }).click();
    await page.getByRole('heading', { name: /^Safety number with/ }).waitFor();
    await page.getByRole('img', { name: 'Safety number as a QR code' }).waitFor();
    const text = await page.getByRole('main').innerText();
    const shown = text.match(/\d{5}/g)?.join('') ?? '';
    if (digits !== '') expect(shown).toBe(digits);
    expect(shown).toHaveLength(60);
    await page.getByRole('button', { name: 'Mark as verified' }).click();
    await page.getByRole('button', { name: 'Remove verification' }).waitFor();
    return shown;
  };

  it('has the same number on both sides', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const digits = await verify(alice!, '');
    await verify(bob!, digits);
    await alice!.open(bob!.username);
    await alice!.page().getByText('Verified', { exact: true }).first().waitFor();
  });

  it('whose keys change is shown, and asked about before anything is sent', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await verify(alice!, '');
    await alice!.open(bob!.username);
    await wipeStorage(bob!);
    await signInAgain(bob!);
    await bob!.add(alice!.username);
    await bob!.write('it is me, on a new device');
    await alice!.sees('it is me, on a new device');
    const page = alice!.page();
    await page.getByRole('log').getByText(`${bob!.username}’s safety number has changed.`).waitFor();

    await alice!.write('prove it');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`The safety number of ${bob!.username} has changed`).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await alice!.composer().inputValue()).toBe('prove it');
    expect(await alice!.texts('out')).toEqual(['hello']);

    await alice!.composer().press('Enter');
    await dialog.getByRole('button', { name: 'Send anyway' }).click();
    await bob!.sees('prove it');
  });
});

describe.each([
  ['fast', 2 * HOUR_MS],
  ['slow', -2 * HOUR_MS],
])('a browser whose clock is two hours %s', (_, offsetMs) => {
  it('sends, receives, and shows times that are right for everybody else', async () => {
    const shift = `{
      const RealDate = Date;
      globalThis.Date = class extends RealDate {
        constructor(...args) { super(...(args.length === 0 ? [RealDate.now() + ${offsetMs}] : args)); }
        static now() { return RealDate.now() + ${offsetMs}; }
      };
    }\n`;
    const alice = await stage().browserPerson('alice', {
      // With a service worker the test could not change what the worker runs.
      serviceWorkers: 'block',
      // To Chromium a worker whose script comes from the test is not of this machine.
      permissions: ['local-network-access'],
    });
    await alice.context.addInitScript({ content: shift });
    await alice.context.route(/\/assets\/worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: shift + (await response.text()) });
    });
    await alice.enter();
    await alice.signUp(alice.username);
    await alice.isConnected('live');
    const [bob] = await stage().people('bob');
    await alice.add(bob!.username);
    await alice.write('first');
    await bob!.open(alice.username);
    await bob!.accept();
    await bob!.write('answer');
    await alice.sees('answer');

    alice.complaints.expect(...NETWORK_FAILURES);
    await alice.goOffline();
    await alice.write('second');
    await alice.sent('second', 'waiting');
    await alice.goOnline();
    await alice.sent('second', 'read');
    await bob!.write('last');
    await alice.sees('last');
    for (const person of [alice, bob!]) {
      expect(await person.texts()).toEqual(['first', 'answer', 'second', 'last']);
      for (const { value } of await person.rows('messages')) {
        expect(Math.abs(value.sentAt - Date.now())).toBeLessThan(HOUR_MS);
      }
    }
    for (const person of [alice, bob!]) await stage().cluster.empty(person);
  });
});
