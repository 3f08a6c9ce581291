import { waitFor } from '@restante/testkit';
import { GREETING, type BrowserPerson } from '@restante/testkit/messenger';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { photo } from './photo.ts';
import { stageOfFile } from './stage-of-file.ts';

/** What people do with each other while everything works: in browsers, and with the Node client on the official libsignal. */

const stage = stageOfFile();

describe('first contact', () => {
  it('is a request, which tells the stranger nothing until it is accepted', async () => {
    const [alice, bob] = await stage().people('alice', 'bob');
    await alice!.add(bob!.username);
    await alice!.write('may I write to you?');
    await alice!.sent('may I write to you?', 'delivered');

    await bob!.open(alice!.username);
    await bob!.sees('may I write to you?');
    expect(await bob!.composer().count()).toBe(0);
    await alice!.sent('may I write to you?', 'delivered');
    await bob!.accept();
    await alice!.sent('may I write to you?', 'read');
    await bob!.write('of course');
    await alice!.sees('of course');
    await bob!.sent('of course', 'read');
    await alice!.write('good');
    await alice!.sent('good', 'read');
    for (const person of [alice!, bob!]) {
      expect(await person.texts()).toEqual(['may I write to you?', 'of course', 'good']);
    }
    await stage().cluster.empty(bob);
  });

  it('by a link fills in the name and asks', async () => {
    const [alice, bob] = await stage().people('alice', 'bob');
    await alice!.enter(`/#/add/${bob!.username}`);
    const page = alice!.page();
    await page.getByRole('textbox', { name: 'Username' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Username' }).inputValue()).toBe(bob!.username);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await alice!.write('found you');
    await bob!.conversation(alice!.username).waitFor();
  });

  it('takes a name with an @, a link, a text around it, and a picture of a code', async () => {
    const [alice, bob] = await stage().people('alice', 'bob');
    const page = alice!.page();
    await page.getByRole('link', { name: 'Add contact' }).first().click();
    const field = page.getByRole('textbox', { name: 'Username' });
    // The first steps, which have a code as well, are gone.
    await field.waitFor();
    const code = await page.getByRole('img', { name: 'QR code of my link' }).screenshot();
    const has = (value: string): Promise<unknown> =>
      waitFor(`"${value}" in the field`, async () => (await field.inputValue()) === value);
    await field.fill(`Find me here: ${new URL(page.url()).origin}/#/add/${bob!.username}`);
    await has(bob!.username);
    await field.fill('https://elsewhere.example/#/add/bob');
    await page.getByText('This link is of another server.').waitFor();
    const picture = { name: 'code.png', mimeType: 'image/png', buffer: code };
    await page.locator('input[type=file]').setInputFiles(picture);
    await has(alice!.username);
    await field.fill('');
    await field.focus();
    await alice!.pasteFile({ type: 'image/png', bytes: [...code] });
    await has(alice!.username);
    const empty = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>');
    const nothing = { name: 'nothing.svg', mimeType: 'image/svg+xml', buffer: empty };
    await page.locator('input[type=file]').setInputFiles(nothing);
    await page.getByText('There is no QR code to be found in this picture.').waitFor();
    await field.fill(`@${bob!.username}`);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('main').getByRole('heading', { name: bob!.username, exact: true }).waitFor();
  });

  it('can be blocked: nothing more is seen, and the stranger is not told', async () => {
    const [alice, bob] = await stage().people('alice', 'bob');
    await alice!.add(bob!.username);
    await alice!.write('buy this');
    await bob!.open(alice!.username);
    await bob!.page().getByRole('button', { name: 'Block', exact: true }).click();
    await bob!.page().getByText(`You have blocked ${alice!.username}.`).waitFor();
    await alice!.write('buy that');
    await alice!.sent('buy that', 'accepted');
    await stage().cluster.empty(bob);
    await bob!.page().getByRole('button', { name: 'Unblock' }).click();
    await alice!.write('sorry');
    await bob!.sees('sorry');
    expect(await bob!.texts()).toEqual(['buy this', 'sorry']);
    await alice!.sent('buy that', 'accepted');
  });
});

describe('a live chat', () => {
  it('shows who types, who is there, and what has been read', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const atAlice = alice!.page().getByRole('main');
    await atAlice.getByText('Online').waitFor();
    await bob!.composer().pressSequentially('we');
    await atAlice
      .getByText(/^typing/)
      .first()
      .waitFor();
    await bob!.write('well?');
    await alice!.sees('well?');
    await bob!.sent('well?', 'read');
    for (const number of [1, 2, 3]) {
      await alice!.write(`alice ${number}`);
      await bob!.sees(`alice ${number}`);
      await bob!.write(`bob ${number}`);
      await alice!.sees(`bob ${number}`);
    }
    const texts = ['hello', 'well?', 'alice 1', 'bob 1', 'alice 2', 'bob 2', 'alice 3', 'bob 3'];
    expect(await alice!.texts()).toEqual(texts);
    expect(await bob!.texts()).toEqual(texts);
    await alice!.sent('alice 3', 'read');
    await bob!.leave();
    await atAlice.getByText('Online').waitFor({ state: 'detached' });
  });

  it('keeps to what a person has turned off', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const tab = await bob!.enter('/#/settings/privacy');
    await tab.page().getByRole('switch', { name: 'Read receipts' }).click();
    await tab.page().close();
    await alice!.write('seen?');
    await bob!.sees('seen?');
    await bob!.write('not telling');
    await alice!.sees('not telling');
    await alice!.sent('seen?', 'delivered');
  });

  it('with the Node client on the official libsignal, whoever begins', async () => {
    const [alice] = await stage().people('alice');
    const nora = await stage().cluster.person('nora');
    const nick = await stage().cluster.person('nick');
    await Promise.all([nora.enterLive(), nick.enterLive()]);
    await nora.sendAccepted(alice!, 'from Node');
    await alice!.open(nora.username);
    await alice!.accept();
    await alice!.sees('from Node');
    await alice!.add(nick.username);
    await alice!.write('from Chromium');
    await nick.seesLast(alice!, 'from Chromium');

    for (const number of [1, 2, 3]) {
      await nick.sendAccepted(alice!, `nick ${number}`);
      await alice!.sees(`nick ${number}`);
      await alice!.write(`alice ${number}`);
      await nick.seesLast(alice!, `alice ${number}`);
    }
    expect(await nick.textsFrom(alice!)).toEqual(['from Chromium', 'alice 1', 'alice 2', 'alice 3']);
    await alice!.sent('alice 3', 'delivered');
    for (const person of [alice!, nick, nora]) await stage().cluster.empty(person);
  });
});

