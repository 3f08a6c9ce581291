import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { session, type Session } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import type { MasterNode } from '../index.ts';
import {
  call,
  connect,
  recipient,
  register,
  waiting,
  type TestDevice,
} from '../testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from '../testing/test-nodes.model.ts';
import { cellOf } from './cell.ts';

/** Masters before, while and after the cell `west` is added, which live at the same time. */
describe('a cell that is being added', () => {
  let nodes: TestNodes;
  let before: MasterNode;
  let during: MasterNode;
  let after: MasterNode;
  let moved: TestDevice;
  let stayed: TestDevice;
  let alice: TestDevice;

  const tokens = async (master: MasterNode, { accountId, deviceId, deviceSecret }: TestDevice) => {
    const body = { accountId, deviceId, deviceSecret };
    return session.parse((await call(`${master.url}/api/tokens`, 'POST', { body })).body);
  };
  const canConnect = async (master: MasterNode, by: Session): Promise<boolean> => {
    const socket = await connect(master.url, by).catch(() => null);
    await socket?.close();
    return socket !== null;
  };
  const stored = async (device: TestDevice): Promise<number[]> =>
    Promise.all(nodes.nodeUrls.map(async (url) => (await waiting(url, device)).length));

  beforeAll(async () => {
    nodes = await startTestNodes();
    const [east1 = '', east2 = '', west1 = ''] = nodes.proxies.map(({ url }) => url);
    const east = `east/node1=${east1}|/node1,east/node2=${east2}|/node2`;
    const both = `${east},west/node3=${west1}|/node3`;
    const alike = { WRITE_CONCERN: '1' };
    before = await nodes.master({ ...alike, MAILBOX_NODES: east });
    during = await nodes.master({ ...alike, MAILBOX_NODES: both, JOINING_CELL: 'west' });
    after = await nodes.master({ ...alike, MAILBOX_NODES: both });
    const found = new Map<string, TestDevice>();
    await waitFor('an account of each cell', async () => {
      const device = await register(before.url);
      found.set(cellOf(device.accountId, [{ name: 'east' }, { name: 'west' }]).name, device);
      return found.size === 2;
    });
    moved = found.get('west')!;
    stayed = found.get('east')!;
    alice = await register(before.url);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  it('is told with the former one, and alone once it is there', async () => {
    const nodesFor = async (device: TestDevice) =>
      Promise.all([before, during, after].map(async (master) => (await tokens(master, device)).mailboxNodes));
    expect(await nodesFor(moved)).toEqual([['/node1', '/node2'], ['/node3', '/node1', '/node2'], ['/node3']]);
    expect(await nodesFor(stayed)).toEqual(Array(3).fill(['/node1', '/node2']));
  });

  it('is known to whoever is connected: a session without it has ended', async () => {
    const [former, both, own] = [
      await tokens(before, moved),
      await tokens(during, moved),
      await tokens(after, moved),
    ];
    const mayConnect = async (by: Session) => [
      await canConnect(before, by),
      await canConnect(during, by),
      await canConnect(after, by),
    ];
    expect(await mayConnect(former)).toEqual([true, false, false]);
    expect(await mayConnect(both)).toEqual([true, true, true]);
    expect(await mayConnect(own)).toEqual([true, false, true]);
    expect(await mayConnect(await tokens(during, stayed))).toEqual([true, true, true]);
  });

  it('has what is sent, as the former one has, and loses it there too', async () => {
    const reader = await connect(during.url, await tokens(during, moved));
    const writer = await connect(during.url, await tokens(during, alice));
    expect(await writer.send([recipient(moved), recipient(stayed)])).toMatchObject({ type: 'accepted' });
    await waitFor('all copies', async () => (await stored(moved)).every((count) => count === 1));
    expect(await stored(stayed)).toEqual([1, 1, 0]);
    const messages = (await reader.hears('envelope')).map(({ envelope }) => envelope);
    reader.write({
      ...{ type: 'acknowledge', receipts: false },
      messages: messages.map(({ id, senderId, senderDeviceId }) => ({ id, senderId, senderDeviceId })),
    });
    expect(await reader.hears('acknowledged')).toMatchObject([{ copies: 3 }]);
    expect(await stored(moved)).toEqual([0, 0, 0]);
    await reader.close();
    await writer.close();
  });

  it('is needed by those whose mail is there, and by nobody else', async () => {
    const writer = await connect(during.url, await tokens(during, alice));
    const west = nodes.proxies[2]!;
    west.set('refuse');
    west.cut();
    expect(await writer.send([recipient(moved)])).toMatchObject({ error: { code: 'unavailable' } });
    expect(await writer.send([recipient(stayed)])).toMatchObject({ type: 'accepted' });
    expect((await call(`${during.url}/health`, 'GET')).body).toMatchObject({
      status: 'ok',
      cells: [
        { name: 'east', joining: false, hasQuorum: true },
        { name: 'west', joining: true, hasQuorum: false },
      ],
    });
    west.set('pass');
    await waitFor(
      'an accepted message',
      async () => (await writer.send([recipient(moved)])).type === 'accepted',
    );
    await writer.close();
  });
});
