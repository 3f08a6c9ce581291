import { waitFor } from '@restante/testkit';
import { startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Faults of servers: what people see while something is broken, and what heals it. */

// Longer than what any condition is waited for, so that a failure names its condition.

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ masters: 2 });
  await cluster.caughtUp();
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

/** Two people on the first master who have a session with each other. */
const couple = async (): Promise<{ alice: Person; bob: Person }> => {
  const first = cluster.masters.slice(0, 1);
  const alice = await cluster.person('alice', first);
  const bob = await cluster.person('bob', first);
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  await alice.sendAccepted(bob, 'hello');
  await bob.seesLast(alice, 'hello');
  return { alice, bob };
};

const numbered = (count: number, word = 'text'): string[] =>
  Array.from({ length: count }, (_, index) => `${word} ${index + 1}`);

const caughtUp = (person: Person, complete: boolean): Promise<unknown> =>
  waitFor(`${person.username} to be told ${complete ? 'that' : 'whether'} all has come`, () => {
    const last = person.catchUps.at(-1);
    return last !== undefined && !last.running && last.complete === complete;
  });

const kill = {
  CouchDB: (number: number) => cluster.killCouch(number),
  'mailbox node': (number: number) => cluster.parts.mailboxNodes[number - 1]!.kill('SIGKILL'),
};

describe.each([
  ['CouchDB', 1],
  ['mailbox node', 3],
] as const)('a %s that is down', (engine, number) => {
  it('is not noticed, and replication heals it', async () => {
    const { alice, bob } = await couple();
    await bob.leave();
    await kill[engine](number);
    for (const text of numbered(5)) expect((await alice.sendAccepted(bob, text)).copies).toBe(2);
    const newcomer = await cluster.person('newcomer', bob.masters);
    await newcomer.enterLive();
    await newcomer.sendAccepted(bob, 'i am new');
    await expect(newcomer.messenger().sendText('nobody', 'hi')).rejects.toMatchObject({ code: 'not-found' });
    await bob.enterLive();
    expect(await bob.seesLast(alice, 'text 5')).toEqual(['hello', ...numbered(5)]);
    expect(await bob.seesLast(newcomer, 'i am new')).toEqual(['i am new']);
    expect(bob.catchUps.at(-1)).toMatchObject({ complete: true, nodesAnswered: 2, nodesNeeded: 2 });
    await cluster.heal();
    await cluster.alike();
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['hello', ...numbered(5), 'i am new']);
  });

  it('and a second one: one copy, may be incomplete, then complete', async () => {
    const { alice, bob } = await couple();
    await bob.leave();
    await Promise.all([kill[engine](1), kill[engine](2)]);
    expect((await alice.sendAccepted(bob, 'one copy')).copies).toBe(1);
    await bob.enter();
    await bob.seesLast(alice, 'one copy');
    await caughtUp(bob, false);
    await cluster.heal();
    await caughtUp(bob, true);
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['hello', 'one copy']);
  });

  it('and all three: live push goes on, sends stay in the outbox', async () => {
    const { alice, bob } = await couple();
    await Promise.all([1, 2, 3].map((number) => kill[engine](number)));
    const message = await alice.send(bob, 'live');
    await bob.seesLast(alice, 'live');
    expect((await alice.find(message)).copies).toBeUndefined();
    expect(await alice.outboxSize()).toBe(1);
    await cluster.heal();
    await waitFor('the message to be accepted', async () => (await alice.find(message)).copies);
    expect(await alice.outboxSize()).toBe(0);
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['hello', 'live']);
  });
});

describe('a master that is down', () => {
  it('sends wait, mail comes from the mailbox nodes', async () => {
    const { alice, bob } = await couple();
    const carol = await cluster.person('carol', cluster.masters.slice(1));
    await carol.enterLive();
    await carol.sendAccepted(bob, 'by the master');
    await bob.seesLast(carol, 'by the master');

    await cluster.parts.masters[0]!.kill('SIGKILL');
    const waiting = await alice.send(bob, 'later');
    await carol.sendAccepted(bob, 'by event');
    await bob.seesLast(carol, 'by event');
    await bob.leave();
    await carol.sendAccepted(bob, 'by catch-up');
    await bob.enter();
    await bob.seesLast(carol, 'by catch-up');
    await cluster.empty(bob);
    expect((await alice.find(waiting)).state).toBe('queued');

    await cluster.heal();
    await bob.seesLast(alice, 'later');
    expect(bob.shown).toEqual(['hello', 'by the master', 'by event', 'by catch-up', 'later']);
  });

  it('whoever knows another one goes on there', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    await cluster.parts.masters[0]!.kill('SIGKILL');
    await alice.sendAccepted(bob, 'by the other');
    await bob.seesLast(alice, 'by the other');
    expect(bob.shown).toEqual(['by the other']);
  });
});

describe('a power cut', () => {
  it('of all nodes under load loses nothing that was accepted', async () => {
    const { alice, bob } = await couple();
    await bob.leave();
    const accepted: string[] = [];
    alice.messenger().on('message-changed', ({ text, copies }) => {
      if (copies !== undefined) accepted.push(text);
    });
    for (const text of numbered(300)) void alice.send(bob, text);
    await waitFor('the load to be under way', () => accepted.length >= 50);
    await Promise.all([1, 2, 3].flatMap((number) => Object.values(kill).map((end) => end(number))));
    await alice.leave();
    const promised = [...accepted];
    await cluster.heal();

    await bob.enterLive();
    await caughtUp(bob, true);
    expect(promised.filter((text) => !bob.shown.includes(text))).toEqual([]);
    await alice.enterLive();
    await bob.seesLast(alice, 'text 300');
    await waitFor('the rest', async () => (await bob.textsFrom(alice)).length >= 301);
    expect(await bob.textsFrom(alice)).toEqual(['hello', ...numbered(300)]);
    expect(bob.shown).toHaveLength(301);
    await cluster.empty(bob);
  });
});

describe('a partition between nodes', () => {
  it('each side takes mail, readers of both see all, the mesh heals without a conflict', async () => {
    const { alice, bob } = await couple();
    const carol = await cluster.person('carol', cluster.masters.slice(1));
    await carol.enterLive();
    await carol.sendAccepted(bob, 'before');
    await bob.leave();
    cluster.links.cut(['master1', 'node1', 'couch1'], ['master2', 'node2', 'node3', 'couch2', 'couch3']);

    expect((await alice.sendAccepted(bob, 'from one side')).copies).toBe(1);
    expect((await carol.sendAccepted(bob, 'from the other')).copies).toBe(2);
    await bob.enter();
    await bob.seesLast(alice, 'from one side');
    await bob.seesLast(carol, 'from the other');

    cluster.links.heal();
    await cluster.empty(bob);
    await cluster.alike();
    expect(await cluster.conflicts()).toEqual([]);
    expect(bob.shown.toSorted()).toEqual(['before', 'from one side', 'from the other', 'hello']);
  });
});
