import { NETWORK_FAILURES } from '@restante/testkit/messenger';
import { PROTOCOL_VERSION, subprotocol, tokenSubprotocol } from '@restante/protocol';
import { TEST_PASSWORD } from '@restante/testkit/cluster';
import { describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** One person in several tabs and on several devices; signing out; the end of an account. */

const stage = stageOfFile();

describe('two tabs of one person', () => {
  it('show the same, and the other one goes on when the leading one is closed', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const first = alice!.page();
    const second = await alice!.enter();
    await second.open(bob!.username);
    await second.write('from the second');
    await bob!.write('to both');
    const texts = ['hello', 'from the second', 'to both'];
    for (const tab of [first, second.page()]) {
      await tab.getByRole('log').getByText('to both').waitFor();
    }
    expect(await second.texts()).toEqual(texts);

    await first.close();
    await second.write('still here');
    await second.sent('still here', 'read');
    await bob!.write('good');
    await second.sees('good');
    expect(await second.texts()).toEqual([...texts, 'still here', 'good']);
    expect(await bob!.texts()).toEqual([...texts, 'still here', 'good']);
  });

  it('what is read in one is read in the other', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.leave();
    const first = await alice!.enter();
    const second = await alice!.enter();
    await bob!.write('news');
    for (const tab of [first, second]) {
      await tab.conversation(bob!.username).getByText('1 unread').waitFor();
    }
    await second.open(bob!.username);
    await first.conversation(bob!.username).getByText('1 unread').waitFor({ state: 'detached' });
    await bob!.sent('news', 'read');
  });
});

it('who makes an account is asked for an invite code where one is taken, and a link brings it along', async () => {
  const newcomer = await stage().browserPerson('newcomer');
  newcomer.complaints.expect(...NETWORK_FAILURES);
  const CODE = '0123456789ABCDEFGHJKMNPQRS';
  const given: unknown[] = [];
  // As a master with REGISTRATION=invite answers; what has a code goes to one that does not ask for it.
  await newcomer.context.route('**/api/accounts', async (route) => {
    const { invite } = route.request().postDataJSON() as { invite?: string };
    given.push(invite);
    if (invite !== undefined) return route.continue();
    const body = JSON.stringify({ code: 'invite-needed', message: 'an account takes an invite code' });
    return route.fulfill({ status: 403, contentType: 'application/json', body });
  });
  await newcomer.enter();
  const page = newcomer.page();
  const create = page.getByRole('button', { name: 'Create account' });
  await page.getByRole('textbox', { name: 'Username' }).fill(newcomer.username);
  await page.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
  await create.click();
  await page.getByText('Accounts are made here by invitation. Enter your invite code.').waitFor();
  await page.getByRole('textbox', { name: 'Invite code' }).fill('a code');
  await create.click();
  await page.getByText('An invite code has 26 letters and digits.').waitFor();

  await page.goto('about:blank');
  await page.goto(`/#/invite/${CODE.toLowerCase()}`);
  await page.getByRole('textbox', { name: 'Username' }).fill(newcomer.username);
  await page.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
  await create.click();
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
  expect(given).toEqual([undefined, CODE, CODE]);
});

it('a device that another browser took over is taken back by "Try again"', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  const page = alice!.page();
  const [tokens] = await alice!.rows('tokens');
  // As a copy of the profile in another browser does.
  const other = new WebSocket(new URL('/ws', alice!.network.url), [
    subprotocol(PROTOCOL_VERSION),
    tokenSubprotocol(tokens!.value.masterToken),
  ]);
  const ended = new Promise((resolve) => other.addEventListener('close', resolve));
  await alice!.isConnected('refused');
  await page.locator('#connection').getByText('in use in another window').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await alice!.isConnected('live');
  await ended;
  await bob!.write('still you?');
  await alice!.sees('still you?');
});

it('who has no account does without the ratchet, and without a connection for it is told to try again', async () => {
  const alice = await stage().browserPerson('alice', { serviceWorkers: 'block' });
  alice.complaints.expect(...NETWORK_FAILURES);
  let asked = 0;
  const code = /\/assets\/signal-[^/]*\.js$/;
  await alice.context.route(code, (route) => {
    asked += 1;
    return route.abort();
  });
  const page = (await alice.enter()).page();
  await page.getByRole('tab', { name: 'Create account' }).waitFor();
  await page.waitForLoadState('networkidle');
  expect(asked).toBe(0);

  await page.getByLabel('Username').fill(alice.username);
  await page.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('No server answers.').waitFor();
  expect(asked).toBe(1);
  await alice.context.unroute(code);
  await page.getByRole('button', { name: 'Create account' }).click();
  await alice.isConnected('live');
});

it('a part that cannot be loaded says so, and is there, with its styles, when it is tried again', async () => {
  const alice = await stage().browserPerson('alice', { serviceWorkers: 'block' });
  alice.complaints.expect(...NETWORK_FAILURES);
  const page = (await alice.enter()).page();
  await alice.signUp(alice.username);
  const code = /\/assets\/SettingsScreen-[^/]*\.(?:js|css)$/;
  await alice.context.route(code, (route) => route.abort());
  await page.getByRole('link', { name: 'Settings' }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'could not be loaded' });
  await notice.waitFor();
  await alice.context.unroute(code);
  await notice.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  const lacksStyles =
    "[...document.querySelectorAll('link[rel=stylesheet]')].some(({ sheet }) => sheet === null)";
  expect(await page.evaluate(lacksStyles)).toBe(false);
});

