import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveMessageId } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import type { MasterNode } from './index.ts';
import { connect, mintId, recipient, register, waiting } from './testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from './testing/test-nodes.model.ts';

describe('one message', () => {
  let nodes: TestNodes;
  let master: MasterNode;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master();
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  it('is pushed, stored on the nodes, accepted, and deleted once it is acknowledged', async () => {
    const [alice, bob] = await Promise.all([register(master.url), register(master.url)]);
    const [fromAlice, toBob] = await Promise.all([connect(master.url, alice), connect(master.url, bob)]);
    expect(toBob.frames[0]).toMatchObject({ type: 'welcome', accountId: bob.accountId, deviceId: 1 });

    const id = mintId();
    const answer = await fromAlice.send([recipient(bob)], id);
    const messageId = deriveMessageId(alice, id);
    expect(answer).toMatchObject({ type: 'accepted', id, messageId });
    expect(answer.type === 'accepted' && answer.copies).toBeGreaterThanOrEqual(2);
    const [pushed] = await toBob.hears('envelope');
    expect(pushed!.envelope).toMatchObject({ id: messageId, senderId: alice.accountId, senderDeviceId: 1 });
    for (const url of nodes.nodeUrls) {
      await waitFor('the copy', async () => (await waiting(url, bob)).length === 1);
      expect(await waiting(url, bob)).toEqual([pushed!.envelope]);
    }

    const sender = { senderId: alice.accountId, senderDeviceId: 1 };
    const messages = [{ id: messageId, ...sender }];
    toBob.write({ type: 'acknowledge', state: 'delivered', receipts: true, messages });
    expect(await toBob.hears('acknowledged')).toEqual([
      { type: 'acknowledged', ids: [messageId], copies: 3 },
    ]);
    for (const url of nodes.nodeUrls) expect(await waiting(url, bob)).toEqual([]);
    expect(await fromAlice.hears('receipt')).toEqual([
      { type: 'receipt', state: 'delivered', accountId: bob.accountId, deviceId: 1, ids: [messageId] },
    ]);
  });
});
