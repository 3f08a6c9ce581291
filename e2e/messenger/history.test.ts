import { fillVault, type Person } from '@restante/testkit/cluster';
import type { BrowserPerson } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import { expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** Messages of before come to a new browser. */

const stage = stageOfFile();

/** Of a device of a library, the one that waits is let in. */
const letInBy = (person: Person): Promise<unknown> =>
  waitFor('a device that waits', async () => {
    const [waiting] = await person.messenger().waitingDevices();
    if (waiting === undefined) return null;
    await person.messenger().letDeviceIn(waiting);
    return true;
  });
const historyOf = async (browser: BrowserPerson) => (await browser.rows('history'))[0]?.value;
const isComplete = (browser: BrowserPerson): Promise<unknown> =>
  waitFor('all messages to have come', async () => (await historyOf(browser))?.state === 'done', {
    timeoutMs: 180_000,
  });

it('a browser that signs in shows what was said before, and a conversation that is open fills', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  for (const text of ['one', 'two', 'three']) await alice!.write(text);
  await bob!.sees('three');
  const laptop = await stage().browserPerson('laptop');
  await laptop.enter();
  await laptop.signIn(bob!.username);
  await bob!.letIn(laptop);
  await laptop.open(alice!.username);
  await laptop.sees('three');
  expect(await laptop.texts()).toEqual(await bob!.texts());
  await alice!.write('four');
  await laptop.sees('four');
  await bob!.sees('four');
  expect(await laptop.texts()).toEqual(['hello', 'one', 'two', 'three', 'four']);
  await laptop.page().getByText('Earlier messages').waitFor({ state: 'detached' });
});

it('thousands come over closed windows and pauses, the newest first, each once, while the messenger is used', async () => {
  const MESSAGES = 6_000;
  const giver = await stage().cluster.person('giver');
  await giver.leave();
  await fillVault(giver.vaultFile, { messages: MESSAGES, conversations: 20 });
  await giver.enterLive();
  const laptop = await stage().browserPerson('laptop');
  await laptop.enter();
  await laptop.signIn(giver.username);
  await letInBy(giver);
  const notices = laptop.page().getByRole('complementary', { name: 'Notices' });
  await notices.getByText(/Earlier messages: [\d,]+ of 6,000/).waitFor();
  await notices.getByRole('button', { name: 'Not now' }).click();
  await waitFor('the pause', async () => (await historyOf(laptop))?.state === 'paused');
  const paused = (await historyOf(laptop))!.messages;
  expect(paused).toBeLessThan(MESSAGES);

  await laptop.page().getByRole('link', { name: 'Settings' }).click();
  await laptop.page().getByRole('link', { name: 'Devices' }).click();
  await laptop
    .page()
    .getByText(/Paused: [\d,]+ of 6,000/)
    .waitFor();
  await laptop.page().getByRole('button', { name: 'Go on' }).click();
  for (let cut = 0; cut < 4; cut += 1) {
    const before = (await historyOf(laptop))!;
    if (before.state === 'done') break;
    await waitFor('more', async () => {
      const now = (await historyOf(laptop))!;
      return now.state === 'done' || now.messages > before.messages;
    });
    await laptop.leave();
    await laptop.enter();
  }
  await isComplete(laptop);
  const rows = await laptop.rows('messages');
  expect(rows).toHaveLength(MESSAGES);
  expect(new Set(rows.map(({ value }) => `${value.direction}${value.id}`)).size).toBe(MESSAGES);
  await laptop.open('person7');
  await laptop.page().getByRole('log').getByText('we meet at the old bridge').last().waitFor();
  expect(await laptop.rows('conversations')).toHaveLength(20);
});
