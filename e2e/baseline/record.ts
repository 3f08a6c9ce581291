import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  conversationWith,
  createMessenger,
  named,
  type Messenger,
  type MessengerOptions,
} from '@restante/client';
import { libsignalRatchet, openSqliteVault, sqliteVault } from '@restante/client/node';
import { PROTOCOL_VERSION } from '@restante/protocol';
import { startCluster } from '@restante/scripts/cluster';
import { waitFor } from '@restante/testkit';
import { launchProfile } from '@restante/testkit/browser';
import { messengerPage, probeScript, type MessengerPage } from '@restante/testkit/messenger';
import { TEST_PACE } from '@restante/testkit/cluster';
import { buildWebClient } from '@restante/web-client/build';
import { overheardVersion } from './overheard.ts';
import * as story from './story.ts';
import { argumentsFor, wayTo } from './way-to-cluster.ts';

/** `node e2e/baseline/record.ts <version>`: records what `baseline.test.ts` opens with every later release. */

const [, , version] = process.argv;
if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) throw new RangeError('a version, as 1.2.3');
const target = fileURLToPath(new URL(version, import.meta.url));
if (existsSync(target)) throw new RangeError(`${version} has been recorded`);

const root = mkdtempSync(join(tmpdir(), 'restante-baseline-'));
const folder = join(root, 'data');
mkdirSync(folder);
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rmSync(root, { recursive: true, force: true }));

const started = await startCluster({
  dataDir: join(folder, 'cluster'),
  settings: {
    front: { MESSENGER_DIR: await buildWebClient() },
    master: { ARGON2_MEMORY_KIB: '8', ARGON2_PASSES: '1', REGISTRATION_WORK_BITS: '4' },
  },
});
const { version: dialect, lines } = overheardVersion();

/** Ends with the record, if it has not ended before. */
const once = <T extends AsyncDisposable>(made: T): T => {
  let ending: Promise<void> | null = null;
  const end = made[Symbol.asyncDispose].bind(made);
  const kept = { ...made, [Symbol.asyncDispose]: async () => (ending ??= Promise.resolve(end())) };
  return cleanup.use(kept);
};

const cluster = once(started);
const front = cluster.front.url;

const live = async (messenger: Messenger): Promise<void> => {
  await messenger.start();
  await waitFor('it to be live', () => messenger.connection().name === 'live');
};
const open = (options: Pick<MessengerOptions, 'vault'> & Partial<MessengerOptions>): Messenger =>
  once(
    createMessenger({
      ...{ masters: [story.ORIGIN], ratchet: libsignalRatchet(), ...TEST_PACE, ...wayTo(front), ...options },
    }),
  );
const signUp = async (messenger: Messenger, username: string): Promise<void> => {
  await messenger.register({ username, password: story.PASSWORD, deviceName: 'recorded' });
  await live(messenger);
};

// Anna and Bert, whose vaults are files.
const anna = open({ vault: sqliteVault(join(folder, 'anna.sqlite')), versions: [dialect] });
await signUp(anna, 'anna');
const bert = open({ vault: await openSqliteVault(join(folder, 'bert.sqlite'), story.PASSPHRASE) });
await signUp(bert, 'bert');

// Cora and Dora, in browsers.
const profiles = await Promise.all(
  (['cora', 'dora'] as const).map(async (name) => {
    const profileDir = join(root, name);
    const profile = await launchProfile(profileDir, argumentsFor(front));
    await profile.page.context().addInitScript({ content: await probeScript() });
    await profile.page.goto(story.ORIGIN);
    const page = messengerPage(() => profile.page);
    await page.signUp(name);
    await page.isConnected('live');
    return { name, profileDir, profile, page };
  }),
);

const accountOf = async (messenger: Messenger, username: string): Promise<string> =>
  named((await messenger.addContact(username)).id).accountId;
const seesText = (messenger: Messenger, other: string, text: string): Promise<unknown> =>
  waitFor(`"${text}"`, async () =>
    (await messenger.messages(conversationWith(other))).find((message) => message.text === text),
  );
