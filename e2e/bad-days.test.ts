import { conversationWith } from '@restante/client';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mountSmallDisk, smallDiskHindrance, waitFor, type SmallDisk } from '@restante/testkit';
import {
  isLive,
  ledgersOf,
  metricOf,
  openMailbox,
  startTestCluster,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** What an operator may meet and a machine may do by itself: data that is gone, credentials that are wrong. */

// The test takes what belongs to embedded servers: their folders and their passwords.
const isShared = (process.env['COUCHDB_URLS'] ?? '') !== '';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const numbered = (count: number, word = 'text'): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index + 1}`);

const waitingOn = async (number: number): Promise<string[]> =>
  [...(await cluster.envelopesOn(number))].filter(([, leaves]) => leaves.some(isLive)).map(([id]) => id);

const textsTo = async (from: Person, to: Person): Promise<string[]> =>
  (await from.messenger().messages(conversationWith(to.address.accountId), { limit: 1_000 }))
    .filter(({ direction }) => direction === 'out')
    .map(({ text }) => text);

describe.skipIf(isShared)("a node's data folder that is deleted", () => {
  const lose = async (number: number): Promise<void> => {
    await cluster.killCouch(number);
    await rm(join(cluster.dataDir, `couch${number}`), { recursive: true });
  };
  const mailboxOf = (number: number, person: Person) =>
    openMailbox(cluster.parts.mailboxNodes[number - 1]!.url, person);
  /** Whether the master passes over the node's CouchDB for accounts. */
  const isPassedOver = async (number: number): Promise<boolean> => {
    const health = await (await fetch(`${cluster.parts.masters[0]!.url}/health`)).json();
    return (health as { directory: { filling: boolean }[] }).directory[number - 1]!.filling;
  };
  const isCaughtUp = async (number: number): Promise<boolean> =>
    (await metricOf(cluster.parts.mailboxNodes[number - 1]!.url, 'mailbox_caught_up')) === 1;

  it('is filled by the mesh; until then the node does not say that this is all', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    for (const text of numbered(5, 'read')) await alice.sendAccepted(bob, text);
    await bob.seesLast(alice, 'read 5');
    await cluster.empty(bob);
    await bob.leave();
    for (const text of numbered(20)) await alice.sendAccepted(bob, text);
    await cluster.alike();
    await cluster.caughtUp();

    await lose(1);
    // Its peers do not answer it: nobody can fill it now.
    cluster.links.cut(['couch1', 'node1'], ['couch2', 'couch3', 'node2', 'node3']);
    await cluster.startCouch(1);
    const mailbox = await mailboxOf(1, bob);
    const page = await waitFor('the node to take mail again', () => mailbox.read());
    expect(page).toMatchObject({ messages: [], complete: false, next: null });
    expect(await cluster.person('carol')).toBeDefined();

    // It is of use meanwhile: what comes now it keeps and gives, and a reader of it and one other is not told "complete".
    let sent = 0;
    await waitFor('the node to be written to', async () => {
      await alice.sendAccepted(bob, `after the loss ${(sent += 1)}`);
      return (await waitingOn(1)).some((id) => id.startsWith(bob.address.accountId));
    });
    cluster.links.isolate('node3');
    await bob.enter();
    await bob.seesLast(alice, `after the loss ${sent}`);
    await waitFor('bob to be told', () =>
      bob.catchUps.some(({ running, complete }) => !running && !complete),
    );
    expect(bob.catchUps.filter(({ complete }) => complete)).toEqual([]);

    cluster.links.heal();
    await waitFor('bob to have everything', () => bob.catchUps.at(-1)?.complete === true);
    await waitFor('the node to be filled', () => isCaughtUp(1));
    await waitFor('the node to say so', async () => (await mailbox.read()).complete);
    await waitFor('the master to use its directory again', async () => !(await isPassedOver(1)));
    await cluster.empty(bob);
    await cluster.alike();
    expect(new Set(bob.shown).size).toBe(bob.shown.length);
    expect(bob.shown.filter((text) => text.startsWith('text '))).toEqual(numbered(20));
    // What was deleted before the loss has not come back.
    expect(bob.shown.filter((text) => text.startsWith('read '))).toEqual(numbered(5, 'read'));
    expect(await cluster.conflicts()).toEqual([]);
  });
});

describe('everything killed at once under load', () => {
  it('loses nothing that was accepted, shows nothing twice, and the ledgers add up', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    const accepted = new Set<string>();
    alice.messenger().on('message-changed', ({ text, copies }) => {
      if (copies !== undefined) accepted.add(text);
    });
    const texts = numbered(200, 'load');
    for (const text of texts) void alice.send(bob, text);
    await waitFor('the load to be under way', () => accepted.size >= 30);
    await Promise.all([
      ...[1, 2, 3].map((number) => cluster.killCouch(number)),
      ...cluster.parts.processes.map((process) => process.kill('SIGKILL')),
    ]);
    const promised = [...accepted];
    expect(promised.length).toBeLessThan(texts.length);
    await cluster.heal();

    await waitFor('everything to be accepted', async () => (await alice.outboxSize()) === 0);
    await bob.enterLive();
    await waitFor('everything to come', async () => (await bob.textsFrom(alice)).length >= texts.length);
    expect(await bob.textsFrom(alice)).toEqual(texts);
    expect(bob.shown.toSorted()).toEqual(texts.toSorted());
    expect(promised.filter((text) => !bob.shown.includes(text))).toEqual([]);
    await cluster.empty(bob);
    await cluster.alike();
    for (const [index, { url }] of cluster.parts.mailboxNodes.entries()) {
      await waitFor('the ledgers to add up', async () => {
        const held = await cluster.envelopesOn(index + 1);
        const ledgers = [...(await ledgersOf(url)).values()];
        const isBalanced = ledgers.every(
          ({ accepted, deleted, expired, waiting }) => accepted === deleted + expired + waiting,
        );
        return isBalanced && ledgers.reduce((sum, ledger) => sum + ledger.accepted, 0) === held.size;
      });
    }
  });
});

const hindrance = isShared ? 'the servers are shared' : await smallDiskHindrance();

describe.skipIf(hindrance !== null)(
  `a disk that fills up${hindrance === null ? '' : `: ${hindrance}`}`,
  () => {
    const disks: SmallDisk[] = [];
    const couches = [1, 2, 3];
    const urlOf = (number: number): string => cluster.parts.mailboxNodes[number - 1]!.url;
    const saysFull = (number: number) => async () =>
      (await metricOf(urlOf(number), 'mailbox_store_full')) === 1;
    const isReady = (number: number) => async () => (await fetch(`${urlOf(number)}/ready`)).ok;
    beforeAll(async () => {
      await Promise.all(
        couches.map(async (number) => {
          await cluster.killCouch(number);
          disks.push(await mountSmallDisk(join(cluster.dataDir, `couch${number}`), 64));
          await cluster.startCouch(number);
        }),
      );
      await cluster.heal();
    });
    afterAll(async () => {
      await Promise.all(couches.map((number) => cluster.killCouch(number)));
      await Promise.all(disks.map((disk) => disk[Symbol.asyncDispose]()));
    });

    it('one: two copies; all: nothing is accepted; with room everything comes, without a restart', async () => {
      const alice = await cluster.person('alice');
      const bob = await cluster.person('bob');
      await Promise.all([alice.enterLive(), bob.enterLive()]);
      await alice.sendAccepted(bob, 'before');
      await bob.seesLast(alice, 'before');
      await cluster.empty(bob);
      await bob.leave();

      await disks[0]!.fill();
      await waitFor('the first full disk to be told', async () => {
        expect((await alice.sendAccepted(bob, 'two copies')).copies).toBe(2);
        const told = await Promise.all(couches.map((number) => saysFull(number)()));
        return told.filter(Boolean).length === 1;
      });
      await Promise.all(disks.map((disk) => disk.fill()));
      for (const number of couches) {
        await waitFor('the node to say that it is full', saysFull(number));
        expect(await isReady(number)()).toBe(false);
      }
      const refusals = (): Promise<number> =>
        metricOf(cluster.parts.masters[0]!.url, 'gateway_sends_refused_total', { code: 'unavailable' });
      const before = await refusals();
      const held = await cluster.waiting();
      const waiting = await alice.send(bob, 'too much');
      await waitFor('the master to refuse it', async () => (await refusals()) > before);
      expect((await alice.find(waiting)).copies).toBeUndefined();
      expect(await cluster.waiting()).toEqual(held);

      await Promise.all(disks.map((disk) => disk.clear()));
      await waitFor('it to be accepted', async () => (await alice.find(waiting)).copies);
      for (const number of couches) await waitFor('the node to be ready', isReady(number));
      await bob.enterLive();
      await bob.seesLast(alice, 'too much');
      await cluster.empty(bob);
      await cluster.alike();
      expect(await bob.textsFrom(alice)).toEqual(await textsTo(alice, bob));
      expect(bob.shown).toHaveLength((await textsTo(alice, bob)).length);
    });
  },
);
