import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NETWORK_FAILURES, startStage, type BrowserPerson, type Stage } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import { TEST_PASSWORD } from '@restante/testkit/cluster';
import type { AxeResults } from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { film } from './film.ts';
import { photo } from './photo.ts';

/** Every screen, light and dark, wide and narrow: accessible by axe, and a picture of each in `e2e/artifacts/screens`. */

declare const axe: { readonly run: () => Promise<AxeResults> };

const PICTURES = fileURLToPath(new URL('../artifacts/screens', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VARIANTS = [
  { scheme: 'light', width: 1280, height: 800 },
  { scheme: 'dark', width: 1280, height: 800 },
  { scheme: 'light', width: 390, height: 844 },
  { scheme: 'dark', width: 390, height: 844 },
] as const;

const ASKED =
  'I ask because of the seats in the car, there are only four of them and we would be five with the dog, who does not like to sit in the back at all.';

// Longer than what any condition is waited for, so that a failure names its condition.

let stage: Stage;
let newcomer: BrowserPerson;
/** To which messages of before come. */
let desktop: BrowserPerson;
let alice: BrowserPerson;
let bob: BrowserPerson;
let stranger: BrowserPerson;

/** Alice has a conversation with something of everything, one with an unread message, and a request. */
const setScene = async (): Promise<void> => {
  alice = await stage.browserPerson('alice');
  newcomer = await stage.browserPerson('newcomer');
  await Promise.all([alice, newcomer].map(({ context }) => context.addInitScript({ content: AXE })));
  await newcomer.enter();
  await alice.enter();
  await alice.signUp(alice.username);
  [bob, stranger] = (await stage.people('bob', 'stranger')) as [BrowserPerson, BrowserPerson];
  await bob.add(alice.username);
  await bob.write('Hi Alice! Are you coming on Saturday?');
  await alice.open(bob.username);
  await alice.accept();
  await alice.write(
    'Yes! The plan is at https://example.org/plan, and it is long:\n- breakfast\n- the lake\n- supper',
  );
  await alice.write(
    'Note:\n1. *not* before `9:00`\n> _I bring_ the ~cake~ pie\n```\nroute --from home --to water --by bicycle --avoid motorways --avoid hills --rest 20min --return\n```',
  );
  await bob.sees('Hi Alice! Are you coming on Saturday?');
  await bob.act('Hi Alice! Are you coming on Saturday?', 'Reply');
  await bob.write(ASKED);
  await bob.message('Hi Alice! Are you coming on Saturday?').waitFor();
  await bob.act(ASKED, 'Edit');
  await bob.page().getByRole('textbox', { name: 'Edit message' }).press('End');
  await bob.page().keyboard.type(' Tell me by Friday.');
  await bob.page().keyboard.press('Enter');
  await alice.message('Hi Alice! Are you coming on Saturday?').hover();
  await alice.message('Hi Alice! Are you coming on Saturday?').getByRole('button', { name: 'React' }).click();
  await alice.page().getByRole('button', { name: '👍' }).click();
  await alice.write('a mistake');
  await alice.sent('a mistake', 'read');
  await alice.act('a mistake', 'Delete for everyone');
  await alice.confirm('Delete for everyone');
  await stranger.add(alice.username);
  await stranger.write('Hello, we met at the fair.');
  await stranger.sent('Hello, we met at the fair.', 'delivered');
};

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  stage = await startStage();
  await setScene();
});
afterAll(async () => {
  const complaints = await stage.clear();
  await stage[Symbol.asyncDispose]();
  expect(complaints).toEqual([]);
});

const go = async (page: Page, hash: string): Promise<void> => {
  await page.goto(`/${hash}`);
};

type Screen = {
  readonly name: string;
  readonly open: () => Promise<Page>;
  readonly close?: (page: Page) => Promise<void>;
};

