import type { MessageState } from '@restante/client';
import type { Locator, Page } from 'playwright-core';
import { TEST_PASSWORD } from '../cluster/person.ts';
import { waitFor } from '../wait-for.ts';
import type { PastedFile, Probe, ShownMessage } from './page/probe-calls.ts';

declare const probe: Probe;

/** Whether a message waits for the connection is the page's to say. */
type ShownState = MessageState | 'waiting' | 'sending';
export type ShownConnection =
  'offline' | 'connecting' | 'waiting' | 'catching-up' | 'incomplete' | 'live' | 'refused';

const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');

/** The web messenger in one tab, in the words of whoever uses it. What they look for is waited for. */
export type MessengerPage = {
  readonly page: () => Page;
  readonly signUp: (username: string) => Promise<void>;
  /** Signs in; the device waits then to be let in. */
  readonly signIn: (username: string) => Promise<void>;
  /** Lets a device in that waits, by the number that both show. */
  readonly letIn: (waiting: Pick<MessengerPage, 'page'>) => Promise<void>;
  /** Begins a new account key on a device that waits. */
  readonly beginAnew: () => Promise<void>;
  readonly isConnected: (...states: readonly ShownConnection[]) => Promise<void>;
  /** Adds a contact by the screen for it, and has the conversation open then. */
  readonly add: (username: string) => Promise<void>;
  /** The line of a conversation in the list. */
  readonly conversation: (username: string) => Locator;
  readonly open: (username: string) => Promise<void>;
  /** Accepts the open request. */
  readonly accept: () => Promise<void>;
  readonly composer: () => Locator;
  /** Writes a text in the open conversation, and sends it. */
  readonly write: (text: string) => Promise<void>;
  /** The same with a text from elsewhere. */
  readonly paste: (text: string) => Promise<void>;
  /** Pastes a file where the focus is. */
  readonly pasteFile: (file: PastedFile) => Promise<void>;
  /** The message with this text in the open conversation; the last of several. */
  readonly message: (text: string) => Locator;
  readonly sees: (text: string) => Promise<void>;
  /** Waits until the own message with this text is in one of these states. */
  readonly sent: (text: string, ...states: readonly ShownState[]) => Promise<void>;
  /** Chooses from the menu of a message. */
  readonly act: (text: string, action: string) => Promise<void>;
  /** Presses the button of a dialog, which closes then. */
  readonly confirm: (action: string) => Promise<void>;
  /** The messages of the open conversation that are in the document. */
  readonly shown: () => Promise<readonly ShownMessage[]>;
  readonly texts: (direction?: 'in' | 'out') => Promise<readonly (string | null)[]>;
  /** All messages of the open conversation from one to another, in the order in which scrolling down shows them. */
  readonly history: (first: string, last: string) => Promise<readonly ShownMessage[]>;
};

