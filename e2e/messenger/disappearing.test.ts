import { conversationWith } from '@restante/client';
import { waitFor } from '@restante/testkit';
import type { BrowserPerson } from '@restante/testkit/messenger';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** Messages that disappear: in Chromium, and with the Node client, which chooses times that nobody is offered. */

const stage = stageOfFile();

const openTimer = async (person: BrowserPerson) => {
  const page = person.page();
  await page.getByRole('button', { name: 'Conversation menu' }).click();
  await page.getByRole('menuitem', { name: 'Disappearing messages', exact: true }).click();
  return page.getByRole('dialog');
};

/** Keeps what a conversation has shown since, be it gone by now. */
const NOTES = `globalThis.shown = [];
new MutationObserver(() => shown.push(document.querySelector('[role=log]')?.textContent ?? ''))
  .observe(document.body, { childList: true, subtree: true })`;

declare const shown: readonly string[];

/** Answers whether a text has been shown in a page since. */
const noteWhatIsShown = async (page: Page): Promise<(text: string) => Promise<boolean>> => {
  await page.evaluate(NOTES);
  return (text) => page.evaluate((wanted) => shown.some((each) => each.includes(wanted)), text);
};

it('are chosen by either, told by a line, and go from both sides when their time is over', async () => {
  const [alice] = await stage().people('alice');
  const nora = await stage().cluster.person('nora');
  await nora.enterLive();
  await alice!.add(nora.username);
  const dialog = await openTimer(alice!);
  await dialog.getByRole('radio', { name: 'After 1 hour' }).check();
  await dialog.getByRole('button', { name: 'Set' }).click();
  await dialog.waitFor({ state: 'detached' });
  const page = alice!.page();
  const log = page.getByRole('log');
  await log.getByText('You set messages to disappear after 1 hour.').waitFor();
  await alice!.write('within the hour');
  await alice!
    .message('within the hour')
    .getByRole('img', { name: /^Disappears/ })
    .waitFor();
  await page.locator('header').getByText('1 hour').waitFor();

  const withAlice = conversationWith(alice!.address.accountId);
  const timer = async () =>
    (await nora.messenger().conversations()).find(({ id }) => id === withAlice)?.timer;
  await waitFor('the timer', async () => (await timer()) === 3_600);
  await nora.messenger().setMessageTimer(withAlice, 2);
  const line = `${nora.username} set messages to disappear after 2 seconds.`;
  await log.getByText(line).waitFor();
  await alice!.conversation(nora.username).getByText(line).waitFor();
  const other = await openTimer(alice!);
  expect(await other.getByRole('radio', { name: 'After 2 seconds' }).isChecked()).toBe(true);
  await other.getByRole('radio', { name: 'After another time' }).check();
  await other.getByRole('textbox', { name: 'Number' }).fill('5');
  await other.getByRole('combobox', { name: 'Unit' }).selectOption('weeks');
  await other.getByText('From 30 seconds to 4 weeks').waitFor();
  expect(await other.getByRole('button', { name: 'Set' }).isEnabled()).toBe(false);
  await other.getByRole('combobox', { name: 'Unit' }).selectOption('days');
  await other.getByRole('button', { name: 'Set' }).click();
  await other.waitFor({ state: 'detached' });
  await log.getByText('You set messages to disappear after 5 days.').waitFor();
  await waitFor('the timer', async () => (await timer()) === 432_000);
  await nora.messenger().setMessageTimer(withAlice, 2);
  await log.getByText(line).nth(1).waitFor();

  const wasShown = await noteWhatIsShown(page);
  await nora.send(alice!, 'for you alone');
  await waitFor('it to be shown', () => wasShown('for you alone'));
  await alice!.message('for you alone').waitFor({ state: 'detached' });

  await alice!.write('and for you');
  await alice!.message('and for you').waitFor({ state: 'detached' });
  const texts = async () => (await nora.messenger().messages(withAlice)).filter(({ text }) => text !== '');
  await waitFor('hers to be there, and his gone', async () => {
    const [, last, ...more] = await texts();
    return more.length === 0 && last?.text === 'and for you';
  });
  await nora.messenger().markRead(await texts());
  await waitFor('both gone', async () => (await texts()).length === 1);

  await page.reload();
  await log.getByText(line).last().waitFor();
  expect(await alice!.texts()).not.toContain('for you alone');
  expect(await page.getByText('and for you').count()).toBe(0);
  // What has an hour is there still.
  expect(await alice!.texts()).toContain('within the hour');
  await waitFor(
    'no row',
    async () => (await alice!.rows('putAway')).length === 0 && (await alice!.rows('expiries')).length === 1,
  );

  await nora.messenger().setMessageTimer(withAlice, null);
  await log.getByText(`${nora.username} turned disappearing messages off.`).waitFor();
  await nora.send(alice!, 'this stays');
  await alice!.sees('this stays');
  expect(
    await alice!
      .message('this stays')
      .getByRole('img', { name: /^Disappears/ })
      .count(),
  ).toBe(0);
});
