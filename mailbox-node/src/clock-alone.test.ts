import { buckets, LIMITS } from '@restante/protocol';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  startTestNode,
  waitFor,
  type TestKeys,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One node of three whose clock is wrong, while those of the others are right (law 15). */

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const { nameAt } = buckets(10, LIMITS.messageTtlMs);

type Health = { readonly isComplete: boolean; readonly clock: { readonly isDoubted: boolean } };

describe('a clock that is wrong alone', () => {
  let mesh: TestMesh;
  /** How far the clock of the first node is off. */
  let offMs = 0;
  /** How far that of the masters, which sign all tokens. */
  let masterOffMs = 0;
  const signed = newTestKeys(() => Date.now() + masterOffMs);
  const keys: TestKeys = {
    ...signed,
    asMaster: () => signed.asMaster(),
    asDevice: (device, audience) => signed.asDevice(device, audience),
  };
  const shifted = (index: number) => ({ now: () => Date.now() + (index === 0 ? offMs : 0) });

  const healthOf = async ({ url }: TestNode): Promise<Health> =>
    (await (await fetch(`${url}/health`)).json()) as Health;
  const timeOf = async ({ url }: TestNode): Promise<number | null> =>
    ((await (await fetch(`${url}/ready`)).json()) as { readonly time: number | null }).time;
  const areWhole = async (): Promise<void> => {
    for (const node of mesh.nodes) {
      const isWell = async (): Promise<boolean> => {
        const { isComplete, clock } = await healthOf(node);
        return isComplete && !clock.isDoubted;
      };
      await waitFor('all is well', isWell, { timeoutMs: 100_000 });
    }
  };

  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(3), keys, shifted);
    await areWhole();
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it.each([
    ['14 days ahead', 14 * DAY_MS],
    ['eight hours ahead', 8 * HOUR_MS],
    ['eight hours behind', -8 * HOUR_MS],
  ])('%s: its node goes by the time of the others, and says that its own is wrong', async (_what, off) => {
    const [wrong] = mesh.nodes as [TestNode];
    const mailbox = newMailbox();
    offMs = off;
    await waitFor('the doubt', async () => (await healthOf(wrong)).clock.isDoubted);
    expect(await wrong.metric('mailbox_clock_doubted')).toBe(1);
    expect(await timeOf(wrong)).toBeNull();
    const [now, then] = [newEnvelope(mailbox), newEnvelope(mailbox, { timeMs: Date.now() + 8 * HOUR_MS })];
    expect(await wrong.store(now, then)).toEqual([
      { status: 'stored' },
      { status: 'refused', code: 'clock-skew' },
    ]);
    expect(await wrong.ids(mailbox)).toEqual([now.id]);
    await wrong.acknowledge(mailbox, now.id);
    expect(await wrong.ids(mailbox)).toEqual([]);
    offMs = 0;
    await areWhole();
    expect(Math.abs((await timeOf(wrong))! - Date.now())).toBeLessThan(LIMITS.clockSkewMs);
  });

  /** What the first node takes alone, of a master with the same clock, before it has heard anybody; then all clocks are right. */
  const takenAlone = async (off: number) => {
    await mesh.stop();
    offMs = masterOffMs = off;
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox, { timeMs: Date.now() + off });
    const alone = await startTestNode(mesh.configs[0]!, keys, shifted(0));
    await waitFor('it', async () => (await alone.store(envelope))[0]?.status === 'stored');
    await alone[Symbol.asyncDispose]();
    offMs = masterOffMs = 0;
    await mesh.restart(shifted);
    return { mailbox, envelope };
  };

  it('what it took alone, days ahead, is carried and read when it is right again, and deleted for good', async () => {
    const { mailbox, envelope } = await takenAlone(14 * DAY_MS);
    expect(nameAt(Date.now() + 14 * DAY_MS)).not.toBe(nameAt(Date.now()));
    for (const node of mesh.nodes)
      await waitFor('the mail', async () => (await node.ids(mailbox)).join() === envelope.id);
    for (const node of mesh.nodes) await node.acknowledge(mailbox, envelope.id);
    for (const node of mesh.nodes) expect(await node.ids(mailbox)).toEqual([]);
    await areWhole();
  });

  it('eight hours that it believed alone are taken back when the others are heard', async () => {
    const { mailbox, envelope } = await takenAlone(8 * HOUR_MS);
    await areWhole();
    for (const node of mesh.nodes)
      await waitFor('the mail', async () => (await node.ids(mailbox)).join() === envelope.id);
    for (const node of mesh.nodes) await node.acknowledge(mailbox, envelope.id);
    for (const node of mesh.nodes) expect(await node.ids(mailbox)).toEqual([]);
  });
});