/** `current`: the tab, which may be another one after the person left and came back. */
export const messengerPage = (current: () => Page): MessengerPage => {
  const byRole = (...args: Parameters<Page['getByRole']>): Locator => current().getByRole(...args);
  const exactly = (text: string): RegExp => new RegExp(`^\\s*${escaped(text)}\\s*$`);

  const conversation = (username: string): Locator =>
    byRole('navigation', { name: 'Conversations' }).getByRole('link', {
      name: new RegExp(`^${escaped(username)}(?![\\w.-])`),
    });
  const message = (text: string): Locator =>
    byRole('log')
      .getByRole('article')
      .filter({
        has: current()
          .locator('[data-part=text]')
          .filter({ hasText: exactly(text) }),
      })
      .last();
  const composer = (): Locator => byRole('textbox', { name: 'Message', exact: true });
  const shown = (): Promise<readonly ShownMessage[]> => current().evaluate(() => probe.messages());
  const scroll = (screens: number): Promise<boolean> =>
    current().evaluate((count) => probe.scroll(count), screens);
  const inConversationWith = (username: string): Promise<void> =>
    byRole('main').getByRole('heading', { name: username, exact: true }).waitFor();
  const isHere = async (text: string): Promise<boolean> =>
    (await shown()).some((message) => message.text === text);

  const enter = async (username: string, how: 'Create account' | 'Sign in'): Promise<void> => {
    await byRole('tab', { name: how }).click();
    await byRole('textbox', { name: 'Username' }).fill(username);
    await current().getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
    await byRole('button', { name: how }).click();
  };
  const isIn = (page: Page): Promise<void> =>
    page.getByRole('navigation', { name: 'Conversations' }).waitFor();
  const digitsOf = async (within: Locator): Promise<string> => {
    const number = within.getByRole('list', { name: 'Number of the device' });
    await number.waitFor();
    return (await number.innerText()).replace(/\D/g, '');
  };

  return {
    page: current,
    signUp: async (username) => {
      await enter(username, 'Create account');
      await isIn(current());
    },
    signIn: async (username) => {
      await enter(username, 'Sign in');
      await byRole('heading', { name: 'Waiting to be let in' }).waitFor();
    },
    letIn: async (waiting) => {
      const shown = await digitsOf(waiting.page().locator('body'));
      await byRole('complementary', { name: 'Notices' }).getByRole('button', { name: 'Answer' }).click();
      const dialog = byRole('dialog');
      if ((await digitsOf(dialog)) !== shown) throw new Error('the devices show other numbers');
      await dialog.getByRole('button', { name: 'Let it in' }).click();
      await isIn(waiting.page());
    },
    beginAnew: async () => {
      await byRole('button', { name: 'None of my other devices is left' }).click();
      const dialog = byRole('dialog');
      await dialog.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
      await dialog.getByRole('button', { name: 'Begin with a new key' }).click();
      await isIn(current());
    },
    isConnected: (...states) =>
      current()
        .locator(states.map((state) => `#connection[data-state=${state}]`).join())
        .waitFor({ state: 'attached' }),
    add: async (username) => {
      await byRole('link', { name: 'Add contact' }).first().click();
      await byRole('textbox', { name: 'Username' }).fill(username);
      await byRole('button', { name: 'Add', exact: true }).click();
      await inConversationWith(username);
    },
    conversation,
    open: async (username) => {
      await conversation(username).click();
      await inConversationWith(username);
    },
    accept: async () => {
      await byRole('button', { name: 'Accept' }).click();
      await composer().waitFor();
    },
    composer,
    write: async (text) => {
      await composer().fill(text);
      await composer().press('Enter');
    },
    paste: async (text) => {
      await composer().focus();
      await current().evaluate((pasted) => probe.paste(pasted), text);
      await composer().press('Enter');
    },
    pasteFile: (file) => current().evaluate((pasted) => probe.pasteFile(pasted), file),
    message,
    sees: (text) => message(text).waitFor(),
    sent: (text, ...states) =>
      message(text)
        .and(current().locator(states.map((state) => `[data-state=${state}]`).join()))
        .waitFor(),
    act: async (text, action) => {
      await message(text).hover();
      await message(text).getByRole('button', { name: 'Message actions' }).click();
      await byRole('menuitem', { name: action, exact: true }).click();
    },
    confirm: async (action) => {
      const dialog = byRole('dialog').or(byRole('alertdialog'));
      await dialog.getByRole('button', { name: action }).click();
      await dialog.waitFor({ state: 'detached' });
    },
    shown,
    texts: async (direction) =>
      (await shown())
        .filter((message) => direction === undefined || message.direction === direction)
        .map(({ text }) => text),
    history: async (first, last) => {
      await waitFor(`"${first}" at the top`, async () => {
        if (await isHere(first)) return true;
        await scroll(-3);
        return false;
      });
      const seen = new Map<string, ShownMessage>();
      await waitFor(`"${last}" at the bottom`, async () => {
        const here = await shown();
        if (new Set(here.map(({ id }) => id)).size < here.length) throw new Error('a message is shown twice');
        for (const message of here) seen.set(message.id, message);
        const isAtEnd = !(await scroll(0.5));
        return isAtEnd && here.some(({ text }) => text === last);
      });
      return [...seen.values()];
    },
  };
};
