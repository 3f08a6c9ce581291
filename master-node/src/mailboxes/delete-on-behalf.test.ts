import { describe, expect, it } from 'vitest';
import { LIMITS, type DeviceAddress } from '@restante/protocol';
import { createTokenSigner, ServiceError } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { createMetrics } from '../metrics.ts';
import { testKeys } from '../testing/test-nodes.model.ts';
import { createDeleteOnBehalf } from './delete-on-behalf.ts';
import type { MailboxNode } from './mailbox-node.ts';

type Request = { readonly node: string; readonly token: string; readonly ids: string[] };

const setUp = (answers: Readonly<Record<string, boolean>>) => {
  const requests: Request[] = [];
  const nodes = Object.entries(answers).map(([name, answer]): MailboxNode => ({
    name,
    isUp: () => true,
    post: (_call, token, body) => {
      requests.push({ node: name, token, ...(JSON.parse(body) as { ids: string[] }) });
      return answer
        ? Promise.resolve({ deleted: 1 } as never)
        : Promise.reject(new ServiceError('unavailable', 'test'));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
  const deleteOnBehalf = createDeleteOnBehalf({
    nodesOf: () => nodes,
    signer: createTokenSigner(testKeys().privateKey),
    metrics: createMetrics(Object.keys(answers)),
    now: Date.now,
  });
  return {
    requests,
    deleteOnBehalf: (device: DeviceAddress, ids: readonly string[]) => deleteOnBehalf(device, ids, 'request'),
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