const sendAccepted = async (to: string, text: string): Promise<void> => {
  const { id, conversation } = await anna.sendText(to, text);
  await waitFor(`"${text}" to be accepted`, async () =>
    (await anna.messages(conversation)).some((message) => message.id === id && message.copies !== undefined),
  );
};
const answers = async (friend: story.Friend, page: MessengerPage | null): Promise<void> => {
  const [hello = '', question = ''] = story.said(friend).anna;
  const [answer = ''] = story.said(friend).friend;
  const account = await accountOf(anna, friend);
  await sendAccepted(account, hello);
  if (page === null) {
    const annaId = (await anna.self())?.accountId ?? '';
    await seesText(bert, annaId, hello);
    await bert.setStanding(annaId, 'accepted');
    await bert.sendText(annaId, answer);
  } else {
    await page.open('anna');
    await page.accept();
    await page.sees(hello);
    await page.write(answer);
  }
  await seesText(anna, account, answer);
  await sendAccepted(account, question);
  if (page === null) await seesText(bert, (await anna.self())?.accountId ?? '', question);
  else await page.sees(question);
};
await answers('bert', null);
for (const { name, page } of profiles) await answers(name, page);

const bertsAccount = await accountOf(anna, 'bert');
await anna.setVerified(bertsAccount, true);
await anna.setDraft(conversationWith(bertsAccount), story.DRAFT);
const [reactedTo] = (await anna.messages(conversationWith(bertsAccount))).filter(
  ({ direction }) => direction === 'in',
);
if (reactedTo === undefined) throw new Error('Bert has said nothing');
await anna.react(conversationWith(bertsAccount), { author: bertsAccount, id: reactedTo.id }, story.REACTION);
// A device that has come and gone is on the list of those that have left.
const second = open({ vault: sqliteVault(join(root, 'second.sqlite')) });
await second.login({ username: 'anna', password: story.PASSWORD, deviceName: 'for a while' });
await second.start();
const waits = await waitFor('the second device to wait', async () => (await anna.waitingDevices())[0]);
await anna.letDeviceIn(waits);
await waitFor('it to be let in', async () => (await second.listing()) === 'listed');
await second.signOut();

const dora = profiles.find(({ name }) => name === 'dora')?.profile.page;
if (dora === undefined) throw new Error('Dora is not there');
await dora.getByRole('link', { name: 'Settings' }).click();
await dora.getByRole('link', { name: 'Privacy' }).click();
await dora.getByRole('button', { name: 'Set a passphrase' }).click();
for (const label of ['New passphrase', 'New passphrase again'])
  await dora.getByLabel(label, { exact: true }).fill(story.PASSPHRASE);
await dora.getByRole('dialog').getByRole('button', { name: 'Set a passphrase' }).click();
await dora.getByRole('button', { name: 'Lock now' }).waitFor();

// Everybody leaves, and Anna writes once more.
await bert[Symbol.asyncDispose]();
for (const { name, profile, profileDir } of profiles) {
  await profile.page.goto('about:blank');
  await profile.close();
  for (const part of story.PROFILE_PARTS)
    cpSync(join(profileDir, part), join(folder, name, part), { recursive: true });
}
for (const friend of story.FRIENDS) await sendAccepted(await accountOf(anna, friend), story.waiting(friend));
await anna[Symbol.asyncDispose]();
await cluster[Symbol.asyncDispose]();

for (const left of ['logs', 'lock']) rmSync(join(folder, 'cluster', left), { recursive: true, force: true });
mkdirSync(target);
// What the databases log says where they were.
const without = ['LOG', 'LOG.old', 'LOCK'].map((name) => `--exclude=${name}`);
execFileSync('tar', [...without, '-czf', join(target, story.ARCHIVE), '-C', folder, '.']);
writeFileSync(join(target, story.CONVERSATION), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
const record: story.Record = { at: Date.now(), protocol: PROTOCOL_VERSION };
writeFileSync(join(target, story.RECORD), `${JSON.stringify(record)}\n`);
