import { waitFor } from '@restante/testkit';
import { clockShift, metricOf, startTestCluster } from '@restante/testkit/cluster';
import { expect, it } from 'vitest';

/** Clocks that are ten minutes apart: a master, a mailbox node and a client, each against the others, either way. */

const FIVE_MINUTES_MS = 5 * 60_000;

const APART = [
  { master: 'ahead of', aheadMs: FIVE_MINUTES_MS },
  { master: 'behind', aheadMs: -FIVE_MINUTES_MS },
];

it.each(APART)(
  'people chat while a master is $master a node and a client',
  { timeout: 120_000 },
  async ({ aheadMs }) => {
    await using cluster = await startTestCluster({
      settings: { master: clockShift(aheadMs), mailboxNode: clockShift(-aheadMs, 'node1') },
    });
    const timeOf = async (url: string): Promise<number> =>
      ((await (await fetch(`${url}/health`)).json()) as { time: number }).time;
    const [first, second] = cluster.parts.mailboxNodes;
    const apart = Math.sign(aheadMs) * ((await timeOf(second!.url)) - (await timeOf(first!.url)));
    expect(apart).toBeGreaterThan(FIVE_MINUTES_MS - 60_000);

    const alice = await cluster.person('alice', cluster.masters, {
      now: () => Date.now() - 2 * aheadMs,
    });
    const bob = await cluster.person('bob');
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    expect((await alice.sendAccepted(bob, 'live')).copies).toBe(2);
    await bob.seesLast(alice, 'live');
    await bob.sendAccepted(alice, 'answer');
    await alice.seesLast(bob, 'answer');
    await bob.leave();
    for (const text of ['one', 'two']) await alice.sendAccepted(bob, text);
    await cluster.alike();
    await bob.enterLive();
    expect(await bob.seesLast(alice, 'two')).toEqual(['live', 'one', 'two']);
    await waitFor('bob to have everything', () => bob.catchUps.at(-1)?.complete === true);
    await cluster.empty();
    expect(bob.shown).toEqual(['live', 'one', 'two']);
    const [master] = cluster.parts.masters;
    expect(await metricOf(master!.url, 'gateway_deletes_total', { result: 'failed' })).toBe(0);
  },
);
