import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NETWORK_FAILURES, type BrowserPerson, type MessengerPage } from '@restante/testkit/messenger';
import type { Locator, Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** A device is linked by a code that one of the two shows: pasted, or photographed. */

const folder = mkdtempSync(join(tmpdir(), 'restante-camera-'));
const cameraFile = join(folder, 'camera.mjpeg');
afterAll(() => rmSync(folder, { recursive: true }));
const stage = stageOfFile({ cameraFile });

const codeOf = async (page: Page): Promise<string> => {
  const text = page.getByLabel('The same as text');
  await text.waitFor();
  return text.innerText();
};
const beginJoining = async (person: BrowserPerson): Promise<Page> => {
  const page = (await person.enter()).page();
  await page.getByRole('button', { name: 'Link this device' }).click();
  return page;
};
/** The dialog of a device of the account, in a tab of its own. */
const beginLinking = async (person: BrowserPerson): Promise<Locator> => {
  const page = (await person.enter('/#/settings/devices')).page();
  await page.getByRole('button', { name: 'Link a device' }).click();
  return page.getByRole('dialog');
};
const takeCode = async (within: Page | Locator, code: string): Promise<void> => {
  await within.getByRole('textbox', { name: 'Text of the code' }).fill(code);
  await within.getByRole('button', { name: 'Go on' }).click();
};
const isIn = (page: Page): Promise<void> => page.getByRole('navigation', { name: 'Conversations' }).waitFor();
const tell = (what: string, sinceMs: number): void => {
  process.stdout.write(`${what}: ${Math.round(performance.now() - sinceMs)} ms\n`);
};

/** What both devices and a contact do then, whom nobody warns. */
const areOne = async (alice: MessengerPage, laptop: BrowserPerson, bob: BrowserPerson): Promise<void> => {
  await laptop.isConnected('live');
  // What was said before comes with the link.
  await laptop.open(bob.username);
  await laptop.sees('hello');
  await laptop.write('from the laptop');
  await bob.sees('from the laptop');
  await alice.sees('from the laptop');
  await bob.write('to both');
  for (const page of [alice, laptop]) await page.sees('to both');
  const notes = await bob.page().getByText('safety number has changed').count();
  expect(notes).toBe(0);
};

it('the new device shows the code, a device of the account takes its text and asks', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  const laptop = await stage().browserPerson('laptop');
  const page = await beginJoining(laptop);
  const code = await codeOf(page);
  const dialog = await beginLinking(alice!);
  await takeCode(dialog, 'https://restante.example/#/add/alice');
  await dialog.getByText('This is no code for linking a device').waitFor();
  await takeCode(dialog, code);
  await dialog.getByText('Whoever has that device reads everything').waitFor();
  expect(await page.getByRole('navigation', { name: 'Conversations' }).count()).toBe(0);
  const since = performance.now();
  await dialog.getByRole('button', { name: 'Link it' }).click();
  await isIn(page);
  await laptop.isConnected('live');
  tell('linked by the code of the new device, from the press of "Link it" to live', since);
  await dialog.getByText('is linked to your account').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  const settings = alice!.page();
  await settings.getByRole('button', { name: /^Remove/ }).waitFor();
  await settings.close();
  await areOne(alice!, laptop, bob!);
});

it('a device of the account shows the code, the new one takes it, and both show the same digits', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  const laptop = await stage().browserPerson('laptop');
  const dialog = await beginLinking(alice!);
  await dialog.getByRole('button', { name: 'Show a code here instead' }).click();
  const code = await codeOf(alice!.page());
  const page = await beginJoining(laptop);
  const since = performance.now();
  await takeCode(page, code);
  const digits = page.getByLabel('Number of both devices');
  await digits.waitFor();
  const same = dialog.getByLabel('Number of both devices');
  await same.waitFor();
  expect(await same.innerText()).toBe(await digits.innerText());
  await dialog.getByRole('button', { name: 'Link it' }).click();
  await isIn(page);
  await laptop.isConnected('live');
  tell('linked by the code of a device of the account, from its being taken to live', since);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await alice!.page().close();
  await areOne(alice!, laptop, bob!);
});

it('the code is taken from a photograph', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await alice!.context.grantPermissions(['camera']);
  const laptop = await stage().browserPerson('laptop');
  const page = await beginJoining(laptop);
  await codeOf(page);
  await page.setViewportSize({ width: 640, height: 480 });
  await page.getByRole('img', { name: 'Code of this device' }).scrollIntoViewIfNeeded();
  const picture = await page.screenshot({ type: 'jpeg', quality: 80 });
  writeFileSync(cameraFile, Buffer.concat(Array.from({ length: 30 }, () => picture)));
  const dialog = await beginLinking(alice!);
  await dialog.getByRole('button', { name: 'Scan the code' }).click();
  await dialog.getByText('Whoever has that device reads everything').waitFor();
  await dialog.getByRole('button', { name: 'Link it' }).click();
  await isIn(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await dialog.getByRole('button', { name: 'Done' }).click();
  await alice!.page().close();
  await areOne(alice!, laptop, bob!);
});

it('a code serves once: who comes second is told, and the new device is the first one’s', async () => {
  const [alice, bob] = await stage().people('alice', 'bob');
  bob!.complaints.expect(...NETWORK_FAILURES);
  const laptop = await stage().browserPerson('laptop');
  const page = await beginJoining(laptop);
  const code = await codeOf(page);
  const dialogs = [await beginLinking(alice!), await beginLinking(bob!)];
  for (const dialog of dialogs) await takeCode(dialog, code);
  const [first, second] = dialogs as [Locator, Locator];
  await first.getByRole('button', { name: 'Link it' }).click();
  await isIn(page);
  await second.getByRole('button', { name: 'Link it' }).click();
  await second.getByRole('alert').getByText('Somebody else has used this code.').waitFor();
  const [self] = await laptop.rows('self');
  expect(self!.value.username).toBe(alice!.username);
});

it('a code ends after five minutes, and with another one', async () => {
  const laptop = await stage().browserPerson('laptop');
  await laptop.context.clock.install();
  const page = await beginJoining(laptop);
  const code = await codeOf(page);
  await page.getByRole('timer').getByText('minutes left').waitFor();
  await page.getByRole('button', { name: 'Make a new code' }).click();
  await expect.poll(async () => codeOf(page)).not.toBe(code);
  await laptop.context.clock.fastForward('05:01');
  await page.getByText('This code is over.').waitFor();
  await page.getByRole('button', { name: 'Make a new code' }).click();
  await codeOf(page);
});
