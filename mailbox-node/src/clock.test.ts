import { buckets, LIMITS } from '@restante/protocol';
import { BELIEVED_STEP_MS, CLOCK_DOCUMENT, connectCouch, type CouchServer } from '@restante/service-kit';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  waitFor,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaryConfirmed, CANARY_RANGE, createCanary } from './couch/canary.ts';

/** Clocks that are wrong by days, on one node or on all (law 15). */

const DAY_MS = 24 * 60 * 60 * 1000;
const { nameAt, liveAt } = buckets(10, LIMITS.messageTtlMs);

type ClockHealth = { readonly isDoubted: boolean; readonly aheadSeconds: number };

const healthOf = async ({ url }: TestNode) =>
  (await (await fetch(`${url}/health`)).json()) as {
    status: string;
    isComplete: boolean;
    clock: ClockHealth;
  };

describe('a wrong clock', () => {
  let mesh: TestMesh;
  let admins: (CouchServer & AsyncDisposable)[];
  /** How far the clock of each node is off. */
  const offMs = [0, 0];
  const keys = newTestKeys(() => Math.min(...offMs) + Date.now());
  const mailbox = newMailbox();
  const shifted = (index: number) => ({ now: () => Date.now() + offMs[index]! });

  const running = (): [TestNode, TestNode] => mesh.nodes as [TestNode, TestNode];
  const prefix = (): string => mesh.couches.prefix;

  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(2), keys, shifted);
    admins = mesh.couches.adminUrls.map((url) => connectCouch(url, 10_000));
  });
  afterAll(async () => {
    await Promise.all(admins.map((admin) => admin[Symbol.asyncDispose]()));
    await mesh[Symbol.asyncDispose]();
  });

  /** Starts the nodes with their clocks off by so much. */
  const startAll = async (...off: readonly [number, number]): Promise<[TestNode, TestNode]> => {
    await mesh.stop();
    [offMs[0], offMs[1]] = off;
    await mesh.restart(shifted);
    return running();
  };
  const own = (): string => `${prefix()}node`;
  const confirmedOf = (index: number) =>
    waitFor(
      'the confirmed time',
      async () =>
        (await admins[index]!.request({ db: own(), path: CLOCK_DOCUMENT })) as {
          _rev: string;
          confirmedAt: number;
        },
    );
  const sayConfirmed = async (index: number, confirmedAt: number): Promise<void> => {
    const { _rev } = await confirmedOf(index);
    await admins[index]!.request({
      db: own(),
      path: CLOCK_DOCUMENT,
      method: 'PUT',
      body: { _rev, confirmedAt },
    });
  };
  const bucketsOf = async (index: number): Promise<string[]> =>
    ((await admins[index]!.request({ path: '_all_dbs' })) as string[]).filter((name) =>
      name.startsWith(`${prefix()}messages-`),
    );
  const isDoubted = async (node: TestNode): Promise<boolean> => (await healthOf(node)).clock.isDoubted;
  /** Whole rounds of maintenance: every bucket of the node's own time is there, and swept after. */
  const hasSwept = async (index: number): Promise<void> => {
    const wanted = liveAt(Date.now() + offMs[index]!).map((name) => prefix() + name);
    await waitFor('its buckets', async () => {
      const present = await bucketsOf(index);
      return wanted.every((name) => present.includes(name));
    });
    // Each round loads the confirmed time first: two more words are read only by whole further rounds.
    for (let round = 0; round < 2; round += 1) {
      const { confirmedAt } = await confirmedOf(index);
      await sayConfirmed(index, confirmedAt + 1);
      await waitFor('another round', async () => {
        const { clock } = (await healthOf(running()[index]!)) as unknown as {
          clock: { confirmedAt: number };
        };
        return clock.confirmedAt >= confirmedAt + 1;
      });
    }
  };
  const waiting = async (): Promise<string[][]> => Promise.all(running().map((node) => node.ids(mailbox)));

  const mail = Array.from({ length: 3 }, (_, day) =>
    newEnvelope(mailbox, { timeMs: Date.now() - (20 - day) * DAY_MS }),
  );
  const ids = mail.map(({ id }) => id);

  beforeAll(async () => {
    await running()[0].store(...mail);
    for (const node of running()) {
      await waitFor('the mail', async () => (await node.ids(mailbox)).join() === ids.join());
      await waitFor('the mesh', async () => (await healthOf(node)).status === 'up');
    }
  });

  const allIsThereAgain = async (): Promise<void> => {
    await startAll(0, 0);
    for (const node of running()) {
      await waitFor('all is well', async () => (await healthOf(node)).status === 'up');
      expect(await node.list(mailbox)).toMatchObject({ complete: true, expired: 0 });
    }
    expect(await waiting()).toEqual([ids, ids]);
  };

  it('45 days ahead on all nodes drops nothing, hides by id, is told, and is over when the clocks are right', async () => {
    const before = await Promise.all([bucketsOf(0), bucketsOf(1)]);
    for (const node of await startAll(45 * DAY_MS, 45 * DAY_MS)) {
      await waitFor('the doubt', () => isDoubted(node));
      expect(await node.metric('mailbox_clock_doubted')).toBe(1);
      expect(await node.metric('mailbox_clock_ahead_seconds')).toBeGreaterThan(44 * 86_400);
      expect(await healthOf(node)).toMatchObject({ status: 'degraded' });
    }
    await Promise.all([hasSwept(0), hasSwept(1)]);
    expect(await waiting()).toEqual([[], []]);
    for (const index of [0, 1])
      expect(await bucketsOf(index)).toEqual(expect.arrayContaining(before[index]!));
    for (const index of [0, 1])
      expect((await confirmedOf(index)).confirmedAt).toBeLessThan(Date.now() + DAY_MS);
    await allIsThereAgain();
  });

  it('45 days ahead on one node is not confirmed by the other, which does not mind', async () => {
    const [first, second] = await startAll(45 * DAY_MS, 0);
    await waitFor('the doubt', () => isDoubted(first));
    await hasSwept(0);
    expect(await isDoubted(second)).toBe(false);
    expect(await second.ids(mailbox)).toEqual(ids);
    await allIsThereAgain();
  });

  it('a canary is written only with a confirmed time, which whoever finds nothing else goes by', async () => {
    const server = admins[0]!;
    const room = { isFull: () => false, watch: <T>(write: Promise<T>) => write };
    let confirmedMs: number | null = null;
    const bucket = prefix() + nameAt(Date.now());
    const canary = { server, room, node: 'another', bucket: () => bucket, confirmed: () => confirmedMs };
    const write = createCanary({ ...canary, now: () => Date.now() + 45 * DAY_MS });
    const written = async () => {
      const qs = { startkey: 'canary:another:', endkey: 'canary:another;', include_docs: true };
      const { rows } = (await server.request({ db: bucket, path: '_all_docs', qs })) as {
        rows: { doc: unknown }[];
      };
      return rows.map(({ doc }) => canaryConfirmed(doc));
    };
    await write();
    expect(await written()).toEqual([]);
    confirmedMs = 1_000;
    await write();
    expect(await written()).toEqual([1_000]);
  });

  it('without a time on the disk, as after an update, the newest canary tells', async () => {
    await mesh.stop();
    for (const admin of admins) {
      const path = CLOCK_DOCUMENT;
      const { _rev: rev } = (await admin.request({ db: own(), path })) as { _rev: string };
      await admin.request({ db: own(), path, method: 'DELETE', qs: { rev } });
    }
    for (const node of await startAll(45 * DAY_MS, 45 * DAY_MS)) {
      await waitFor('the doubt', () => isDoubted(node));
    }
    await Promise.all([hasSwept(0), hasSwept(1)]);
    await allIsThereAgain();
  });

  it('a node that was off for three weeks is confirmed by its peer', async () => {
    const [first, second] = running();
    await sayConfirmed(0, Date.now() - 21 * DAY_MS);
    await waitFor('the confirmation', async () => {
      const { confirmedAt } = await confirmedOf(0);
      return confirmedAt > Date.now() - DAY_MS && !(await isDoubted(first));
    });
    expect(await isDoubted(second)).toBe(false);
    const { rows } = (await admins[0]!.request({
      db: prefix() + nameAt(Date.now()),
      path: '_all_docs',
      qs: { startkey: CANARY_RANGE.start, endkey: CANARY_RANGE.end, include_docs: true },
    })) as { rows: { doc: unknown }[] };
    expect(rows.some(({ doc }) => canaryConfirmed(doc) !== null)).toBe(true);
  });

  it.each([
    ['a boot in 1970', () => -Date.now() + DAY_MS],
    ['a machine put back to last week', () => -7 * DAY_MS],
  ])('%s is told, loses nothing, and does not count as having all', async (_what, off) => {
    const oldestKept = prefix() + liveAt(Date.now() - BELIEVED_STEP_MS)[0]!;
    await waitFor('what an earlier time had to go', async () => (await bucketsOf(0))[0]! >= oldestKept);
    const before = await bucketsOf(0);
    const [first, second] = await startAll(off(), 0);
    await waitFor('the doubt', () => isDoubted(first));
    expect(await first.metric('mailbox_clock_doubted')).toBe(1);
    expect((await first.list(mailbox)).complete).toBe(false);
    const late = newEnvelope(mailbox);
    expect(await first.store(late)).toEqual([{ status: 'refused', code: 'clock-skew' }]);
    expect((await confirmedOf(0)).confirmedAt).toBeGreaterThan(Date.now() - DAY_MS);
    expect(await bucketsOf(0)).toEqual(before);
    expect(await second.ids(mailbox)).toEqual(ids);
    await allIsThereAgain();
  });

  it("after an operator's word what is over is dropped", async () => {
    const ahead = LIMITS.messageTtlMs + BELIEVED_STEP_MS + 40 * DAY_MS;
    const before = liveAt(Date.now()).map((name) => prefix() + name);
    const nodes = await startAll(ahead, ahead);
    for (const node of nodes) await waitFor('the doubt', () => isDoubted(node));
    for (const index of [0, 1]) await sayConfirmed(index, Date.now() + ahead);
    for (const node of nodes) await waitFor('the word', async () => !(await isDoubted(node)));
    for (const index of [0, 1]) {
      await waitFor('the drop', async () => {
        const present = await bucketsOf(index);
        return before.every((name) => !present.includes(name));
      });
    }
  });
});