describe('a conversation', () => {
  const choose = async (person: BrowserPerson, action: string): Promise<void> => {
    const page = person.page();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page.getByRole('menuitem', { name: action, exact: true }).click();
  };
  const listOf = async (person: BrowserPerson): Promise<(string | undefined)[]> => {
    const links = person.page().getByRole('navigation', { name: 'Conversations' }).getByRole('link');
    return (await links.locator('.name').allInnerTexts()).map((text) => text.split(/\s/)[0]);
  };
  const lists = (person: BrowserPerson, ...names: string[]): Promise<unknown> =>
    waitFor(`the list ${names.join()}`, async () => (await listOf(person)).join() === names.join());

  it('has details beside it, and over it where there is no room', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const page = alice!.page();
    const details = page.locator('[data-part=details]');
    const title = page.getByRole('main').getByRole('heading', { name: bob!.username, exact: true });
    const name = title.getByRole('link');
    await alice!.composer().fill('half a thou');
    await title.click();
    await details.getByRole('heading', { name: 'Details' }).and(page.locator(':focus')).waitFor();
    await details.getByText('Not verified').waitFor();
    await bob!.write('beside them');
    await bob!.sent('beside them', 'read');
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await name.and(page.locator(':focus')).waitFor();
    expect(await alice!.composer().inputValue()).toBe('half a thou');

    await page.setViewportSize({ width: 390, height: 844 });
    await title.click();
    await details.waitFor();
    await title.waitFor({ state: 'hidden' });
    await bob!.write('behind them');
    await page.locator('[role=log]').getByText('behind them').waitFor({ state: 'attached' });
    await bob!.sent('behind them', 'delivered');
    await details.getByRole('button', { name: /^Nickname/ }).click();
    await details.getByRole('textbox', { name: 'Nickname' }).fill('Bobby');
    await page.keyboard.press('Escape');
    await details.getByRole('button', { name: 'Nickname None' }).and(page.locator(':focus')).waitFor();
    await bob!.sent('behind them', 'delivered');
    await page.goBack();
    await details.waitFor({ state: 'detached' });
    await bob!.sent('behind them', 'read');
    await name.and(page.locator(':focus')).waitFor();
    expect(await alice!.composer().inputValue()).toBe('half a thou');

    // Their screens lead back to the conversation.
    await title.click();
    await details.getByRole('link', { name: /^Safety number/ }).click();
    await page.getByRole('img', { name: 'Safety number as a QR code' }).waitFor();
    await page.goBack();
    await details.getByRole('button', { name: 'Delete conversation' }).click();
    await alice!.confirm('Delete conversation');
    await alice!.conversation(bob!.username).waitFor({ state: 'detached' });
  });

  it('has a menu in the list, at a right click, by keys, and for a finger that rests', async () => {
    const [alice, bob, carol] = await stage().friends('alice', 'bob', 'carol');
    const page = alice!.page();
    await lists(alice!, carol!.username, bob!.username);
    const line = alice!.conversation(bob!.username);
    await line.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Pin', exact: true }).click();
    await lists(alice!, bob!.username, carol!.username);
    await line.and(page.locator(':focus')).or(page.locator('#conversations :focus')).first().waitFor();

    await line.focus();
    await page.keyboard.press('Tab');
    await page
      .getByRole('button', { name: `Menu of ${bob!.username}` })
      .and(page.locator(':focus'))
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Mute', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    await page
      .getByRole('button', { name: `Menu of ${bob!.username}` })
      .and(page.locator(':focus'))
      .waitFor();

    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto('/#/');
    await line.dispatchEvent('pointerdown', { pointerType: 'touch', isPrimary: true });
    await page.getByRole('menuitem', { name: 'Mark as unread' }).waitFor();
    await line.dispatchEvent('click');
    await page.getByRole('menuitem', { name: 'Mark as unread' }).click();
    await line.getByText('Marked as unread').waitFor();
    expect(new URL(page.url()).hash).toBe('#/');

    await line.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Archive' }).click();
    await lists(alice!, carol!.username);
    await page.locator('#conversations a:focus').waitFor();
    await page.getByText('Archived (1)').click();
    await line.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Details' }).click();
    await page.locator('[data-part=details]').getByText('In the archive').waitFor();
  });

  it('is pinned, called otherwise, muted, marked and archived, and is so after a restart', async () => {
    const [alice, bob, carol] = await stage().friends('alice', 'bob', 'carol');
    await alice!.open(bob!.username);
    await alice!.write('to bob, last');
    await lists(alice!, bob!.username, carol!.username);
    await alice!.open(carol!.username);
    await choose(alice!, 'Pin');
    await lists(alice!, carol!.username, bob!.username);
    await choose(alice!, 'Details');
    const page = alice!.page();
    await page.getByRole('button', { name: /^Nickname/ }).click();
    await page.getByRole('textbox', { name: 'Nickname' }).fill(' Caro ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Nickname Caro' }).waitFor();
    await page.getByRole('button', { name: 'Close details' }).click();
    await page.locator('[data-part=details]').waitFor({ state: 'detached' });
    await page.getByRole('main').getByRole('heading', { name: 'Caro', exact: true }).waitFor();
    await page.getByText(`@${carol!.username}`).waitFor();

    await alice!.open(bob!.username);
    await choose(alice!, 'Mute');
    await alice!.confirm('For a week');
    await choose(alice!, 'Mark as unread');
    await alice!.conversation(bob!.username).getByText('Marked as unread').waitFor();
    await alice!.conversation(bob!.username).getByText('Muted').waitFor();
    await alice!.leave();
    await alice!.enter();
    await lists(alice!, 'Caro', bob!.username);
    await alice!.conversation(bob!.username).getByText('Muted').waitFor();
    await alice!.open(bob!.username);
    await alice!.conversation(bob!.username).getByText('Marked as unread').waitFor({ state: 'detached' });
    await choose(alice!, 'Unmute');
    await alice!.conversation(bob!.username).getByText('Muted').waitFor({ state: 'detached' });

    await choose(alice!, 'Archive');
    await lists(alice!, 'Caro');
    const [dora] = await stage().people('dora');
    await alice!.add(dora!.username);
    await lists(alice!, 'Caro', dora!.username);
    // Keys pass over what is not shown.
    const links = alice!.page().getByRole('navigation', { name: 'Conversations' }).getByRole('link');
    await links.first().focus();
    await alice!.page().keyboard.press('End');
    await links.last().and(alice!.page().locator(':focus')).waitFor();
    await alice!.page().getByText('Archived (1)').click();
    await lists(alice!, 'Caro', dora!.username, bob!.username);
    await bob!.open(alice!.username);
    await bob!.write('are you there?');
    await alice!.page().getByText('Archived (1)').waitFor({ state: 'detached' });
    await lists(alice!, 'Caro', bob!.username, dora!.username);
    await alice!.open('Caro');
    const tab = alice!.page();
    await tab.getByRole('main').getByRole('heading', { name: 'Caro' }).click();
    await tab.getByRole('button', { name: /^Nickname/ }).click();
    await tab.getByRole('textbox', { name: 'Nickname' }).fill(' ');
    await tab.getByRole('button', { name: 'Save' }).click();
    await tab.getByRole('main').getByRole('heading', { name: carol!.username, exact: true }).waitFor();
  });
});

