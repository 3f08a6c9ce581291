import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conversationWith, createMessenger, named, type Messenger, type Vault } from '@restante/client';
import { libsignalRatchet, openSqliteVault, sqliteVault } from '@restante/client/node';
import { VERSIONS } from '@restante/protocol';
import { startCluster, type Cluster } from '@restante/scripts/cluster';
import { waitFor } from '@restante/testkit';
import { launchProfile } from '@restante/testkit/browser';
import { clockShift, TEST_PACE } from '@restante/testkit/cluster';
import { messengerPage, probeScript } from '@restante/testkit/messenger';
import { buildWebClient } from '@restante/web-client/build';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as story from './baseline/story.ts';
import { argumentsFor, wayTo } from './baseline/way-to-cluster.ts';

/**
 * What earlier releases have left behind (law 14): their data folders are served, their vaults are opened and go on, their words are
 * understood and said. The servers' clocks show the day of the record, so that what waited then has not expired.
 */

const MONTHS_MS = 100 * 24 * 3_600_000;
const folderOf = (version: string): string => fileURLToPath(new URL(`baseline/${version}`, import.meta.url));
const releases = readdirSync(fileURLToPath(new URL('baseline', import.meta.url))).filter((name) =>
  /^\d+\.\d+\.\d+$/.test(name),
);
const linesOf = (version: string): story.Line[] =>
  readFileSync(join(folderOf(version), story.CONVERSATION), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as story.Line);
const recordOf = (version: string): story.Record =>
  JSON.parse(readFileSync(join(folderOf(version), story.RECORD), 'utf8')) as story.Record;

it('there is a record', () => expect(releases).not.toEqual([]));

describe.each(releases)('what %s has left', (release) => {
  const { at, protocol } = recordOf(release);

  it('to say is understood, and said alike', () => {
    const dialect = VERSIONS.find(({ version }) => version === protocol);
    const { upstream, downstream, bodies } = dialect!;
    for (const { by, name, frame, value } of linesOf(release)) {
      if (!frame) {
        const body = bodies.read[name as keyof typeof bodies.read].parse(value);
        expect(bodies.say(name as 'session', body as never), name).toEqual(value);
      } else if (by === 'client') expect(upstream.say(upstream.read.parse(value)), name).toEqual(value);
      else expect(downstream.say(downstream.read.parse(value)!), name).toEqual(value);
    }
  });

  describe('on disks', () => {
    let root: string;
    let cluster: Cluster;
    const open: Messenger[] = [];

    beforeAll(async () => {
      root = mkdtempSync(join(tmpdir(), 'restante-baseline-'));
      execFileSync('tar', ['-xzf', join(folderOf(release), story.ARCHIVE), '-C', root]);
      const shift = clockShift(at - Date.now());
      cluster = await startCluster({
        dataDir: join(root, 'cluster'),
        settings: { front: { MESSENGER_DIR: await buildWebClient() } },
        adapt: (_, environment) => ({ ...environment, ...shift }),
      });
    });
    afterAll(async () => {
      await Promise.all(open.map((messenger) => messenger[Symbol.asyncDispose]()));
      await cluster[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });

    /** The clock of the device has gone on for months; that of the servers counts. */
    const messengerOn = (vault: Vault): Messenger => {
      const messenger = createMessenger({
        ...{ masters: [story.ORIGIN], vault, ratchet: libsignalRatchet(), ...TEST_PACE },
        ...wayTo(cluster.front.url),
        now: () => Date.now() + MONTHS_MS,
      });
      open.push(messenger);
      return messenger;
    };
    const textsWith = async (messenger: Messenger, username: string): Promise<string[]> => {
      const found = (await messenger.conversations()).find((each) => each.username === username);
      if (found === undefined) return [];
      const messages = await messenger.messages(found.id);
      return messages
        .filter(({ kind }) => kind === 'text')
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ text }) => text);
    };
    const accountOf = async (messenger: Messenger, username: string): Promise<string> =>
      named((await messenger.conversations()).find((each) => each.username === username)!.id).accountId;
    const arrives = (messenger: Messenger, from: string, text: string): Promise<unknown> =>
      waitFor(`"${text}"`, async () => (await textsWith(messenger, from)).includes(text));

    const { anna: hers, friend: his } = story.said('bert');
    const talk = [hers[0]!, his[0]!, hers[1]!];

    it('a vault in a file has its conversations before it connects, and goes on', async () => {
      const anna = messengerOn(sqliteVault(join(root, 'anna.sqlite')));
      expect(await textsWith(anna, 'bert')).toEqual([...talk, story.waiting('bert')]);
      const bertsAccount = await accountOf(anna, 'bert');
      const conversation = (await anna.conversations()).find(({ username }) => username === 'bert');
      expect(conversation).toMatchObject({ verification: 'verified', draft: story.DRAFT });
      const [reactedTo] = (await anna.messages(conversationWith(bertsAccount))).filter(
        ({ direction }) => direction === 'in',
      );
      expect(Object.values(reactedTo!.reactions ?? {})).toMatchObject([{ emoji: story.REACTION }]);
      await anna.start();
      await waitFor('Anna to be live', () => anna.connection().name === 'live');
      expect(await anna.listing()).toBe('listed');
    });

    it('a sealed one opens with its passphrase, takes what waited, and both talk', async () => {
      const [anna] = open as [Messenger];
      const bert = messengerOn(await openSqliteVault(join(root, 'bert.sqlite'), story.PASSPHRASE));
      expect(await textsWith(bert, 'anna')).toEqual(talk);
      await bert.start();
      await arrives(bert, 'anna', story.waiting('bert'));
      expect(await textsWith(bert, 'anna')).toEqual([...talk, story.waiting('bert')]);
      await bert.sendText(await accountOf(bert, 'anna'), 'long ago');
      await arrives(anna, 'bert', 'long ago');
      await anna.sendText(await accountOf(anna, 'bert'), 'as yesterday');
      await arrives(bert, 'anna', 'as yesterday');
    });

    it.each(['cora', 'dora'] as const)(
      'that of %s in a browser too',
      { timeout: 120_000 },
      async (friend) => {
        const [anna] = open as [Messenger];
        const profileDir = join(root, `profile of ${friend}`);
        for (const part of story.PROFILE_PARTS)
          cpSync(join(root, friend, part), join(profileDir, part), { recursive: true });
        const profile = await launchProfile(profileDir, argumentsFor(cluster.front.url));
        try {
          await profile.page.context().addInitScript({ content: await probeScript() });
          await profile.page.goto(story.ORIGIN);
          if (friend === 'dora') {
            await profile.page.getByLabel('Passphrase', { exact: true }).fill(story.PASSPHRASE);
            await profile.page.getByRole('button', { name: 'Unlock' }).click();
          }
          const page = messengerPage(() => profile.page);
          await page.isConnected('live');
          await page.open('anna');
          await page.sees(story.waiting(friend));
          const { anna: said, friend: answered } = story.said(friend);
          expect(await page.texts()).toEqual([said[0], answered[0], said[1], story.waiting(friend)]);
          await page.write('long ago');
          await arrives(anna, friend, 'long ago');
          await anna.sendText(await accountOf(anna, friend), 'as yesterday');
          await page.sees('as yesterday');
        } finally {
          await profile.close();
        }
      },
    );
  });
});
