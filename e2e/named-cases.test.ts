import { randomBytes } from 'node:crypto';
import {
  deriveMessageId,
  documentId,
  envelopeRevision,
  mintMessageId,
  tombstoneRevision,
  type Send,
} from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import {
  filteredWebSocket,
  metricOf,
  openMailbox,
  openWire,
  startTestCluster,
  TEST_PASSWORD,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Orders of events that have broken systems like this one, each by name (laws 2, 4, 5). */

// Longer than what any condition is waited for, so that a failure names its condition.

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ masters: 2 });
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const master = (number: 1 | 2): string => cluster.masters[number - 1]!;
const wireOf = async (person: Person, number: 1 | 2) =>
  openWire(master(number), (await person.session()).masterToken);

/** A send of something that no ratchet made: nobody has to decrypt it here. */
const newSend = async (to: Person): Promise<Send> => ({
  type: 'send',
  id: mintMessageId(Date.now(), randomBytes(10)),
  recipients: [
    {
      accountId: to.address.accountId,
      envelopes: [
        {
          deviceId: to.address.deviceId,
          registrationId: await to.registrationId(),
          type: 'message',
          payload: randomBytes(120).toString('base64'),
        },
      ],
    },
  ],
});
const storedId = (from: Person, to: Person, { id }: Send): string =>
  documentId(to.address, deriveMessageId(from.address, id));
const mailboxesOf = (person: Person) =>
  Promise.all(cluster.parts.mailboxNodes.map(({ url }) => openMailbox(url, person)));
const leavesOf = async (id: string) => (await cluster.envelopes()).map((held) => held.get(id));
/** Ids of everything that any node holds for somebody, deleted or not. */
const heldFor = async ({ address }: Person): Promise<string[]> =>
  (await cluster.envelopes())
    .flatMap((held) => [...held.keys()])
    .filter((id) => id.startsWith(address.accountId));
const dead = (id: string): string[] => [`${tombstoneRevision(id)} deleted`];

describe('a message that was deleted stays deleted (law 4)', () => {
  it('on two nodes while the third is down, also after a late retry through another master', async () => {
    const sends: Send[] = [];
    const recording = filteredWebSocket((frame) => {
      if (frame.type === 'send') sends.push(frame);
      return true;
    });
    const alice = await cluster.person('alice', [master(1)]);
    const bob = await cluster.person('bob', [master(1)]);
    await alice.enterLive({ WebSocket: recording });
    await alice.sendAccepted(bob, 'once');
    const [sent] = sends;
    const id = storedId(alice, bob, sent!);
    await waitFor('all nodes to have it', async () => (await leavesOf(id)).every((leaves) => leaves));

    await cluster.killCouch(3);
    await cluster.parts.mailboxNodes[2]!.kill('SIGKILL');
    await bob.enterLive();
    await bob.seesLast(alice, 'once');
    await waitFor('two nodes to forget it', async () => {
      const held = await Promise.all([1, 2].map((number) => cluster.envelopesOn(number)));
      return held.every((envelopes) => envelopes.get(id)?.join() === dead(id).join());
    });
    await cluster.heal();
    await cluster.empty(bob);

    {
      using wire = await wireOf(alice, 2);
      await wire.sendAccepted(sent!);
    }
    expect(await leavesOf(id)).toEqual([dead(id), dead(id), dead(id)]);
    bob.messenger().refresh();
    // Her device had a newer connection.
    await alice.enterLive();
    await alice.sendAccepted(bob, 'the next one');
    await bob.seesLast(alice, 'the next one');
    expect(bob.shown).toEqual(['once', 'the next one']);
  });

  it('when the deletion comes before the message', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    const send = await newSend(bob);
    const id = storedId(alice, bob, send);
    const mailboxes = await mailboxesOf(bob);
    await Promise.all(mailboxes.map((mailbox) => mailbox.delete([deriveMessageId(alice.address, send.id)])));
    expect(await leavesOf(id)).toEqual([undefined, undefined, undefined]);

    using wire = await wireOf(alice, 1);
    await wire.sendAccepted(send);
    await waitFor('it to end on each', async () =>
      (await leavesOf(id)).every((leaves) => leaves?.join() === dead(id).join()),
    );
    for (const mailbox of mailboxes) expect((await mailbox.read()).messages).toEqual([]);
  });
});