describe('profiles', () => {
  it('are seen by those who are let in, not by strangers, and change at any time', async () => {
    const [alice, bob, carol] = await stage().people('alice', 'bob', 'carol');
    await alice!.add(bob!.username);
    await alice!.write('hello');
    await bob!.open(alice!.username);
    await bob!.accept();
    await carol!.add(alice!.username);
    await carol!.write('let me in');
    await alice!.conversation(carol!.username).waitFor();

    await alice!.enter('/#/settings/account');
    const page = alice!.page();
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Change profile' }).click();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('  Alice Liddell ');
    const nothing = {
      name: 'me.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('<svg onload="alert(1)">'),
    };
    await dialog.locator('input[type=file]').setInputFiles(nothing);
    await dialog.getByText('no picture that can be shown').waitFor();
    const picture = { name: 'me.jpg', mimeType: 'image/jpeg', buffer: await photo(alice!, 1200, 900) };
    await dialog.locator('input[type=file]').setInputFiles(picture);
    await dialog.getByRole('button', { name: 'Remove the picture' }).waitFor();
    await alice!.confirm('Save');
    await page.getByText('Alice Liddell', { exact: true }).waitFor();

    // Whoever has been let in sees both; the username stays in sight.
    await bob!.conversation('Alice Liddell').waitFor();
    await bob!
      .page()
      .getByRole('main')
      .getByRole('heading', { name: 'Alice Liddell', exact: true })
      .waitFor();
    await bob!.page().getByText(`@${alice!.username}`).waitFor();
    const face = bob!.conversation('Alice Liddell').locator('img');
    const widthOf = (image: object): number => (image as { readonly naturalWidth: number }).naturalWidth;
    await waitFor('the picture to be drawn', async () => (await face.evaluate(widthOf)) === 320);
    // It was drawn anew: what the camera wrote into it is gone.
    const [kept] = await bob!.rows('profiles');
    expect(Buffer.from(kept!.value.picture!, 'base64').includes('GPS')).toBe(false);
    await carol!.open(alice!.username);
    await alice!.open(carol!.username);
    expect(await carol!.conversation(alice!.username).locator('img').count()).toBe(0);
    await alice!.accept();
    await carol!.conversation('Alice Liddell').locator('img').waitFor();

    // What is not touched stays.
    await alice!.enter('/#/settings/account');
    await alice!.page().getByRole('button', { name: 'Change profile' }).click();
    await alice!.page().getByRole('dialog').getByRole('button', { name: 'Remove the picture' }).waitFor();
    await alice!.confirm('Save');
    await alice!.page().getByRole('dialog').waitFor({ state: 'detached' });
    const [own] = await alice!.rows('ownProfile');
    expect(own!.value.name).toBe('Alice Liddell');

    await bob!.leave();
    await alice!.page().getByRole('button', { name: 'Change profile' }).click();
    await alice!.page().getByRole('dialog').getByRole('button', { name: 'Remove the picture' }).click();
    await alice!.page().getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Al');
    await alice!.confirm('Save');
    await carol!.conversation('Al').waitFor();
    expect(await carol!.conversation('Al').locator('img').count()).toBe(0);
    await bob!.enter();
    await bob!.conversation('Al').waitFor();
    expect(await bob!.conversation('Al').locator('img').count()).toBe(0);
  });
});

