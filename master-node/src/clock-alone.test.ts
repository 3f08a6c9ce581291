import { LIMITS, session } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MasterNode } from './index.ts';
import {
  call,
  connect,
  metric,
  mintId,
  recipient,
  register,
  waiting,
  type TestDevice,
} from './testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from './testing/test-nodes.model.ts';

const HOUR_MS = 60 * 60 * 1000;

/** A master whose clock is wrong, while those of its nodes are right (law 15). */
describe('a clock that is wrong alone', () => {
  let nodes: TestNodes;
  let master: MasterNode;
  let offMs = 0;
  let [alice, bob] = [null, null] as unknown as [TestDevice, TestDevice];

  const isDoubted = async (): Promise<boolean> =>
    ((await (await fetch(`${master.url}/health`)).json()) as { clock: { isDoubted: boolean } }).clock
      .isDoubted;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master({}, { now: () => Date.now() + offMs });
    [alice, bob] = await Promise.all([register(master.url), register(master.url)]);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  it.each([14 * 24, 8, -8])('is not gone by, %i hours off', async (hours) => {
    offMs = hours * HOUR_MS;
    await waitFor('the doubt', isDoubted);
    expect(await metric(master.url, 'gateway_clock_doubted')).toBe(1);

    const { accountId, deviceId, deviceSecret } = bob;
    const body = { accountId, deviceId, deviceSecret };
    const fresh = session.parse((await call(`${master.url}/api/tokens`, 'POST', { body })).body);
    expect(Math.abs(fresh.serverTime - Date.now())).toBeLessThan(LIMITS.clockSkewMs);
    const before = await Promise.all(nodes.nodeUrls.map((url) => waiting(url, { ...bob, ...fresh })));

    const socket = await connect(master.url, alice);
    const [welcome] = socket.heard('welcome');
    expect(Math.abs(welcome!.serverTime - Date.now())).toBeLessThan(LIMITS.clockSkewMs);
    expect(await socket.send([recipient(bob)])).toMatchObject({ type: 'accepted', copies: 2 });
    expect(await socket.send([recipient(bob)], mintId(Date.now() + 8 * HOUR_MS))).toMatchObject({
      ...{ type: 'refused', error: { code: 'clock-skew' } },
    });
    for (const [index, url] of nodes.nodeUrls.entries()) {
      const more = async () => (await waiting(url, { ...bob, ...fresh })).length - before[index]!.length;
      await waitFor('the copy', async () => (await more()) === 1);
    }
    await socket.close();

    offMs = 0;
    await waitFor('the clock to be believed', async () => !(await isDoubted()));
  });
});
