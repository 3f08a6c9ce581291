import { conversationWith, type Vault } from '@restante/client';
import { sqliteVault } from '@restante/client/node';
import { LIMITS } from '@restante/protocol';
import { startFaultProxy, waitFor } from '@restante/testkit';
import {
  metricOf,
  startDoomedClient,
  startTestCluster,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

/** Faults of clients: a crash, a slow reader, a full mailbox, a wrong clock. */

const MAILBOX_MESSAGES = 300;
/** Sends that a messenger has under way at most. */
const UNDER_WAY = 64;
const HOUR_MS = 3_600_000;

// Longer than what any condition is waited for, so that a failure names its condition.

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({
    settings: {
      mailboxNode: { MAILBOX_MAX_MESSAGES: String(MAILBOX_MESSAGES) },
      master: { SOCKET_BUFFER_BYTES: '65536' },
    },
  });
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `text ${index + 1}`);
const waitingFor = async ({ address }: Person): Promise<number[]> =>
  (await cluster.waiting()).map((ids) => ids.filter((id) => id.startsWith(address.accountId)).length);

describe('a client that crashes between commit and delete (laws 2, 3)', () => {
  it('fetches the message again, knows it, and deletes it', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await bob.leave();
    await alice.enterLive();
    await alice.sendAccepted(bob, 'kept');
    await waitFor('every node to have it', async () => (await waitingFor(bob)).every((count) => count === 1));

    await using doomed = startDoomedClient(bob.vaultFile, bob.masters);
    expect(await doomed.ended).toBe('SIGKILL');
    expect(doomed.shown).toEqual([]);
    expect(await waitingFor(bob)).toEqual([1, 1, 1]);

    await bob.enterLive();
    expect(await bob.textsFrom(alice)).toEqual(['kept']);
    await cluster.empty(bob);
    expect(await bob.textsFrom(alice)).toEqual(['kept']);
    expect(bob.shown).toEqual([]);
  });

  it.each(['pushed live', 'read from the mailbox'])(
    'and before the commit of what was %s has told nobody',
    async (how) => {
      const alice = await cluster.person('alice');
      const bob = await cluster.person('bob');
      await bob.leave();
      await alice.enterLive();
      const acknowledgements = (): Promise<number> =>
        metricOf(cluster.parts.masters[0]!.url, 'gateway_frames_received_total', { type: 'acknowledge' });
      const before = await acknowledgements();

      const vault = sqliteVault(bob.vaultFile);
      const reached = Promise.withResolvers<undefined>();
      const disk = Promise.withResolvers<undefined>();
      disk.promise.catch(() => undefined);
      const fill = (): void => disk.reject(new Error('the disk is full'));
      onTestFinished(fill);
      const commit: Vault['commit'] = (changes) => {
        if (!changes.some(({ table }) => table === 'pendingDeletes')) return vault.commit(changes);
        reached.resolve(undefined);
        return disk.promise;
      };
      if (how === 'pushed live') await bob.enterLive({ vault: { ...vault, commit } });
      await alice.sendAccepted(bob, 'kept');
      if (how !== 'pushed live') await bob.enter({ vault: { ...vault, commit } });
      await reached.promise;
      // Frames stay in order: when a later one has come through, an acknowledgement would have, too.
      let isHeard = false;
      alice.messenger().setPresence('online', [bob.address.accountId]);
      alice.messenger().on('typing', () => (isHeard = true));
      await waitFor('a later frame of Bob to come through', () => {
        bob.messenger().setTyping(conversationWith(alice.address.accountId), true);
        return isHeard;
      });
      expect(await acknowledgements()).toBe(before);

      fill();
      await bob.enterLive();
      expect(await bob.textsFrom(alice)).toEqual(['kept']);
      await cluster.empty(bob);
      expect(bob.shown).toEqual(['kept']);
    },
  );
});