describe('several messages', () => {
  const bar = (person: BrowserPerson): Locator => person.page().locator('[data-part=selection]');
  const press = (person: BrowserPerson, name: string): Promise<void> =>
    bar(person).getByRole('button', { name, exact: true }).click();
  const counts = (person: BrowserPerson, count: number): Promise<void> =>
    bar(person)
      .getByRole('heading', { name: `${count} selected`, exact: true })
      .waitFor();

  it('are selected by keys and pressing them, copied, starred, forwarded, and deleted', async () => {
    const [alice, bob, carol] = await stage().friends('alice', 'bob', 'carol');
    const page = alice!.page();
    await alice!.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await alice!.open(bob!.username);
    for (const text of ['one', 'two', 'three']) await alice!.write(text);
    await bob!.open(alice!.username);
    await carol!.open(alice!.username);
    await bob!.sees('three');
    await bob!.write('his');
    await alice!.sees('his');
    const box = (text: string): Locator => alice!.message(text).getByRole('checkbox');

    await alice!.act('two', 'Select');
    await counts(alice!, 1);
    await box('two').and(page.locator(':focus')).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    await page.keyboard.press('Space');
    await counts(alice!, 2);
    await alice!.message('one').click();
    await counts(alice!, 3);
    expect(await box('one').isChecked()).toBe(true);
    await alice!.message('one').click();
    await counts(alice!, 2);
    await press(alice!, 'Copy');
    await bar(alice!).waitFor({ state: 'detached' });
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied.split('\n').map((line) => line.replace(/^\[[^\]]+\] /, ''))).toEqual([
      `${alice!.username}: two`,
      `${bob!.username}: his`,
    ]);

    // Nobody is left in it, and a draft stays.
    await alice!.composer().fill('half a thou');
    await alice!.act('two', 'Select');
    await counts(alice!, 1);
    await page.keyboard.press('Escape');
    await bar(alice!).waitFor({ state: 'detached' });
    expect(await alice!.composer().inputValue()).toBe('half a thou');

    await alice!.act('one', 'Select');
    await box('his').check({ force: true });
    await press(alice!, 'Star');
    await bar(alice!).waitFor({ state: 'detached' });
    for (const text of ['one', 'his']) await alice!.message(text).getByLabel('Starred').waitFor();

    await alice!.act('three', 'Select');
    await alice!.message('one').click();
    await press(alice!, 'Forward');
    await page.getByRole('dialog').getByRole('option', { name: carol!.username }).click();
    await carol!.sees('three');
    expect((await carol!.texts()).slice(-2)).toEqual(['one', 'three']);

    await alice!.open(bob!.username);
    await alice!.act('his', 'Select');
    await alice!.message('three').click();
    await press(alice!, 'Delete');
    const dialog = page.getByRole('dialog', { name: 'Delete 2 messages?' });
    await dialog.waitFor();
    expect(await dialog.getByRole('button', { name: 'Delete for everyone' }).count()).toBe(0);
    await alice!.confirm('Delete for me');
    await bar(alice!).waitFor({ state: 'detached' });
    await alice!.message('three').waitFor({ state: 'detached' });
    await alice!.act('one', 'Select');
    await alice!.message('two').click();
    await press(alice!, 'Delete');
    await alice!.confirm('Delete for everyone');
    await bar(alice!).waitFor({ state: 'detached' });
    await waitFor('them to be gone', async () => {
      const texts = await bob!.texts();
      return !texts.includes('one') && !texts.includes('two');
    });
    expect((await bob!.texts()).slice(-2)).toEqual(['three', 'his']);
    expect(await alice!.texts()).not.toContain('his');
  });

  it('leave the selection when their author takes them back', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.write('oops');
    await alice!.sees('oops');
    await alice!.act('oops', 'Select');
    await counts(alice!, 1);
    await bob!.act('oops', 'Delete for everyone');
    await bob!.confirm('Delete for everyone');
    await counts(alice!, 0);
    expect(await bar(alice!).getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
  });
});