const settings = (section: string): Screen => ({
  name: `settings-${section}`,
  open: async () => {
    await go(alice.page(), `#/settings/${section}`);
    await alice.page().getByRole('main').getByRole('heading').first().waitFor();
    return alice.page();
  },
});
const conversation = async (): Promise<Page> => {
  await go(alice.page(), `#/c/${bob.address.accountId}`);
  await alice.page().getByRole('log').getByRole('article').last().waitFor();
  return alice.page();
};
type Chosen = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };
const somePhoto = async (): Promise<Chosen> => ({
  ...{ name: 'sea.jpg', mimeType: 'image/jpeg', buffer: await photo(alice, 1_600, 1_000) },
});
const choose = async (page: Page, ...files: readonly Chosen[]): Promise<void> => {
  await page.locator('form input[type=file]').setInputFiles([...files]);
  await page.getByRole('list', { name: 'Files to send' }).waitFor();
};
/** A microphone that hums. */
const HUMS = `navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const sound = context.createOscillator();
  const microphone = context.createMediaStreamDestination();
  sound.connect(microphone);
  sound.start();
  return microphone.stream;
}`;
const record = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Record a voice message' }).click();
  await page
    .getByRole('timer')
    .getByText(/^0:(0[2-9]|[1-5]\d)$/)
    .waitFor();
};
const chooseInMenu = async (page: Page, action: string): Promise<void> => {
  await page.getByRole('button', { name: 'Conversation menu' }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
};
const inGerman = async (page: Page, isGerman: boolean): Promise<void> => {
  await page.evaluate(`localStorage.setItem('language', '${isGerman ? 'de' : 'en'}')`);
  await page.reload();
};
const detailsOf = async (page: Page): Promise<Locator> => {
  await page.locator('#conversation-name').click();
  const details = page.locator('[data-part=details]');
  await details.waitFor();
  return details;
};
const nickname = async (page: Page, name: string): Promise<void> => {
  const details = await detailsOf(page);
  await details.getByRole('button', { name: /^Nickname/ }).click();
  await details.getByRole('textbox', { name: 'Nickname' }).fill(name);
  await details.getByRole('button', { name: 'Save' }).click();
  await details.getByRole('button', { name: `Nickname ${name || 'None'}` }).waitFor();
  await details.getByRole('button', { name: 'Close details' }).click();
  await details.waitFor({ state: 'detached' });
};
const escape = (page: Page): Promise<void> => page.keyboard.press('Escape');

const LINKING = {
  english: {
    link: 'Link a device',
    show: 'Show a code here instead',
    text: 'The same as text',
    digits: 'Number of both devices',
  },
  german: {
    link: 'Gerät verbinden',
    show: 'Stattdessen hier einen Code zeigen',
    text: 'Dasselbe als Text',
    digits: 'Nummer beider Geräte',
  },
} as const;
type Language = keyof typeof LINKING;
const linkDialog = async (language: Language): Promise<Locator> => {
  const page = alice.page();
  await inGerman(page, language === 'german');
  await go(page, '#/settings/devices');
  await page.getByRole('button', { name: LINKING[language].link }).click();
  return page.getByRole('dialog');
};
/** A new device has taken the code of a device of the account: both show digits. */
const meetToLink = async (language: Language): Promise<{ dialog: Locator; phone: Page }> => {
  const { show, text, digits } = LINKING[language];
  const dialog = await linkDialog(language);
  await dialog.getByRole('button', { name: show }).click();
  await dialog.getByLabel(text).waitFor();
  const code = await dialog.getByLabel(text).innerText();
  const person = await stage.browserPerson('phone');
  await person.context.addInitScript({ content: AXE });
  const phone = (await person.enter()).page();
  await phone.getByRole('button', { name: 'Link this device' }).click();
  await phone.getByRole('textbox', { name: 'Text of the code' }).fill(code);
  await phone.getByRole('button', { name: 'Go on' }).click();
  await phone.getByLabel(LINKING.english.digits).waitFor();
  await dialog.getByLabel(digits).waitFor();
  return { dialog, phone };
};
const endLinking = async (): Promise<void> => {
  await escape(alice.page());
  await inGerman(alice.page(), false);
};

const SCREENS: readonly Screen[] = [
  {
    name: 'welcome',
    open: async () => {
      await newcomer.page().getByRole('tab', { name: 'Create account' }).click();
      await newcomer.page().getByLabel('Password', { exact: true }).fill('too short');
      return newcomer.page();
    },
  },
  {
    name: 'sign-in',
    open: async () => {
      const page = newcomer.page();
      newcomer.complaints.expect(...NETWORK_FAILURES);
      await page.getByRole('tab', { name: 'Sign in' }).click();
      await page.getByRole('textbox', { name: 'Username' }).fill('nobody-at-all');
      await page.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      return page;
    },
  },
  ...[false, true].map((isGerman) => ({
    name: isGerman ? 'link-this-device-german' : 'link-this-device',
    open: async () => {
      const page = newcomer.page();
      await inGerman(page, isGerman);
      await page
        .getByRole('button', { name: isGerman ? 'Dieses Gerät verbinden' : 'Link this device' })
        .click();
      await page.getByRole('timer').waitFor();
      return page;
    },
    close: (page: Page) => inGerman(page, false),
  })),
  {
    name: 'empty',
    open: async () => {
      const page = newcomer.page();
      await newcomer.signUp(newcomer.username);
      await newcomer.isConnected('live');
      await page.getByRole('img', { name: 'QR code of my link' }).waitFor();
      return page;
    },
  },
  {
    name: 'list',
    open: async () => {
      await go(alice.page(), '#/');
      await alice.conversation(bob.username).waitFor();
      return alice.page();
    },
  },
  { name: 'conversation', open: conversation },
  {
    name: 'message-menu',
    open: async () => {
      const page = await conversation();
      const message = alice.message('Hi Alice! Are you coming on Saturday?');
      await message.hover();
      await message.getByRole('button', { name: 'Message actions' }).click();
      await page.getByRole('menu').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'editing',
    open: async () => {
      const page = await conversation();
      await page.getByRole('textbox', { name: 'Message', exact: true }).press('ArrowUp');
      await page.getByRole('textbox', { name: 'Edit message' }).waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'former-words',
    open: async () => {
      const page = await conversation();
      await page.getByRole('button', { name: 'edited' }).click();
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'reactions',
    open: async () => {
      const page = await conversation();
      const message = alice.message('Hi Alice! Are you coming on Saturday?');
      await message.hover();
      await message.getByRole('button', { name: 'React' }).click();
      return page;
    },
    close: escape,
  },
  {
    name: 'emojis',
    open: async () => {
      const page = await conversation();
      await page.getByRole('button', { name: 'Emoji' }).click();
      return page;
    },
    close: escape,
  },
  {
    name: 'conversation-menu',
    open: async () => {
      const page = await conversation();
      await page.getByRole('button', { name: 'Conversation menu' }).click();
      await page.getByRole('menu').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'delete-conversation',
    open: async () => {
      const page = await conversation();
      await chooseInMenu(page, 'Delete conversation');
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: escape,
  },
  ...['Mute', 'Disappearing messages'].map((action) => ({
    name: action.toLowerCase().replace(' ', '-'),
    open: async () => {
      const page = await conversation();
      await chooseInMenu(page, action);
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: escape,
  })),
  ...[false, true].map((isGerman) => ({
    name: `disappearing-after-another-time${isGerman ? '-german' : ''}`,
    open: async () => {
      const page = await conversation();
      await inGerman(page, isGerman);
      const words = isGerman
        ? {
            ...{ menu: 'Menü der Unterhaltung', item: 'Verschwindende Nachrichten' },
            ...{ other: 'Nach einer anderen Zeit', amount: 'Anzahl', unit: 'Einheit' },
            range: 'Von 30 Sekunden bis 4 Wochen',
          }
        : {
            ...{ menu: 'Conversation menu', item: 'Disappearing messages' },
            ...{ other: 'After another time', amount: 'Number', unit: 'Unit' },
            range: 'From 30 seconds to 4 weeks',
          };
      await page.getByRole('button', { name: words.menu }).click();
      await page.getByRole('menuitem', { name: words.item, exact: true }).click();
      await page.getByRole('radio', { name: words.other }).check();
      await page.getByRole('textbox', { name: words.amount }).fill('5');
      await page.getByRole('combobox', { name: words.unit }).selectOption('weeks');
      await page.getByText(words.range).waitFor();
      return page;
    },
    close: async (page: Page) => {
      await escape(page);
      await inGerman(page, false);
    },
  })),
  {
    name: 'row-menu',
    open: async () => {
      await go(alice.page(), '#/');
      await alice.conversation(bob.username).click({ button: 'right' });
      await alice.page().getByRole('menu').waitFor();
      return alice.page();
    },
    close: escape,
  },
  {
    name: 'disappearing',
    open: async () => {
      const page = await conversation();
      await chooseInMenu(page, 'Disappearing messages');
      await page.getByRole('radio', { name: 'After 8 hours' }).check();
      await alice.confirm('Set');
      await alice.write('Do not tell the dog.');
      await bob.sees('Do not tell the dog.');
      await bob.write('It can read?');
      await alice.sees('It can read?');
      await alice.sent('Do not tell the dog.', 'read');
      return page;
    },
    close: async (page) => {
      await chooseInMenu(page, 'Disappearing messages');
      await page.getByRole('radio', { name: 'Not at all' }).check();
      await alice.confirm('Set');
      await page.getByText('You turned disappearing messages off.').first().waitFor();
    },
  },
  {
    name: 'profile',
    open: async () => {
      await go(alice.page(), '#/settings/account');
      const page = alice.page();
      await page.getByRole('button', { name: 'Change profile' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('input[type=file]').setInputFiles(await somePhoto());
      await dialog.getByRole('button', { name: 'Remove the picture' }).waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'profiles-of-others',
    open: async () => {
      await bob.enter('/#/settings/account');
      const settingsOfBob = bob.page();
      await settingsOfBob.getByRole('button', { name: 'Change profile' }).click();
      const dialog = settingsOfBob.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Name' }).fill('Robert Rabbit of the Lake');
      await dialog.locator('input[type=file]').setInputFiles(await somePhoto());
      await dialog.getByRole('button', { name: 'Remove the picture' }).waitFor();
      await bob.confirm('Save');
      const page = await conversation();
      await alice.conversation('Robert Rabbit of the Lake').locator('img').waitFor();
      return page;
    },
    close: async () => {
      const page = bob.page();
      await page.getByRole('button', { name: 'Change profile' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Name' }).fill('');
      await dialog.getByRole('button', { name: 'Remove the picture' }).click();
      await bob.confirm('Save');
      await alice.conversation(bob.username).waitFor();
    },
  },
  {
    name: 'list-set-up',
    open: async () => {
      const page = await conversation();
      await nickname(page, 'Robert from the lake, who always asks twice');
      await chooseInMenu(page, 'Pin');
      await chooseInMenu(page, 'Mute');
      await alice.confirm('Until I unmute');
      await page.getByText(`@${bob.username}`).waitFor();
      await chooseInMenu(page, 'Mark as unread');
      await page.getByTitle('Marked as unread').waitFor();
      return page;
    },
    close: async () => {
      const page = await conversation();
      await chooseInMenu(page, 'Unpin');
      await chooseInMenu(page, 'Unmute');
      await nickname(page, '');
      await page.getByText(`@${bob.username}`).waitFor({ state: 'detached' });
    },
  },
  {
    name: 'request',
    open: async () => {
      await go(alice.page(), `#/c/${stranger.address.accountId}`);
      await alice.page().getByRole('button', { name: 'Accept' }).waitFor();
      return alice.page();
    },
  },
  {
    name: 'safety',
    open: async () => {
      await go(alice.page(), `#/c/${bob.address.accountId}/safety`);
      await alice.page().getByRole('img', { name: 'Safety number as a QR code' }).waitFor();
      return alice.page();
    },
  },
  {
    name: 'add',
    open: async () => {
      await go(alice.page(), '#/add');
      await alice.page().getByRole('img', { name: 'QR code of my link' }).waitFor();
      return alice.page();
    },
  },
  {
    name: 'search',
    open: async () => {
      await go(alice.page(), '#/');
      await alice.page().getByRole('searchbox', { name: 'Search' }).fill('the lake');
      await alice
        .page()
        .getByRole('link', { name: /the lake/ })
        .waitFor();
      return alice.page();
    },
    close: (page) => page.getByRole('searchbox', { name: 'Search' }).fill(''),
  },
  {
    name: 'switcher',
    open: async () => {
      const page = await conversation();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'shortcuts',
    open: async () => {
      const page = await conversation();
      await page.getByRole('log').focus();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'files',
    open: async () => {
      const page = await conversation();
      const pictures = page.locator('[data-part=picture]');
      if ((await pictures.count()) === 0) {
        await choose(
          page,
          await somePhoto(),
          { name: 'Timetable.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(182_000) },
          { name: 'The lake.webm', mimeType: 'video/webm', buffer: await film(alice, 4, 20_000) },
        );
        await page.getByRole('textbox', { name: 'Add a caption' }).fill('From the sea, and when we go back');
        await page.getByRole('button', { name: 'Send', exact: true }).click();
        await alice.sent('From the sea, and when we go back', 'read');
      }
      await waitFor(
        'the picture',
        async () => (await pictures.first().getAttribute('data-shows')) === 'whole',
      );
      await choose(page, await somePhoto());
      return page;
    },
    close: (page) => page.getByRole('button', { name: 'Remove' }).click(),
  },
  {
    name: 'files-of-conversation',
    open: async () => {
      const page = await conversation();
      await chooseInMenu(page, 'Pictures and files');
      await page.getByRole('heading', { name: 'Recordings, films and other files' }).waitFor();
      await waitFor(
        'the picture',
        async () =>
          (await page.locator('[data-part=picture]').first().getAttribute('data-shows')) === 'whole',
      );
      return page;
    },
  },
  {
    name: 'details',
    open: async () => {
      const page = await conversation();
      const details = await detailsOf(page);
      await waitFor(
        'the picture',
        async () =>
          (await details.locator('[data-part=picture]').first().getAttribute('data-shows')) === 'whole',
      );
      return page;
    },
    close: escape,
  },
  {
    name: 'starred',
    open: async () => {
      const page = await conversation();
      for (const text of [ASKED, 'From the sea, and when we go back']) {
        const starred = page.getByRole('article').filter({ hasText: text }).last();
        const star = page.getByRole('menuitem', { name: 'Star', exact: true });
        // The menu of the message before may only just close.
        await waitFor('the menu of the message', async () => {
          if (await star.isVisible()) return true;
          await starred.hover();
          await starred.getByRole('button', { name: 'Message actions' }).click();
          return star.isVisible();
        });
        await star.click();
        await starred.getByLabel('Starred').waitFor();
      }
      await go(page, '#/starred');
      await page.getByRole('button', { name: 'Take the star away' }).first().waitFor();
      return page;
    },
  },
  {
    name: 'starred-german',
    open: async () => {
      await inGerman(alice.page(), true);
      await go(alice.page(), '#/starred');
      await alice.page().getByRole('heading', { name: 'Markierte Nachrichten' }).waitFor();
      return alice.page();
    },
    close: (page) => inGerman(page, false),
  },
  { name: 'starred-in-conversation', open: conversation },
  ...[false, true].map((isGerman) => ({
    name: isGerman ? 'selecting-german' : 'selecting',
    open: async () => {
      const page = await conversation();
      await inGerman(page, isGerman);
      const message = page.getByRole('article').filter({ hasText: ASKED }).last();
      await message.hover();
      await message
        .getByRole('button', { name: isGerman ? 'Aktionen für die Nachricht' : 'Message actions' })
        .click();
      await page.getByRole('menuitem', { name: isGerman ? 'Auswählen' : 'Select', exact: true }).click();
      await page.getByRole('article').filter({ hasText: 'From the sea' }).click();
      await page.locator('[data-part=selection]').getByText('2').waitFor();
      return page;
    },
    close: async (page: Page) => {
      await escape(page);
      await inGerman(page, false);
    },
  })),
  {
    name: 'delete-selected',
    open: async () => {
      const page = await conversation();
      const message = page.getByRole('article').filter({ hasText: 'From the sea' });
      await message.hover();
      await message.getByRole('button', { name: 'Message actions' }).click();
      await page.getByRole('menuitem', { name: 'Select', exact: true }).click();
      await page.locator('[data-part=selection]').getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: async (page) => {
      await escape(page);
      await escape(page);
    },
  },
  {
    name: 'details-german',
    open: async () => {
      const page = await conversation();
      await inGerman(page, true);
      await detailsOf(page);
      await page.getByText('Sicherheitsnummer').waitFor();
      return page;
    },
    close: (page) => inGerman(page, false),
  },
  {
    name: 'film',
    open: async () => {
      const page = await conversation();
      await page.getByRole('button', { name: 'Play The lake.webm' }).click();
      await waitFor('the film to play', () =>
        page
          .locator('video')
          .evaluate((video) => (video as unknown as { readonly currentTime: number }).currentTime > 0.2),
      );
      return page;
    },
  },
  {
    name: 'voice',
    open: async () => {
      const page = await conversation();
      await page.evaluate(HUMS);
      const voices = page.locator('[data-part=voice]');
      if ((await voices.count()) === 0) {
        await record(page);
        await page.getByRole('button', { name: 'Send', exact: true }).click();
        await voices.waitFor();
      }
      await record(page);
      return page;
    },
    close: (page) => page.getByRole('button', { name: 'Discard recording' }).click(),
  },
  {
    name: 'voice-unsent',
    open: async () => {
      const page = await conversation();
      await page.evaluate(HUMS);
      await record(page);
      await go(page, '#/');
      await conversation();
      await page.getByRole('list', { name: 'Files to send' }).waitFor();
      return page;
    },
    close: (page) => page.getByRole('button', { name: 'Remove Voice message.webm' }).click(),
  },
  {
    name: 'picture',
    open: async () => {
      const page = await conversation();
      await page.locator('[data-part=picture]').first().click();
      await page.getByRole('dialog').getByRole('img').waitFor();
      return page;
    },
    close: escape,
  },
  ...(['english', 'german'] as const).flatMap((language) => [
    {
      name: `link-device-${language}`,
      open: async () => {
        await (await linkDialog(language)).waitFor();
        return alice.page();
      },
      close: endLinking,
    },
    {
      name: `link-device-code-${language}`,
      open: async () => {
        const dialog = await linkDialog(language);
        await dialog.getByRole('button', { name: LINKING[language].show }).click();
        await dialog.getByRole('timer').waitFor();
        return alice.page();
      },
      close: endLinking,
    },
    {
      name: `link-device-question-${language}`,
      open: async () => (await meetToLink(language)).dialog.page(),
      close: endLinking,
    },
  ]),
  {
    name: 'link-this-device-digits',
    open: async () => (await meetToLink('english')).phone,
    close: endLinking,
  },
  settings('account'),
  {
    name: 'delete-account',
    open: async () => {
      const page = alice.page();
      await go(page, '#/settings/account');
      await page.getByRole('button', { name: 'Delete account' }).click();
      await page.getByRole('dialog').waitFor();
      return page;
    },
    close: escape,
  },
  {
    name: 'change-password',
    open: async () => {
      const page = alice.page();
      await go(page, '#/settings/account');
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByLabel('New password', { exact: true }).fill('Sommer2024');
      return page;
    },
    close: escape,
  },
  {
    name: 'waiting',
    open: async () => {
      const tablet = await stage.browserPerson('tablet');
      await tablet.context.addInitScript({ content: AXE });
      await tablet.enter();
      await tablet.signIn(alice.username);
      await tablet.page().getByRole('list', { name: 'Number of the device' }).waitFor();
      return tablet.page();
    },
    close: async () => {
      const page = alice.page();
      await page.getByRole('button', { name: 'Answer' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Let it in' }).click();
      await page.getByRole('button', { name: 'Answer' }).waitFor({ state: 'detached' });
    },
  },
  {
    name: 'new-device',
    open: async () => {
      const laptop = await stage.browserPerson('laptop');
      await laptop.enter();
      await laptop.signIn(alice.username);
      await alice.page().getByText('A new device wants in').waitFor();
      await alice.page().getByRole('button', { name: 'Answer' }).click();
      await alice.page().getByRole('dialog').waitFor();
      return alice.page();
    },
    close: async (page) => {
      await page.getByRole('dialog').getByRole('button', { name: 'Let it in' }).click();
      await page.getByRole('button', { name: 'Answer' }).waitFor({ state: 'detached' });
    },
  },
  {
    name: 'earlier-messages',
    open: async () => {
      desktop = await stage.browserPerson('desktop');
      desktop.complaints.expect(...NETWORK_FAILURES);
      await desktop.context.addInitScript({ content: AXE });
      // They begin to come, and go no further.
      await desktop.context.route('**/blobs/**', (route) => route.abort());
      await desktop.enter();
      await desktop.signIn(alice.username);
      await alice.letIn(desktop);
      const page = desktop.page();
      await page.getByText(/Earlier messages: 0 of/).waitFor();
      await go(page, '#/settings/devices');
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      return page;
    },
    close: (page) => inGerman(page, true),
  },
  {
    name: 'earlier-messages-german',
    open: async () => {
      const page = desktop.page();
      await page.getByRole('button', { name: 'Nicht jetzt' }).click();
      await page.getByText(/Angehalten: 0 von/).waitFor();
      return page;
    },
    close: () => desktop.leave(),
  },
  ...['privacy', 'appearance', 'notifications', 'devices', 'storage'].map(settings),
  {
    name: 'offline',
    open: async () => {
      alice.complaints.expect(...NETWORK_FAILURES);
      const page = await conversation();
      await alice.goOffline();
      await alice.isConnected('offline', 'connecting', 'waiting');
      await alice.write('I will be there');
      await alice.sent('I will be there', 'waiting');
      return page;
    },
    close: () => alice.goOnline(),
  },
];

/** In the words that lead to the fault. */
const violations = async (page: Page): Promise<string[]> =>
  (await page.evaluate(() => axe.run())).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );

describe('the screen', () => {
  it.each(SCREENS)('$name', async ({ name, open, close }) => {
    const page = await open();
    const found: string[] = [];
    for (const { scheme, width, height } of VARIANTS) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({
        path: join(PICTURES, `${name}-${scheme}-${width}.png`),
        animations: 'disabled',
      });
      found.push(...(await violations(page)).map((fault) => `${scheme} ${width}: ${fault}`));
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await close?.(page);
    expect(found).toEqual([]);
  });
});
