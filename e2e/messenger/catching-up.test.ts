import { waitFor } from '@restante/testkit';
import { NETWORK_FAILURES, type BrowserPerson } from '@restante/testkit/messenger';
import { describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** People who were away, or whose servers were: what they find when they are back (laws 2, 4, 11). */

const FROM_EACH = 100;

const stage = stageOfFile({ areInstalled: true });

const numbered = (count: number, word: string): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index + 1}`);

/** Everybody's requests fail for a while. */
const expectOutage = (...people: readonly BrowserPerson[]): void =>
  people.forEach(({ complaints }) => complaints.expect(...NETWORK_FAILURES));

const killNode = (number: number) => stage().cluster.parts.mailboxNodes[number - 1]!.kill('SIGKILL');

describe('a recipient who was away', () => {
  it('finds 200 messages from two senders: all, once, in order, and gone from the nodes', async () => {
    const [bob, alice] = await stage().friends('bob', 'alice');
    const nora = await stage().cluster.person('nora');
    await nora.enterLive();
    await bob!.leave();
    const fromAlice = numbered(FROM_EACH, 'alice');
    const fromNora = numbered(FROM_EACH, 'nora');
    for (const [index, text] of fromNora.entries()) {
      await nora.send(bob!, text);
      await alice!.write(fromAlice[index]!);
    }
    await nora.sendAccepted(bob!, 'that was all');
    await alice!.sent(fromAlice.at(-1)!, 'accepted');

    await bob!.enter();
    await bob!.conversation(nora.username).getByText('101 unread').waitFor();
    await bob!.conversation(alice!.username).getByText('100 unread').waitFor();
    await stage().cluster.empty(bob);
    await bob!.open(nora.username);
    const noras = await bob!.history(fromNora[0]!, 'that was all');
    expect(noras.map(({ text }) => text)).toEqual([...fromNora, 'that was all']);
    await bob!.open(alice!.username);
    const alices = await bob!.history('hello', fromAlice.at(-1)!);
    expect(alices.map(({ text }) => text)).toEqual(['hello', ...fromAlice]);
    await alice!.sent(fromAlice.at(-1)!, 'read');
  });

  it('who loads the page anew in the middle of it misses nothing', async () => {
    const nora = await stage().cluster.person('nora');
    await nora.enterLive();
    // A service worker would hide the requests from the test.
    const bob = await stage().browserPerson('bob', { serviceWorkers: 'block' });
    await bob.enter();
    await bob.signUp(bob.username);
    await bob.isConnected('live');
    await bob.leave();
    const texts = numbered(600, 'nora');
    for (const text of texts.slice(0, -1)) await nora.send(bob, text);
    await nora.sendAccepted(bob, texts.at(-1)!);

    expectOutage(bob);
    let pages = 0;
    let isHeldBack = true;
    await bob.context.route(/\/node\d\/messages\/[^/?]*\?/, (route) => {
      pages += 1;
      return isHeldBack && pages > 1 ? undefined : route.continue();
    });
    await bob.enter();
    await waitFor('a part of them', async () => (await bob.rows('messages')).length > 0);
    expect((await bob.rows('messages')).length).toBeLessThan(texts.length);
    isHeldBack = false;
    await bob.page().reload();
    await bob.open(nora.username);
    const history = await bob.history(texts[0]!, texts.at(-1)!);
    expect(history.map(({ text }) => text)).toEqual(texts);
    await stage().cluster.empty(bob);
  });

  it('does not notice that one node is down', async () => {
    const [bob, alice] = await stage().friends('bob', 'alice');
    await bob!.leave();
    await killNode(1);
    for (const text of numbered(5, 'alice')) await alice!.write(text);
    await alice!.sent('alice 5', 'accepted');
    expectOutage(bob!, alice!);
    await bob!.enter();
    await bob!.open(alice!.username);
    await bob!.sees('alice 5');
    await bob!.isConnected('live');
    expect(await bob!.texts()).toEqual(['hello', ...numbered(5, 'alice')]);
    await stage().cluster.heal();
    await stage().cluster.empty(bob);
    expect(await bob!.texts()).toEqual(['hello', ...numbered(5, 'alice')]);
  });

  it('is told when two nodes are down, and it is completed later', async () => {
    const [bob, alice] = await stage().friends('bob', 'alice');
    await bob!.leave();
    for (const text of numbered(5, 'alice')) await alice!.write(text);
    await alice!.sent('alice 5', 'accepted');
    await stage().cluster.alike();
    await killNode(1);
    await killNode(3);
    expectOutage(bob!, alice!);
    await bob!.enter();
    await bob!.isConnected('incomplete');
    await bob!.page().getByText('Some messages may be missing: 1 of 3 mailboxes answered').waitFor();
    await bob!.open(alice!.username);
    await bob!.sees('alice 5');
    await stage().cluster.heal();
    await bob!.isConnected('live');
    await stage().cluster.empty(bob);
    expect(await bob!.texts()).toEqual(['hello', ...numbered(5, 'alice')]);
  });
});

describe('a sender without a network', () => {
  it('writes, loads the page anew, comes back: each text is sent once', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.isInstalled();
    expectOutage(alice!);
    await alice!.goOffline();
    await alice!.isConnected('offline', 'connecting', 'waiting');
    const texts = numbered(3, 'offline');
    for (const text of texts) await alice!.write(text);
    for (const text of texts) await alice!.sent(text, 'waiting');
    expect(await alice!.page().getByRole('main').getByText('Online').count()).toBe(0);
    await alice!.page().reload();
    for (const text of texts) await alice!.sent(text, 'waiting');
    expect(await alice!.texts()).toEqual(['hello', ...texts]);

    await alice!.goOnline();
    for (const text of texts) await alice!.sent(text, 'read');
    expect(await bob!.texts()).toEqual(['hello', ...texts]);
    for (const person of [alice!, bob!]) await stage().cluster.empty(person);
  });

  it('and without a front opens the messenger, reads, writes, and it is sent later', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.isInstalled();
    await alice!.leave();
    await stage().cluster.parts.front.kill('SIGKILL');
    expectOutage(alice!, bob!);
    await alice!.goOffline();
    await alice!.enter();
    await alice!.open(bob!.username);
    await alice!.sees('hello');
    await alice!.write('from nowhere');
    await alice!.sent('from nowhere', 'waiting');

    await stage().cluster.heal();
    await alice!.goOnline();
    await alice!.sent('from nowhere', 'read');
    expect(await bob!.texts()).toEqual(['hello', 'from nowhere']);
  });
});

it('a master that is killed while people chat: what was written arrives once, in order', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  expectOutage(alice!, bob!);
  await alice!.write('before');
  await bob!.sees('before');
  await stage().cluster.parts.masters[0]!.kill('SIGKILL');
  await alice!.isConnected('connecting', 'waiting');
  await alice!.write('during 1');
  await alice!.write('during 2');
  await alice!.sent('during 2', 'waiting');
  await stage().cluster.heal();
  await alice!.sent('during 2', 'read');
  await bob!.write('after');
  await alice!.sees('after');
  const texts = ['hello', 'before', 'during 1', 'during 2', 'after'];
  expect(await alice!.texts()).toEqual(texts);
  expect(await bob!.texts()).toEqual(texts);
});
