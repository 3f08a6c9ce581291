import { randomBytes } from 'node:crypto';
import { mintMessageId, type Downstream, type Send } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import {
  metricOf,
  openWire,
  startTestCluster,
  type Person,
  type TestCluster,
  type Wire,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Three masters are one service: whatever one of them takes, people at the others are told as if there were one. */

// Longer than what any condition is waited for, so that a failure names its condition.

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ masters: 3 });
  // Whoever reads from a node that is not caught up yet reads again by itself.
  await cluster.caughtUp();
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const at = (...numbers: number[]): string[] => numbers.map((number) => cluster.masters[number - 1]!);
const received = (number: number, kind: string): Promise<number> =>
  metricOf(cluster.parts.masters[number - 1]!.url, 'gateway_bus_received_total', { kind });
const gaps = async (): Promise<number> => {
  const counts = cluster.parts.masters.map(({ url }) => metricOf(url, 'gateway_bus_gaps_total'));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};
const bus = () => cluster.parts.buses[0]!;
const areAway = (away: boolean, ...numbers: number[]) =>
  waitFor(`the bus to be ${away ? 'away' : 'there'}`, async () => {
    const masters = numbers.map((number) => cluster.parts.masters[number - 1]!);
    const told = await Promise.all(
      masters.map(async ({ url }) => (await (await fetch(`${url}/health`)).json()) as { status: string }),
    );
    return told.every(({ status }) => status === (away ? 'degraded' : 'ok'));
  });

/** Alice at the first master and Bob at the second, who have a session with each other. */
const couple = async (): Promise<{ alice: Person; bob: Person }> => {
  const [alice, bob] = [await cluster.person('alice', at(1)), await cluster.person('bob', at(2))];
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  await alice.sendAccepted(bob, 'hello');
  await bob.seesLast(alice, 'hello');
  await bob.sendAccepted(alice, 'hello, you');
  await alice.seesLast(bob, 'hello, you');
  return { alice, bob };
};

/** Waits until everything that somebody has sent is known to have been kept. */
const hasReceipts = (person: Person) =>
  waitFor(`the receipts of ${person.username}`, async () => {
    const conversations = await person.messenger().conversations();
    const messages = await Promise.all(conversations.map(({ id }) => person.messenger().messages(id)));
    return messages
      .flat()
      .filter(({ direction }) => direction === 'out')
      .every(({ state }) => state === 'delivered');
  });

const wireOf = async (person: Person, number: number): Promise<Wire> =>
  openWire(at(number)[0]!, (await person.session()).masterToken);

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

describe('people at different masters', () => {
  it('are pushed to at once, without a catch-up, and no other master hears of it', async () => {
    const { alice, bob } = await couple();
    await Promise.all([hasReceipts(alice), hasReceipts(bob)]);
    const before = await Promise.all([1, 2, 3].map((number) => received(number, 'to-device')));
    const told = bob.catchUps.length;
    const lost = await gaps();
    for (let index = 1; index <= 10; index += 1) {
      await alice.send(bob, `text ${index}`);
      await bob.seesLast(alice, `text ${index}`);
    }
    await hasReceipts(alice);
    expect(bob.catchUps).toHaveLength(told);
    expect(await gaps()).toBe(lost);
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map((number) => received(number, 'to-device')),
    );
    // Messages, and what messengers tell each other beside them.
    expect(second! - before[1]!).toBeGreaterThanOrEqual(10);
    // Receipts.
    expect(first! - before[0]!).toBeGreaterThan(0);
    expect(third! - before[2]!).toBe(0);
    expect(bob.shown).toEqual(['hello', ...Array.from({ length: 10 }, (_, index) => `text ${index + 1}`)]);
  });

  it('see each other type, come and go', async () => {
    const [alice, bob] = [await cluster.person('alice', at(1)), await cluster.person('bob', at(2))];
    using toBob = await wireOf(bob, 2);
    toBob.send({ type: 'presence', state: 'away', to: [], from: [alice.address.accountId] });
    const show = { type: 'presence' as const, to: [bob.address.accountId] };
    const isState = (state: string) => (frame: Extract<Downstream, { type: 'presence' }>) =>
      frame.accountId === alice.address.accountId && frame.state === state;
    {
      using fromAlice = await wireOf(alice, 1);
      fromAlice.send({ ...show, state: 'online' });
      await toBob.next('presence', isState('online'));
      fromAlice.send({ type: 'typing', to: bob.address.accountId, active: true });
      expect(await toBob.next('typing')).toMatchObject({ accountId: alice.address.accountId, active: true });
      // Who comes later is told what is shown already, wherever they come.
      using later = await wireOf(bob, 3);
      later.send({ type: 'presence', state: 'away', to: [], from: [alice.address.accountId] });
      await later.next('presence', isState('online'));
      fromAlice.send({ ...show, state: 'away' });
      await later.next('presence', isState('away'));
    }
    using back = await wireOf(bob, 3);
    back.send({ type: 'presence', state: 'away', to: [], from: [alice.address.accountId] });
    using fromAlice = await wireOf(alice, 2);
    fromAlice.send({ ...show, state: 'online' });
    await back.next('presence', isState('online'));
    await cluster.parts.masters[1]!.kill('SIGKILL');
    await back.next('presence', isState('offline'));
  });

  it('have one connection for each device, the newest', async () => {
    const bob = await cluster.person('bob', at(1));
    using first = await wireOf(bob, 1);
    using second = await wireOf(bob, 2);
    expect(await first.closed()).toBe(4409);
    using third = await wireOf(bob, 3);
    expect(await second.closed()).toBe(4409);
    third.send({ type: 'ping' });
    await third.next('pong');
  });

  it('hear at once that a device has been removed', async () => {
    const bob = await cluster.person('bob', at(1));
    await bob.enterLive();
    using wire = await wireOf(bob, 2);
    await waitFor('the messenger to be superseded', () => bob.messenger().connection().name !== 'live');
    const { masterToken } = await bob.session();
    const answer = await fetch(`${at(3)[0]}/api/account`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${masterToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ password: 'correct horse battery staple' }),
    });
    expect(answer.status).toBe(204);
    expect(await wire.closed()).toBe(4401);
  });
});

