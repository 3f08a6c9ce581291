import { randomBytes, randomUUID } from 'node:crypto';
import { conversationWith } from '@restante/client';
import { mintMessageId, type Send } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import {
  metricOf,
  openWire,
  startTestCluster,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { friends } from './friends.ts';

/** Who has an account, and has been let in by nobody. The rates are those of production. */

/** As they are in production: of one stranger, and of whoever was let in, at one device. */
const STRANGERS_SHARE = 50;
const FRIEND_WRITES = 80;

let cluster: TestCluster;
let alice: Person;
let bob: Person;
let mallory: Person;
beforeAll(async () => {
  cluster = await startTestCluster({
    settings: {
      mailboxNode: { MAILBOX_STRANGERS_MESSAGES: '200' },
      master: {
        MESSAGES_PER_DEVICE_PER_MINUTE: '600',
        SIGNALS_PER_DEVICE_PER_MINUTE: '600',
        ACKNOWLEDGED_PER_DEVICE_PER_MINUTE: '60000',
        FRAMES_PER_DEVICE_PER_MINUTE: '12000',
        KEY_FETCHES_PER_ACCOUNT_PER_HOUR: '90',
      },
    },
  });
  [alice, bob] = await friends(cluster);
  mallory = await cluster.person('mallory');
  await bob.sendAccepted(alice, 'hello, you');
  await alice.seesLast(bob, 'hello, you');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const numbered = (text: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${text} ${index + 1}`);

const talk = async (text: string): Promise<void> => {
  await alice.sendAccepted(bob, text);
  await bob.seesLast(alice, text);
  await bob.sendAccepted(alice, `${text}, too`);
  await alice.seesLast(bob, `${text}, too`);
};
const wireOf = async (person: Person) => openWire(cluster.masters[0]!, (await person.session()).masterToken);
const noiseFor = async (person: Person): Promise<Send> => ({
  type: 'send',
  id: mintMessageId(Date.now(), randomBytes(10)),
  recipients: [
    {
      accountId: person.address.accountId,
      envelopes: [
        {
          deviceId: person.address.deviceId,
          registrationId: await person.registrationId(),
          type: 'message',
          payload: randomBytes(200).toString('base64'),
        },
      ],
    },
  ],
});

describe('a stranger', () => {
  it('floods with noise, signals and acknowledgements: two people talk on, and are shown nothing of it', async () => {
    using wire = await wireOf(mallory);
    const shown = [...bob.shown];
    let sent = 0;
    const flood = async (): Promise<void> => {
      for (let round = 0; round < 100; round += 1) {
        wire.send(await noiseFor(bob));
        wire.send({ type: 'typing', to: bob.address.accountId, active: true });
        wire.send({
          type: 'acknowledge',
          receipts: true,
          messages: Array.from({ length: 100 }, () => ({
            id: mintMessageId(Date.now(), randomBytes(10)),
            senderId: alice.address.accountId,
            senderDeviceId: 1,
          })),
        });
        for (let ping = 0; ping < 50; ping += 1) wire.send({ type: 'ping' });
        sent += 53;
      }
    };
    await Promise.all([flood(), talk('one'), talk('two')]);
    await talk('three');
    expect(sent).toBe(5_300);
    await waitFor('bob to have read all of it', async () => (await bob.outboxSize()) === 0);
    await cluster.empty(bob);
    expect(bob.shown.slice(shown.length)).toEqual(['one', 'two', 'three']);
    expect(await bob.textsFrom(mallory)).toEqual([]);
    const limited = await metricOf(cluster.masters[0]!, 'gateway_rate_limited_total', {});
    expect(limited).toBeGreaterThan(0);
  });

  it('hears nothing of people but that what they wrote has come', async () => {
    using wire = await wireOf(mallory);
    const seen = new Set<string>();
    alice.messenger().on('presence', ({ state }) => seen.add(state));
    alice.messenger().on('typing', () => seen.add('typing'));
    const both = [alice, mallory].map(({ address }) => address.accountId);
    for (const { messenger } of [alice, mallory]) messenger().setPresence('online', [bob.address.accountId]);
    bob.messenger().setPresence('away', both);
    await waitFor('alice to see that bob is away', () => seen.has('away'));
    for (const account of both) bob.messenger().setTyping(conversationWith(account), true);
    await waitFor('alice to see that bob types', () => seen.has('typing'));
    await talk('while somebody listens');
    const heard = new Set(wire.frames.map(({ type }) => type));
    for (const type of ['presence', 'typing', 'envelope'] as const) expect(heard).not.toContain(type);
  });

  it('reads, deletes and writes in no mailbox of others, whichever token they show', async () => {
    const { masterToken, mailboxToken } = await mallory.session();
    const { accountId, deviceId } = bob.address;
    await bob.leave();
    await alice.sendAccepted(bob, 'waits for bob');
    for (const { url } of cluster.parts.mailboxNodes) {
      for (const token of [masterToken, mailboxToken, `${mailboxToken.slice(0, -6)}AAAAAA`, randomUUID()]) {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const read = await fetch(`${url}/messages/${accountId}?device=${deviceId}`, { headers });
        expect([401, 403]).toContain(read.status);
        const written = await fetch(`${url}/messages`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ envelopes: [] }),
        });
        expect([401, 403]).toContain(written.status);
      }
    }
    await bob.enterLive();
    await bob.seesLast(alice, 'waits for bob');
  });

  it('fills no mailbox: who was let in goes on, and what waits comes when its reader is back', async () => {
    const [reader, friend, stranger] = [
      await cluster.person('reader'),
      await cluster.person('friend'),
      await cluster.person('stranger'),
    ];
    for (const person of [reader, friend, stranger]) await person.enterLive();
    await friend.sendAccepted(reader, 'hello');
    await reader.seesLast(friend, 'hello');
    await reader.sendAccepted(friend, 'hello, friend');
    await friend.seesLast(reader, 'hello, friend');
    await reader.leave();

    const told: (string | null)[] = [];
    stranger.messenger().on('held-up', ({ conversation, code }) => {
      expect(conversation).toBe(conversationWith(reader.address.accountId));
      told.push(code);
    });
    const flood = numbered('buy', STRANGERS_SHARE + 20);
    for (const text of flood) await stranger.send(reader, text);
    await waitFor(
      'the stranger to be told',
      async () => told.at(-1) === 'sender-share-full' && (await stranger.outboxSize()) === 20,
    );
    const refused = { code: 'sender-share-full' };
    expect(
      await metricOf(cluster.parts.masters[0]!.url, 'gateway_sends_refused_total', refused),
    ).toBeGreaterThan(0);

    // To others the stranger writes as before, and Their reader's friend writes more than the stranger may.
    await stranger.sendAccepted(friend, 'and you?');
    const letters = numbered('letter', FRIEND_WRITES);
    for (const text of letters) await friend.send(reader, text);
    await waitFor('all letters to be accepted', async () => (await friend.outboxSize()) === 0);
    const waiting = async (): Promise<number[]> =>
      (await cluster.waiting()).map(
        (ids) => ids.filter((id) => id.startsWith(reader.address.accountId)).length,
      );
    await waitFor('all nodes to have them', async () =>
      (await waiting()).every((count) => count === STRANGERS_SHARE + FRIEND_WRITES),
    );

    await reader.enterLive();
    const isAll = async (from: Person, texts: readonly string[]): Promise<boolean> =>
      (await reader.textsFrom(from)).length === texts.length;
    await waitFor(
      'everything',
      async () =>
        (await isAll(stranger, flood)) && (await stranger.outboxSize()) === 0 && told.at(-1) === null,
    );
    expect(await reader.textsFrom(friend)).toEqual(['hello', ...letters]);
    expect(await reader.textsFrom(stranger)).toEqual(flood);
    for (const person of [reader, friend, stranger]) await person.leave();
  });
});