describe('by keys and the mouse', () => {
  it('people go to a conversation, which names the tab', async () => {
    const [alice, bob, carol] = await stage().people('alice', 'bob', 'carol');
    await alice!.add(bob!.username);
    await alice!.add(carol!.username);
    const page = alice!.page();
    const isAt = (name: string): Promise<unknown> =>
      waitFor(`${name} in the title`, async () => (await page.title()) === `${name} – Restante`);
    await isAt(carol!.username);
    await alice!.composer().press('Control+k');
    await page.getByRole('combobox').fill('BOB');
    await page.getByRole('option', { name: bob!.username, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await isAt(bob!.username);
    await alice!.composer().fill('?');
    await alice!.write('?');
    await alice!.sent('?', 'accepted', 'delivered');
    await page.keyboard.press('Alt+ArrowDown');
    await isAt(carol!.username);
    await page.keyboard.press('Alt+ArrowUp');
    await isAt(bob!.username);
    await page.getByRole('log').focus();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await list.getByText('Go to a conversation').waitFor();
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });
  });

  it('a message has a menu where it is clicked, within its pane', async () => {
    const [, bob] = await stage().friends('alice', 'bob');
    const page = bob!.page();
    const main = (await page.getByRole('main').boundingBox())!;
    const menu = page.getByRole('menu');
    const message = bob!.message(GREETING);
    const closed = async (): Promise<void> => {
      await page.keyboard.press('Escape');
      await menu.waitFor({ state: 'detached' });
    };
    await page.setViewportSize({ width: 900, height: 420 });
    for (const x of [2, 200, 550]) {
      await message.click({ button: 'right', position: { x, y: 12 } });
      await menu.waitFor();
      const box = (await menu.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(main.x);
      expect(box.x + box.width).toBeLessThanOrEqual(900);
      expect(box.y + box.height).toBeLessThanOrEqual(420);
      await closed();
    }
    await message.getByRole('button', { name: 'Message actions' }).focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Reply' }).waitFor();
    await closed();
  });
});

describe('a message', () => {
  it('can be answered, and the answer leads to it', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.write('tea or coffee?');
    await bob!.sees('tea or coffee?');
    await bob!.act('tea or coffee?', 'Reply');
    await bob!.write('coffee');
    for (const person of [alice!, bob!]) {
      await person.sees('coffee');
      await person.message('coffee').getByText('tea or coffee?').waitFor();
    }
  });

  it('gets reactions, which can be taken back', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.message('hello').hover();
    await bob!.message('hello').getByRole('button', { name: 'React' }).click();
    await bob!.page().getByRole('button', { name: '👍' }).click();
    const reaction = alice!.message('hello').getByRole('button', { name: '👍' });
    await reaction.waitFor();
    await bob!.message('hello').getByRole('button', { name: /^👍/ }).click();
    await reaction.waitFor({ state: 'detached' });
  });

  it('can be edited, from its menu and by keys; the other side sees what it said before', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const [atAlice, atBob] = [alice!.page(), bob!.page()];
    const editor = atAlice.getByRole('textbox', { name: 'Edit message', exact: true });
    const hasFocus = (): Promise<void> => editor.and(atAlice.locator(':focus')).waitFor();
    await alice!.write('tea at fvie?');
    await bob!.sees('tea at fvie?');
    await bob!.act('tea at fvie?', 'Reply');
    await bob!.write('what?');
    await alice!.sees('what?');
    await alice!.composer().fill('a draft');

    await alice!.act('tea at fvie?', 'Edit');
    await hasFocus();
    expect(await editor.inputValue()).toBe('tea at fvie?');
    await editor.press('Escape');
    await waitFor('the draft', async () => (await alice!.composer().inputValue()) === 'a draft');
    await alice!.act('tea at fvie?', 'Edit');
    await hasFocus();
    await editor.fill('tea at five?');
    await editor.press('Enter');
    await waitFor('the draft', async () => (await alice!.composer().inputValue()) === 'a draft');
    await alice!.composer().fill('');
    await alice!.composer().press('ArrowUp');
    await hasFocus();
    await editor.press('End');
    await editor.pressSequentially(' or six?');
    await atAlice.getByRole('button', { name: 'Save' }).click();
    for (const person of [alice!, bob!]) {
      await person.sees('tea at five? or six?');
      await person.message('what?').getByText('tea at five? or six?').waitFor();
    }
    await alice!.composer().waitFor();

    await bob!.message('tea at five? or six?').getByRole('button', { name: 'edited' }).click();
    const said = atBob.getByRole('dialog', { name: 'What it said before' });
    await said.waitFor();
    expect(await said.locator('[data-part=text]').allInnerTexts()).toEqual(['tea at fvie?', 'tea at five?']);
    await atBob.keyboard.press('Escape');
    await said.waitFor({ state: 'detached' });
    await atBob.locator('[data-part=edited]:focus').waitFor();
    expect(await bob!.message(GREETING).getByRole('button', { name: 'edited' }).count()).toBe(0);
    await bob!.message('what?').hover();
    await bob!.message('what?').getByRole('button', { name: 'Message actions' }).click();
    await atBob.getByRole('menuitem', { name: 'Edit', exact: true }).waitFor();
    await atBob.keyboard.press('Escape');
    await bob!.message('tea at five? or six?').hover();
    await bob!.message('tea at five? or six?').getByRole('button', { name: 'Message actions' }).click();
    await atBob.getByRole('menuitem', { name: 'Reply' }).waitFor();
    expect(await atBob.getByRole('menuitem', { name: 'Edit', exact: true }).count()).toBe(0);
    await atBob.keyboard.press('Escape');
    await bob!.page().reload();
    await bob!.sees('tea at five? or six?');
    expect(await bob!.texts()).toEqual([GREETING, 'tea at five? or six?', 'what?']);
  });

  it('is starred, found again from two places, and leaves with its star', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const page = alice!.page();
    await alice!.write('the key is under the mat');
    await bob!.write('thanks');
    await alice!.sees('thanks');
    await alice!.act('the key is under the mat', 'Star');
    await alice!.message('the key is under the mat').getByLabel('Starred').waitFor();
    await alice!.act('thanks', 'Star');
    await alice!.message('thanks').getByLabel('Starred').waitFor();
    await page.reload();
    await alice!.message('thanks').getByLabel('Starred').waitFor();

    await page.getByRole('link', { name: 'Starred messages' }).click();
    const listed = page.getByRole('main').getByRole('listitem');
    await listed.filter({ hasText: 'thanks' }).getByRole('button', { name: 'Take the star away' }).click();
    await listed.filter({ hasText: 'thanks' }).waitFor({ state: 'detached' });
    await listed.getByRole('link', { name: /under the mat/ }).click();
    await alice!.message('the key is under the mat').and(page.locator(':focus')).waitFor();
    expect(await alice!.message('thanks').getByLabel('Starred').count()).toBe(0);

    await page.locator('#conversation-name').click();
    await page.locator('[data-part=details]').getByRole('link', { name: 'Starred messages' }).click();
    await page.getByRole('heading', { name: `Starred messages with ${bob!.username}` }).waitFor();
    await listed.filter({ hasText: 'under the mat' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Close details' }).click();
    await alice!.act('the key is under the mat', 'Delete for everyone');
    await alice!.confirm('Delete for everyone');
    await page.getByRole('link', { name: 'Starred messages' }).click();
    await page.getByText('Nothing is starred here.').waitFor();
    expect(await bob!.rows('stars')).toEqual([]);
  });

  it('can be deleted for everyone, and for oneself', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.write('oops');
    await bob!.sees('oops');
    await alice!.act('oops', 'Delete for everyone');
    await alice!.confirm('Delete for everyone');
    for (const person of [alice!, bob!]) {
      await person.page().getByText('This message was deleted').first().waitFor();
      expect(await person.texts()).not.toContain('oops');
    }
    await bob!.act('hello', 'Delete for me');
    await bob!.message('hello').waitFor({ state: 'detached' });
    expect(await alice!.texts()).toContain('hello');
    await bob!.page().reload();
    await bob!.page().getByText('This message was deleted').first().waitFor();
    expect(await bob!.texts()).not.toContain('hello');
  });

  it('is shown as its marks mean it, and stays as it was typed', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const text =
      '*bold* and snake_case, _see https://x.example/a_b_c_\n- ~one~\n- `two`\n\n7. seven\n> so\n> it is\n```\na *b*\n```\n<b>end</b>';
    await alice!.write(text);
    await bob!.sees(text);
    const shown = bob!.message(text).locator('[data-part=text]');
    await shown.getByRole('link').waitFor();
    expect((await shown.ariaSnapshot()).split('\n')).toEqual([
      '- strong: bold',
      '- text: and snake_case,',
      '- emphasis:',
      '  - text: see',
      '  - link "https://x.example/a_b_c":',
      '    - /url: https://x.example/a_b_c',
      '- list:',
      '  - listitem:',
      '    - deletion: one',
      '  - listitem:',
      '    - code: two',
      '- list:',
      '  - listitem: seven',
      '- blockquote: so it is',
      '- code: a *b*',
      '- text: <b>end</b>',
    ]);
    expect(await shown.getByRole('listitem').last().getAttribute('value')).toBe('7');
    await shown.selectText();
    expect(await bob!.page().evaluate('getSelection().toString()')).toBe(text);
  });

  it('is found by its words, whatever their case and accents', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.write('Wir treffen uns im Café Größenwahn');
    await alice!.write('or not');
    await bob!.sees('or not');
    const page = bob!.page();
    const box = page.getByRole('searchbox', { name: 'Search' });
    await box.fill('cafe TREFFEN');
    await page.getByText('1 message found').waitFor();
    // From the field to what was found, and back to the whole list, by keys.
    await box.press('ArrowDown');
    await page.keyboard.press('Enter');
    await bob!.sees('Wir treffen uns im Café Größenwahn');
    await box.fill(alice!.username.slice(1).toUpperCase());
    await page.getByRole('heading', { name: 'Conversations' }).waitFor();
    await page.getByText('No messages found.').waitFor();
    await box.press('ArrowDown');
    await page.keyboard.press('Enter');
    await bob!.sees('or not');
    await box.press('Escape');
    expect(await box.inputValue()).toBe('');
    await page.getByText('No messages found.').waitFor({ state: 'detached' });
  });

  it('that is deleted leaves no text behind, seen or not', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const announced = bob!.page().locator('[aria-live=polite]').getByText('the secret');
    await alice!.write('the secret');
    await announced.waitFor({ state: 'attached' });
    await alice!.act('the secret', 'Delete for everyone');
    await alice!.confirm('Delete for everyone');
    await bob!.page().getByText('This message was deleted').first().waitFor();
    await announced.waitFor({ state: 'detached' });
    // The list is told of it right after the conversation.
    await waitFor(
      'nothing of it on the page',
      async () => !(await bob!.page().content()).includes('the secret'),
    );
  });

  it('of which nothing is seen is not sent', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const send = alice!.page().getByRole('button', { name: 'Send' });
    await alice!.write('\u200B\u2060 \u3164');
    expect(await send.isDisabled()).toBe(true);
    await alice!.write('seen');
    await bob!.sees('seen');
    expect(await bob!.texts()).toEqual([GREETING, 'seen']);
  });

  it('that is not sent yet stays as a draft', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.composer().fill('half a thou');
    await alice!.page().goto('/#/');
    await alice!.conversation(bob!.username).getByText('half a thou').waitFor();
    await alice!.page().reload();
    await alice!.open(bob!.username);
    await waitFor('the draft', async () => (await alice!.composer().inputValue()) === 'half a thou');
    for (const letters of ['ght', ' and', ' more']) {
      await alice!.composer().press('End');
      await alice!.composer().pressSequentially(letters);
      await alice!.page().reload();
      await alice!.composer().waitFor();
    }
    expect(await alice!.composer().inputValue()).toBe('half a thought and more');
  });
});