describe('the same message', () => {
  it('stored by two masters at once is one revision without a conflict (law 5)', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    const sends = await Promise.all(Array.from({ length: 20 }, () => newSend(bob)));
    // While masters do not hear each other a device may be connected to both.
    cluster.links.isolate('bus');
    await waitFor('the masters to be without a bus', async () => {
      const up = cluster.parts.masters.map(({ url }) => metricOf(url, 'gateway_bus_up'));
      return (await Promise.all(up)).every((one) => one === 0);
    });
    using first = await wireOf(alice, 1);
    using second = await wireOf(alice, 2);
    await Promise.all(
      sends.map(async (send) => {
        const [one, other] = await Promise.all([first.sendAccepted(send), second.sendAccepted(send)]);
        expect(other.messageId).toBe(one.messageId);
      }),
    );
    const held = await cluster.alike();
    for (const send of sends) {
      const id = storedId(alice, bob, send);
      expect(held.get(id)).toEqual([envelopeRevision(id)]);
    }
    expect(await cluster.conflicts()).toEqual([]);
    const [mailbox] = await mailboxesOf(bob);
    expect((await mailbox!.read()).messages).toHaveLength(20);
  });

  it('sent again because its acknowledgement was lost is shown once', async () => {
    const alice = await cluster.person('alice', [master(2)]);
    const bob = await cluster.person('bob', [master(2)]);
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    const toNodes = cluster.parts.mailboxNodes.map(({ name }) => cluster.links.between('master2', name));
    const toMaster = cluster.links.between('client', 'master2');
    for (const link of toNodes) link.set('stall');
    const message = await alice.send(bob, 'once');
    await bob.seesLast(alice, 'once');
    // The master has it and waits for the nodes. Its answer will find nobody.
    toMaster.set('refuse');
    toMaster.cut();
    for (const link of toNodes) link.set('pass');
    await waitFor('the nodes to have it', async () => (await heldFor(bob)).length > 0);
    expect((await alice.find(message)).copies).toBeUndefined();

    toMaster.set('pass');
    await waitFor('the retry to be accepted', async () => (await alice.find(message)).copies);
    await cluster.empty(bob);
    await cluster.alike();
    expect(new Set(await heldFor(bob)).size).toBe(1);
    expect(bob.shown).toEqual(['once']);
    expect(await bob.textsFrom(alice)).toEqual(['once']);
  });

  it('from three nodes and live push at the same moment is shown once (law 2)', async () => {
    const alice = await cluster.person('alice', [master(1)]);
    const bob = await cluster.person('bob', [master(1)]);
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index + 1}`);
    // Nothing is deleted, so every reading of the mailboxes brings everything again.
    await bob.enterLive({ WebSocket: filteredWebSocket(({ type }) => type !== 'acknowledge') });
    await alice.enterLive();
    for (const text of texts) {
      await alice.send(bob, text);
      bob.messenger().refresh();
    }
    await bob.seesLast(alice, 'text 30');
    for (const mailbox of await mailboxesOf(bob)) {
      await waitFor('each node to have all', async () => (await mailbox.read()).messages.length === 30);
    }
    const told = bob.catchUps.length;
    bob.messenger().refresh();
    await waitFor('all nodes to be read again', () =>
      bob.catchUps.slice(told).some(({ nodesAnswered }) => nodesAnswered === 3),
    );
    await bob.enterLive();
    await cluster.empty(bob);
    expect(bob.shown).toEqual(texts);
    expect(await bob.textsFrom(alice)).toEqual(texts);
  });
});

describe('an account that ends', () => {
  it('is heard by who was away, and had never heard of it', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await alice.enterLive();
    await alice.sendAccepted(bob, 'before I go');
    await alice.messenger().deleteAccount(TEST_PASSWORD);
    await bob.enterLive();
    await bob.seesLast(alice, 'before I go');
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['before I go']);
  });
});
