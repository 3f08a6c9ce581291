import type { BrowserPerson } from '@restante/testkit/messenger';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** The passphrase of the messenger: what it keeps from whoever has the browser, and what it costs its owner. */

const stage = stageOfFile();

const PASSPHRASE = 'four quiet herons wade';

const fillPassphrase = async (page: Page, label: string, passphrase: string): Promise<void> =>
  page.getByLabel(label, { exact: true }).fill(passphrase);

const setPassphrase = async (person: BrowserPerson): Promise<void> => {
  const page = person.page();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'Privacy' }).click();
  await page.getByRole('button', { name: 'Set a passphrase' }).click();
  const dialog = page.getByRole('dialog');
  await fillPassphrase(page, 'New passphrase', PASSPHRASE);
  await fillPassphrase(page, 'New passphrase again', `${PASSPHRASE}!`);
  await dialog.getByRole('button', { name: 'Set a passphrase' }).click();
  await dialog.getByText('This is not the same passphrase.').waitFor();
  await fillPassphrase(page, 'New passphrase again', PASSPHRASE);
  await dialog.getByRole('button', { name: 'Set a passphrase' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Lock now' }).waitFor();
};

const isLocked = (page: Page): Promise<void> =>
  page.getByRole('heading', { name: 'Restante is locked' }).waitFor();

const unlock = async (page: Page, passphrase = PASSPHRASE): Promise<void> => {
  await fillPassphrase(page, 'Passphrase', passphrase);
  await page.getByRole('button', { name: 'Unlock' }).click();
};

it('asks for the passphrase after a restart, receives nothing before, and all that waited after', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await setPassphrase(alice!);
  await alice!.isConnected('live');
  await alice!.open(bob!.username);
  await bob!.write('while it is open');
  await alice!.sees('while it is open');

  await alice!.page().reload();
  const page = alice!.page();
  await isLocked(page);
  expect(await page.title()).toBe('Restante');
  expect(await page.content()).not.toContain('while it is open');
  await bob!.write('while it is locked');
  await bob!.sent('while it is locked', 'accepted');
  await unlock(page, 'not this one');
  await page.getByText('The passphrase is wrong.').waitFor();
  await isLocked(page);
  await unlock(page);
  await alice!.isConnected('live');
  await alice!.sees('while it is locked');
  expect(await alice!.texts()).toEqual(['hello', 'while it is open', 'while it is locked']);
  await bob!.sent('while it is locked', 'read');
});

it('stays open in another tab when the leading one goes, and is locked in all at once', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await setPassphrase(alice!);
  const first = alice!.page();
  const second = await alice!.enter();
  await second.open(bob!.username);
  await first.close();
  await bob!.write('who leads?');
  await second.sees('who leads?');

  const third = await alice!.enter('/#/settings/privacy');
  await third.page().getByRole('button', { name: 'Lock now' }).click();
  for (const tab of [second, third]) await isLocked(tab.page());
  expect(await second.page().content()).not.toContain('who leads?');
  await unlock(third.page());
  await second.sees('who leads?');
  await third.page().getByRole('button', { name: 'Remove passphrase' }).click();
  await fillPassphrase(third.page(), 'Passphrase until now', 'not this one');
  const dialog = third.page().getByRole('dialog');
  await dialog.getByRole('button', { name: 'Remove passphrase' }).click();
  await dialog.getByText('The passphrase is wrong.').waitFor();
  await fillPassphrase(third.page(), 'Passphrase until now', PASSPHRASE);
  await dialog.getByRole('button', { name: 'Remove passphrase' }).click();
  await third.page().getByRole('button', { name: 'Set a passphrase' }).waitFor();
  await third.page().reload();
  await third.isConnected('live');
});

it('who forgot the passphrase begins anew on this device, and nothing of before is left', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await setPassphrase(alice!);
  await alice!.page().reload();
  const page = alice!.page();
  await isLocked(page);
  await page.getByRole('button', { name: 'Forgotten?' }).click();
  await alice!.confirm('Delete them from this device');
  await page.getByText('Your messages on this device are gone').waitFor();
  await alice!.signIn(alice!.username);
  await alice!.beginAnew();
  await alice!.isConnected('live');
  await page.getByText('Its old entry is still in your account').waitFor();
  await bob!.write('are you there?');
  await alice!.open(bob!.username);
  await alice!.sees('are you there?');
});