describe('a bus that dies', () => {
  it('loses nothing: people catch up when it is back, and are pushed to again', async () => {
    const { alice, bob } = await couple();
    await bus().kill('SIGKILL');
    await areAway(true, 1, 2, 3);
    await alice.sendAccepted(bob, 'while it is away');
    // To people at the same master nothing changes.
    const carol = await cluster.person('carol', at(1));
    await carol.enterLive();
    await carol.send(alice, 'here');
    await alice.seesLast(carol, 'here');
    await bus().start();
    await areAway(false, 1, 2, 3);
    await bob.seesLast(alice, 'while it is away');
    await alice.send(bob, 'it is back');
    await bob.seesLast(alice, 'it is back');
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['hello', 'while it is away', 'it is back']);
  });

  it('tells presence again', async () => {
    const [alice, bob] = [await cluster.person('alice', at(1)), await cluster.person('bob', at(2))];
    const [fromAlice, toBob] = [await wireOf(alice, 1), await wireOf(bob, 2)];
    const shows = { type: 'presence' as const, to: [bob.address.accountId] };
    toBob.send({ type: 'presence', state: 'away', to: [], from: [alice.address.accountId] });
    fromAlice.send({ ...shows, state: 'online' });
    await toBob.next('presence', ({ state }) => state === 'online');
    await bus().kill('SIGKILL');
    await areAway(true, 1, 2);
    fromAlice.send({ ...shows, state: 'away' });
    fromAlice.send({ type: 'ping' });
    await fromAlice.next('pong');
    await bus().start();
    await toBob.next('presence', ({ state }) => state === 'away');
    for (const wire of [fromAlice, toBob]) wire[Symbol.dispose]();
  });
});

describe('a master', () => {
  it('that is killed takes nothing with it: its people go on at another one', async () => {
    const { alice } = await couple();
    const dora = await cluster.person('dora', at(3, 1));
    await dora.enterLive();
    await alice.sendAccepted(dora, 'before');
    await dora.seesLast(alice, 'before');
    await cluster.parts.masters[2]!.kill('SIGKILL');
    await alice.sendAccepted(dora, 'meanwhile');
    await dora.seesLast(alice, 'meanwhile');
    await alice.send(dora, 'after');
    await dora.seesLast(alice, 'after');
    await cluster.empty(dora);
    expect(dora.shown).toEqual(['before', 'meanwhile', 'after']);
  });

  it('that is cut off serves its people, who catch up when it is back', async () => {
    const { alice, bob } = await couple();
    cluster.links.cut(['master2'], ['bus']);
    await areAway(true, 2);
    await areAway(false, 1, 3);
    await alice.sendAccepted(bob, 'cut off');
    await bob.sendAccepted(alice, 'me too');
    cluster.links.heal();
    await bob.seesLast(alice, 'cut off');
    await alice.seesLast(bob, 'me too');
    await areAway(false, 2);
    await bob.send(alice, 'live again');
    await alice.seesLast(bob, 'live again');
    expect(bob.shown).toEqual(['hello', 'cut off']);
  });

  it('pushes to a device that connects elsewhere while its message is being stored', async () => {
    const [alice, bob] = [await cluster.person('alice', at(1)), await cluster.person('bob', at(2))];
    using fromAlice = await wireOf(alice, 1);
    const toNodes = ['node1', 'node2', 'node3'].map((node) => cluster.links.between('master1', node));
    const send = await newSend(bob);
    for (const link of toNodes) link.set('stall');
    fromAlice.send(send);
    await waitFor('the push to nobody', async () => {
      const url = cluster.parts.masters[0]!.url;
      return (await metricOf(url, 'gateway_bus_published_total', { kind: 'to-device' })) > 0;
    });
    using toBob = await wireOf(bob, 2);
    for (const link of toNodes) link.set('pass');
    await toBob.next('envelope');
    await fromAlice.sendAccepted(send);
  });
});
