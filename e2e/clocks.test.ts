import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';
import { clockShift, clockShiftOf, metricOf, startTestCluster } from '@restante/testkit/cluster';
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

it(
  'mail waits on while every clock is 45 days ahead, which operators are told (law 15)',
  { timeout: 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'restante-clocks-'));
    const file = join(folder, 'shift');
    await writeFile(file, '0');
    const off = clockShiftOf(file);
    await using cluster = await startTestCluster({ settings: { master: off, mailboxNode: off } });
    const { masters, mailboxNodes } = cluster.parts;
    const services = [...masters, ...mailboxNodes];
    /** Starts masters and nodes anew with their clocks off by so much. */
    const shift = async (ms: number): Promise<void> => {
      await writeFile(file, String(ms));
      await Promise.all(services.map((service) => service.kill('SIGKILL')));
      await cluster.heal();
    };
    const doubts = async (wanted: boolean): Promise<void> => {
      for (const { name, url } of services) {
        await waitFor(`${name} to ${wanted ? 'doubt' : 'believe'} its clock`, async () => {
          const { clock } = (await (await fetch(`${url}/health`)).json()) as {
            clock: { isDoubted: boolean; confirmedAt: number | null };
          };
          return clock.confirmedAt !== null && clock.isDoubted === wanted;
        });
      }
    };
    const alice = await cluster.person('alice');
    const bob = await cluster.person('bob');
    await alice.enterLive();
    for (const text of ['one', 'two']) await alice.sendAccepted(bob, text);
    await alice.leave();
    const waiting = (await cluster.alike()).size;
    await doubts(false);

    await shift(45 * 24 * 60 * 60_000);
    await doubts(true);
    for (const { url } of masters) expect(await metricOf(url, 'gateway_clock_doubted')).toBe(1);
    for (const { url } of mailboxNodes) {
      expect(await metricOf(url, 'mailbox_clock_doubted')).toBe(1);
      // With the directory and five of the confirmed time also those of the clock: a round of maintenance has passed.
      await waitFor('the buckets of both times', async () => {
        const { databases } = (await (await fetch(`${url}/health`)).json()) as { databases: unknown[] };
        return databases.length > 6;
      });
    }
    expect((await cluster.alike()).size).toBe(waiting);
    const status = spawnSync(process.execPath, ['scripts/src/main.ts', 'status'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, DATA_DIR: cluster.dataDir },
      encoding: 'utf8',
    });
    expect(status.status).toBe(1);
    for (const part of ['node 1', 'node 2', 'node 3', 'master 1']) {
      expect(status.stdout).toContain(`the clock of ${part} is 45.0 days ahead of the confirmed time`);
    }

    await shift(0);
    await doubts(false);
    expect((await cluster.alike()).size).toBe(waiting);
    await bob.enterLive();
    await bob.seesLast(alice, 'two');
    expect(bob.shown).toEqual(['one', 'two']);
    await rm(folder, { recursive: true });
  },
);