describe('a second device', () => {
  it('gets what comes and what is written on the first, and can be removed', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const laptop = await stage().browserPerson('laptop');
    await laptop.enter();
    await laptop.signIn(alice!.username);
    await laptop.isConnected('live');
    const notices = alice!.page().getByRole('complementary', { name: 'Notices' });
    await notices.getByText('A new device wants in').waitFor();
    await alice!.letIn(laptop);
    await notices.getByText('A new device wants in').waitFor({ state: 'detached' });
    await bob!.write('on both?');
    await alice!.sees('on both?');
    await laptop.open(bob!.username);
    await laptop.sees('on both?');
    await alice!.write('yes');
    await laptop.sees('yes');
    await laptop.write('from the laptop');
    for (const person of [alice!, bob!]) await person.sees('from the laptop');

    laptop.complaints.expect(...NETWORK_FAILURES);
    const settings = await alice!.enter('/#/settings/devices');
    const page = settings.page();
    await page.getByText('This device').first().waitFor();
    await page
      .getByRole('button', { name: /^Remove/ })
      .first()
      .click();
    await settings.confirm('Remove');
    await laptop.isConnected('refused');
  });
});

it('a device that is not the owner’s is refused, and the password changed; what somebody has taken over is taken back', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  const thief = await stage().browserPerson('thief');
  for (const { complaints } of [alice!, thief]) complaints.expect(...NETWORK_FAILURES);
  await thief.enter();
  await thief.signIn(alice!.username);
  const page = alice!.page();
  await page.getByRole('complementary', { name: 'Notices' }).getByRole('button', { name: 'Answer' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'No, and change my password' }).click();
  await page.getByRole('button', { name: 'Change password' }).waitFor();
  await thief.isConnected('refused');

  const other = await stage().browserPerson('other');
  other.complaints.expect(...NETWORK_FAILURES);
  await other.enter();
  await other.signIn(alice!.username);
  await other.beginAnew();
  await page.getByText('begun a new key for your account').waitFor();
  await other.add(bob!.username);
  await other.write('send money');
  await bob!
    .page()
    .getByRole('log')
    .getByText(`${alice!.username}’s safety number has changed.`)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Take my account back' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
  await dialog.getByRole('button', { name: 'Take my account back' }).click();
  await page.getByText('begun a new key for your account').waitFor({ state: 'detached' });
  await alice!.open(bob!.username);
  await alice!.write('that was not me');
  await bob!.sees('that was not me');
});

it('a change of the password asks for the old one, and removes the other devices if that is wanted', async () => {
  const [alice] = await stage().people('alice');
  const laptop = await stage().browserPerson('laptop');
  await laptop.enter();
  await laptop.signIn(alice!.username);
  await laptop.isConnected('live');
  for (const { complaints } of [alice!, laptop]) complaints.expect(...NETWORK_FAILURES);
  await alice!.enter('/#/settings/account');
  const page = alice!.page();
  await page.getByRole('button', { name: 'Change password' }).click();
  const dialog = page.getByRole('dialog');
  const change = async (old: string, next: string): Promise<void> => {
    await dialog.getByLabel('Password until now', { exact: true }).fill(old);
    await dialog.getByLabel('New password', { exact: true }).fill(next);
    await dialog.getByRole('button', { name: 'Change password' }).click();
  };
  await change(TEST_PASSWORD, 'Passwort123!');
  await dialog.getByText('Choose another one').waitFor();
  await change('not the password', 'another horse entirely');
  await dialog.getByText('The password is wrong.').waitFor();
  await dialog.getByRole('switch', { name: 'Remove my other devices' }).check();
  await change(TEST_PASSWORD, 'another horse entirely');
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Your password has been changed.').waitFor();
  await laptop.isConnected('refused');
  await alice!.isConnected('live');
});

it('signing out leaves nothing on the device, and nobody writes to it any more', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  await alice!.page().getByRole('button', { name: 'Emoji', exact: true }).click();
  await alice!.page().getByRole('gridcell').first().click();
  const remembered = async (): Promise<string[]> =>
    (await alice!.context.storageState()).origins.flatMap(({ localStorage }) =>
      localStorage.map(({ name }) => name),
    );
  expect(await remembered()).toContain('recent-emojis');
  await alice!.enter('/#/settings/account');
  const page = alice!.page();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await alice!.confirm('Sign out');
  await page.getByRole('tab', { name: 'Sign in' }).waitFor();
  for (const table of ['self', 'messages', 'sessions'] as const) expect(await alice!.rows(table)).toEqual([]);
  expect(await remembered()).toEqual([]);
  await bob!.write('into the void');
  await stage().cluster.empty(alice);
  await alice!.signIn(alice!.username);
  await alice!.beginAnew();
  await alice!.isConnected('live');
  await bob!.write('and now?');
  await alice!.open(bob!.username);
  await alice!.sees('and now?');
});

it('deleting the account frees the device, and others are told that nobody is there', async () => {
  const [alice, bob] = await stage().friends('alice', 'bob');
  bob!.complaints.expect(...NETWORK_FAILURES);
  await alice!.enter('/#/settings/account');
  const page = alice!.page();
  await page.getByRole('button', { name: 'Delete account' }).click();
  await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(TEST_PASSWORD);
  await alice!.confirm('Delete account');
  await page.getByRole('tab', { name: 'Create account' }).waitFor();
  expect(await alice!.rows('self')).toEqual([]);
  await bob!.write('hello?');
  await bob!.sent('hello?', 'failed');
});