describe('a slow reader', () => {
  it('is left out at a bound of bytes, is told to catch up, and gets everything once', async () => {
    await using link = await startFaultProxy(cluster.parts.masters[0]!.url);
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob', [link.url]);
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    await alice.sendAccepted(bob, 'hello');
    await bob.seesLast(alice, 'hello');

    const { url } = cluster.parts.masters[0]!;
    const leftOut = (): Promise<number> => metricOf(url, 'gateway_pushes_left_out_total');
    link.set('stall');
    const texts: string[] = [];
    while ((await leftOut()) === 0) {
      const batch = Array.from({ length: 20 }, (_, index) => `${texts.length + index} `.padEnd(30_000, 'x'));
      for (const text of batch.slice(1)) await alice.send(bob, text);
      await alice.sendAccepted(bob, batch[0]!);
      texts.push(...batch.slice(1), batch[0]!);
    }
    link.set('pass');
    await bob.seesLast(alice, texts.at(-1)!);
    await waitFor('everything', async () => (await bob.textsFrom(alice)).length > texts.length);
    expect(await bob.textsFrom(alice)).toEqual(['hello', ...texts]);
    expect(bob.shown.toSorted()).toEqual(['hello', ...texts].toSorted());
    expect(await metricOf(url, 'gateway_catch_ups_total')).toBeGreaterThan(0);
    await cluster.empty(bob);
  });
});

describe('a full mailbox', () => {
  it('makes the sender wait with `mailbox-full`, and reading makes room', async () => {
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await bob.leave();
    await alice.enterLive();
    const texts = numbered(MAILBOX_MESSAGES + 2 * UNDER_WAY);
    // With the first one she knows that she has no other devices; what is written before that is asked about one by one.
    await alice.sendAccepted(bob, texts[0]!);
    for (const text of texts.slice(1)) await alice.send(bob, text);
    const { url } = cluster.parts.masters[0]!;
    const refused = (): Promise<number> =>
      metricOf(url, 'gateway_sends_refused_total', { code: 'mailbox-full' });
    await waitFor('a refusal', async () => (await refused()) > 0);
    await waitFor('every node to be full', async () =>
      (await waitingFor(bob)).every((count) => count >= MAILBOX_MESSAGES),
    );
    // Each node keeps its bound by itself; the mesh adds what another one took while this one was already full.
    for (const count of await waitingFor(bob)) expect(count).toBeLessThan(MAILBOX_MESSAGES + UNDER_WAY);
    expect(await alice.outboxSize()).toBeGreaterThan(0);

    await bob.enterLive();
    await waitFor('everything', async () => (await bob.textsFrom(alice)).length === texts.length);
    expect(await bob.textsFrom(alice)).toEqual(texts);
    expect(bob.shown).toHaveLength(texts.length);
    await waitFor('an empty outbox', async () => (await alice.outboxSize()) === 0);
    await cluster.empty(bob);
  });
});

describe('a wrong clock', () => {
  it.each([
    ['fast', 5 * HOUR_MS],
    ['slow', -5 * HOUR_MS],
  ])('five hours too %s: nobody notices', async (_, offsetMs) => {
    const now = (): number => Date.now() + offsetMs;
    const link = cluster.links.between('client', 'master1');
    const alice = await cluster.person('alice', cluster.masters, { now });
    const bob = await cluster.person('bob');
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    await alice.sendAccepted(bob, 'first');
    await bob.sendAccepted(alice, 'answer');
    await bob.seesLast(alice, 'first');

    // The clock is set right, or wrong the other way, while there is nobody to ask for the time.
    link.set('refuse');
    link.cut();
    await alice.enter({ now: () => Date.now() - offsetMs });
    const waiting = await alice.send(bob, 'second');
    link.set('pass');
    await waitFor('it to be accepted', async () => (await alice.find(waiting)).copies);
    await bob.seesLast(alice, 'second');
    await alice.sendAccepted(bob, 'third');
    await bob.seesLast(alice, 'third');

    expect(bob.shown).toEqual(['first', 'second', 'third']);
    expect(await alice.textsFrom(bob)).toEqual(['answer']);
    const times = (await bob.messenger().messages(conversationWith(alice.address.accountId)))
      .filter(({ direction }) => direction === 'in')
      .map(({ sentAt }) => sentAt);
    for (const time of times) expect(time).toBeLessThanOrEqual(Date.now() + LIMITS.clockSkewMs);
    await cluster.empty(bob);
  });
});
