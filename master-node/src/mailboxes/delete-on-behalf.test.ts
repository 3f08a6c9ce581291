import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS, type DeviceAddress } from '@restante/protocol';
import { createLog, createTokenSigner, ServiceError } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { createMetrics } from '../metrics.ts';
import { testKeys } from '../testing/test-nodes.model.ts';
import { startDeleteOnBehalf } from './delete-on-behalf.ts';
import type { MailboxNode } from './mailbox-node.ts';

type Request = { readonly node: string; readonly token: string; readonly ids: string[] };

const running: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each[Symbol.asyncDispose]();
});

const setUp = (answers: Record<string, boolean>) => {
  const requests: Request[] = [];
  /** A request with this id is not done. */
  const refused = { id: '' };
  /** Of the ids of each request. */
  const missing = { count: 0 };
  const nodes = Object.keys(answers).map((name): MailboxNode => ({
    name,
    isUp: () => true,
    post: (_call, token, body) => {
      requests.push({ node: name, token, ...(JSON.parse(body) as { ids: string[] }) });
      return answers[name] === true && !body.includes(`"${refused.id}"`)
        ? Promise.resolve({
            deleted: (JSON.parse(body) as { ids: string[] }).ids.length - missing.count,
          } as never)
        : Promise.reject(new ServiceError('unavailable', 'test'));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
  const metrics = createMetrics(Object.keys(answers));
  const onBehalf = startDeleteOnBehalf({
    nodes,
    nodesOf: () => nodes,
    signer: createTokenSigner(testKeys().privateKey),
    metrics,
    log: createLog('test', 'silent'),
    now: Date.now,
  });
  running.push(onBehalf);
  return {
    requests,
    missing,
    refused,
    metrics,
    deleteOnBehalf: (device: DeviceAddress, ids: readonly string[]) =>
      onBehalf.delete(device, ids, 'request'),
  };
};

const device = (deviceId: number): DeviceAddress => ({
  accountId: '00000000-0000-4000-8000-000000000001',
  deviceId,
});

describe('deletes on behalf of a device', () => {
  it('go to every node, and count those that deleted', async () => {
    const { requests, deleteOnBehalf } = setUp({ one: true, two: false, three: true });
    expect(await deleteOnBehalf(device(1), ['a', 'b'])).toBe(2);
    expect(requests.map(({ node, ids }) => [node, ids])).toEqual([
      ['one', ['a', 'b']],
      ['two', ['a', 'b']],
      ['three', ['a', 'b']],
    ]);
    const [, claims] = requests[0]!.token.split('.');
    expect(JSON.parse(Buffer.from(claims!, 'base64url').toString())).toMatchObject({
      sub: device(1).accountId,
      device: 1,
      aud: 'mailbox',
    });
  });

  it('are owed to a node that has not done them, until it has', async () => {
    const answers: Record<string, boolean> = { one: true, two: false };
    const { requests, metrics, deleteOnBehalf } = setUp(answers);
    const toTwo = () => requests.filter(({ node }) => node === 'two').map(({ ids }) => ids.length);
    const ids = Array.from({ length: 500 }, (_, index) => `id${index}`);
    expect(await Promise.all([deleteOnBehalf(device(1), ids), deleteOnBehalf(device(1), ['more'])])).toEqual([
      1, 1,
    ]);
    expect(await deleteOnBehalf(device(2), ['other'])).toBe(1);
    // Its last one: the next round begins with the first.
    const triesOfLast = () =>
      requests.filter(({ node, ids: [id] }) => node === 'two' && id === 'other').length;
    await waitFor('another try', () => toTwo().length > 3 && triesOfLast() > 1);
    answers['two'] = true;
    requests.length = 0;
    await waitFor('the rest', () => requests.length === 3);
    expect(toTwo()).toEqual([500, 1, 1]);
    expect(await metrics.registry.getSingleMetricAsString('gateway_owed_deletes')).toMatch(
      /\{node="one".*\} 0\n.*\{node="two".*\} 0$/,
    );
  });

  it('of a device that a node refuses hold up those of no other', async () => {
    const answers: Record<string, boolean> = { one: false };
    const { requests, refused, metrics, deleteOnBehalf } = setUp(answers);
    for (const deviceId of [1, 2, 3])
      expect(await deleteOnBehalf(device(deviceId), [`of ${deviceId}`])).toBe(0);
    answers['one'] = true;
    refused.id = 'of 1';
    requests.length = 0;
    const asked = (id: string) => requests.filter(({ ids }) => ids[0] === id).length;
    await waitFor('the others, and the refused one again', () => asked('of 1') > 1);
    expect([asked('of 2'), asked('of 3')]).toEqual([1, 1]);
    expect(await metrics.registry.getSingleMetricAsString('gateway_owed_deletes')).toMatch(/ 1$/);
  });

  it('go once more to a node that had not all of it, which may have been on its way', async () => {
    const { requests, missing, metrics, deleteOnBehalf } = setUp({ one: true });
    missing.count = 1;
    expect(await deleteOnBehalf(device(1), ['a', 'b'])).toBe(1);
    const owed = () => metrics.registry.getSingleMetricAsString('gateway_owed_deletes');
    expect(await owed()).toMatch(/ 2$/);
    await waitFor('the second time', () => requests.length === 2, { timeoutMs: 15_000 });
    expect(requests.map(({ ids }) => ids)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    await waitFor('nothing owed', async () => / 0$/.test(await owed()));
  });

  it('of a busy device go together, within the bound of one request', async () => {
    const { requests, deleteOnBehalf } = setUp({ one: true });
    const acknowledged = Array.from({ length: 800 }, (_, index) => deleteOnBehalf(device(1), [`id${index}`]));
    expect(await Promise.all(acknowledged)).toEqual(Array(800).fill(1));
    expect(requests.flatMap(({ ids }) => ids)).toEqual(
      Array.from({ length: 800 }, (_, index) => `id${index}`),
    );
    expect(requests.length).toBeLessThanOrEqual(3);
    for (const { ids } of requests) expect(ids.length).toBeLessThanOrEqual(LIMITS.idsPerAcknowledge);
    expect(await deleteOnBehalf(device(1), ['later'])).toBe(1);
  });

  it('of one device do not wait for those of another', async () => {
    const { requests, deleteOnBehalf } = setUp({ one: true });
    await Promise.all(Array.from({ length: 100 }, (_, index) => deleteOnBehalf(device(index + 1), ['a'])));
    await waitFor('all', () => requests.length === 100);
    expect(new Set(requests.map(({ token }) => token)).size).toBe(100);
  });
});
