import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessTokenBytes, deriveMessageId, documentId, envelopeRevision, LIMITS } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { createLocalBus } from './local-bus.ts';
import {
  call,
  connect,
  envelopeFor,
  login,
  metric,
  mintId,
  recipient,
  register,
  waiting,
  type TestDevice,
  type TestSocket,
} from '../testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from '../testing/test-nodes.model.ts';
import type { MasterNode } from '../index.ts';

describe('send', () => {
  let nodes: TestNodes;
  let master: MasterNode;
  let strict: MasterNode;
  let alice: TestDevice;
  let fromAlice: TestSocket;

  beforeAll(async () => {
    nodes = await startTestNodes({ MAILBOX_MAX_MESSAGES: '20' });
    master = await nodes.master();
    strict = await nodes.master({ WRITE_POLICY: 'strict' });
    alice = await register(master.url);
    fromAlice = await connect(master.url, alice);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const proxy of nodes.proxies) proxy.set('pass');
    for (const { url } of [master, strict]) {
      await waitFor('all nodes', async () => {
        const { body } = await call(`${url}/health`, 'GET');
        return (body as { mailboxNodes: { up: boolean }[] }).mailboxNodes.every(({ up }) => up);
      });
    }
  });

  const kill = (...indexes: number[]): void => {
    for (const index of indexes) {
      nodes.proxies[index]!.set('refuse');
      nodes.proxies[index]!.cut();
    }
  };
  const stored = async (device: TestDevice): Promise<number[]> =>
    Promise.all(nodes.nodeUrls.map(async (url) => (await waiting(url, device)).length));

  it('a stranger has a small share of a mailbox, whom its owner has let in a large one', async () => {
    await using few = await startTestNodes({ MAILBOX_STRANGERS_MESSAGES: '8' });
    const here = await few.master();
    const [bob, friend, stranger] = [
      await register(here.url),
      await register(here.url),
      await register(here.url),
    ];
    const [fromFriend, fromStranger] = [await connect(here.url, friend), await connect(here.url, stranger)];
    const key = Buffer.from(bob.accessKey!, 'base64url');
    const access = Buffer.from(accessTokenBytes(key, friend.accountId)).toString('base64url');
    const write = (socket: TestSocket, shown?: string) =>
      socket.send([{ ...recipient(bob), ...(shown === undefined ? {} : { access: shown }) }]);
    for (let count = 0; count < 2; count += 1)
      expect(await write(fromStranger)).toMatchObject({ type: 'accepted' });
    const full = {
      type: 'refused',
      error: { code: 'sender-share-full', retryAfterMs: expect.any(Number) as number },
    };
    expect(await write(fromStranger)).toMatchObject(full);
    // Another one's token is none.
    expect(await write(fromStranger, access)).toMatchObject(full);
    for (let count = 0; count < 10; count += 1)
      expect(await write(fromFriend, access)).toMatchObject({ type: 'accepted', copies: 2 });
    expect(await metric(here.url, 'gateway_sends_refused_total{code="sender-share-full"}')).toBe(2);
    const toBob = await connect(here.url, bob);
    const messages = (await waiting(few.nodeUrls[0]!, bob)).map(({ id, senderId, senderDeviceId }) => ({
      ...{ id, senderId, senderDeviceId },
    }));
    toBob.write({ type: 'acknowledge', receipts: false, messages });
    await toBob.hears('acknowledged');
    expect(await write(fromStranger)).toMatchObject({ type: 'accepted' });
  });

  describe('to devices that are not those of the account', () => {
    let bob: [TestDevice, TestDevice];
    let toBob: TestSocket;
    beforeAll(async () => {
      const first = await register(master.url);
      bob = [first, await login(master.url, first.username)];
      toBob = await connect(master.url, first);
    });

    it('names missing, extra and stale ones, and stores and pushes nothing', async () => {
      const gone = { ...envelopeFor(bob[0]), deviceId: 9 };
      const stale = { ...envelopeFor(bob[0]), registrationId: (bob[0].registrationId % 16_000) + 1 };
      const other = await register(master.url);
      const { accountId } = bob[0];
      const answer = await fromAlice.send([recipient(other), { accountId, envelopes: [stale, gone] }]);
      expect(answer).toMatchObject({
        type: 'refused',
        error: { code: 'devices-changed', mismatches: [{ accountId, missing: [2], extra: [9], stale: [1] }] },
      });
      expect(await stored(bob[0])).toEqual([0, 0, 0]);
      expect(await stored(other)).toEqual([0, 0, 0]);
      expect(toBob.heard('envelope')).toEqual([]);
    });

    it('knows a new device at once, at this master and at another without a bus', async () => {
      const first = await register(master.url);
      const elsewhere = await connect(strict.url, await login(master.url, alice.username));
      expect(await fromAlice.send([recipient(first)])).toMatchObject({ type: 'accepted' });
      expect(await elsewhere.send([recipient(first)])).toMatchObject({ type: 'accepted' });
      const second = await login(master.url, first.username);
      const refused = { type: 'refused', error: { code: 'devices-changed' } };
      expect(await fromAlice.send([recipient(first)])).toMatchObject(refused);
      await waitFor(
        'the other master to know',
        async () => (await elsewhere.send([recipient(first)])).type === 'refused',
      );
      expect(await elsewhere.send([recipient(first, second)])).toMatchObject({ type: 'accepted' });
      await elsewhere.close();
    });

    it('wants all other devices of the own account, and not the sending one', async () => {
      const first = await register(master.url);
      const second = await login(master.url, first.username);
      const socket = await connect(master.url, first);
      expect(await socket.send([recipient(second)])).toMatchObject({ type: 'accepted' });
      expect(await socket.send([recipient(first, second)])).toMatchObject({
        error: { mismatches: [{ missing: [], extra: [1], stale: [] }] },
      });
    });

    it('does not find an account that is not there', async () => {
      const nobody = { ...recipient(bob[0]), accountId: '00000000-0000-4000-8000-000000000000' };
      const answer = await fromAlice.send([recipient(bob[0], bob[1]), nobody]);
      expect(answer).toMatchObject({ type: 'refused', error: { code: 'not-found' } });
      expect(await stored(bob[0])).toEqual([0, 0, 0]);
    });
  });

  it('refuses what names an account or a device twice, or too many devices', async () => {
    const bob = await register(master.url);
    const { accountId, envelopes } = recipient(bob);
    expect(await fromAlice.send([recipient(bob), recipient(bob)])).toMatchObject({
      error: { code: 'bad-request', path: 'recipients' },
    });
    expect(await fromAlice.send([{ accountId, envelopes: [...envelopes, ...envelopes] }])).toMatchObject({
      error: { code: 'bad-request', path: 'recipients.0.envelopes' },
    });
    const many = [1, 2, 3].map((account) => ({
      accountId: `00000000-0000-4000-8000-00000000000${account}`,
      envelopes: Array.from({ length: 100 }, (_, index) => ({ ...envelopeFor(bob), deviceId: index + 1 })),
    }));
    expect(await fromAlice.send(many)).toMatchObject({ error: { code: 'bad-request', path: 'recipients' } });
  });

  it('refuses ids from the future and from too long ago', async () => {
    const bob = await register(master.url);
    const future = await fromAlice.send([recipient(bob)], mintId(Date.now() + LIMITS.clockSkewMs + 60_000));
    expect(future).toMatchObject({ error: { code: 'clock-skew' } });
    const past = await fromAlice.send([recipient(bob)], mintId(Date.now() - LIMITS.messageTtlMs));
    expect(past).toMatchObject({ error: { code: 'message-expired' } });
  });

  it('is one message when it is repeated after the answer was lost, also through another master', async () => {
    const bob = await register(master.url);
    const [id, recipients] = [mintId(), [recipient(bob)]];
    const device = await register(master.url);
    const lost = await connect(master.url, device);
    lost.write({ type: 'send', id, recipients });
    lost.socket.terminate();
    const expected = { type: 'accepted', messageId: deriveMessageId(device, id) };
    for (const { url } of [master, strict]) {
      const again = await connect(url, device);
      expect(await again.send(recipients, id)).toMatchObject(expected);
      await again.close();
    }
    await waitFor('one copy each', async () => (await stored(bob)).join() === '1,1,1');
  });

  it('is one revision when two masters store it at the same time', async () => {
    const bob = await register(master.url);
    const [id, recipients] = [mintId(), [recipient(bob)]];
    const sockets = await Promise.all([connect(master.url, alice), connect(strict.url, alice)]);
    const answers = await Promise.all(sockets.map((socket) => socket.send(recipients, id)));
    expect(answers.map(({ type }) => type)).toEqual(['accepted', 'accepted']);
    expect(await stored(bob)).toEqual([1, 1, 1]);
    const document = documentId(bob, deriveMessageId(alice, id));
    for (const prefix of ['node1', 'node2', 'node3']) {
      expect(await nodes.leaves(prefix, document)).toEqual([envelopeRevision(document)]);
    }
    fromAlice = await connect(master.url, alice);
  });

  describe('while mailbox nodes are down', () => {
    it.each([
      [[0], 'refuse', 2, 2],
      [[2], 'stall', 2, 2],
      [[0, 1], 'refuse', 1, null],
      [[1, 2], 'stall', 1, null],
      [[0, 1, 2], 'refuse', null, null],
    ] as const)('%j by %s: %s copies under available, %s under strict', async (down, fault, ...expected) => {
      const bob = await register(master.url);
      for (const index of down) {
        if (fault === 'refuse') kill(index);
        else nodes.proxies[index]!.set('stall');
      }
      for (const [url, copies] of [
        [master.url, expected[0]],
        [strict.url, expected[1]],
      ] as const) {
        const socket = await connect(url, await register(master.url));
        const answer = await socket.send([recipient(bob)]);
        if (copies === null)
          expect(answer).toMatchObject({ type: 'refused', error: { code: 'unavailable' } });
        else expect(answer).toMatchObject({ type: 'accepted', copies });
        await socket.close();
      }
    });

    it('live push goes on with all of them down, and the send is not accepted', async () => {
      const bob = await register(master.url);
      const toBob = await connect(master.url, bob);
      kill(0, 1, 2);
      expect(await fromAlice.send([recipient(bob)])).toMatchObject({ error: { code: 'unavailable' } });
      await toBob.hears('envelope');
    });

    it('a node that is down is not waited for, and is written to again once it is back', async () => {
      const bob = await register(master.url);
      nodes.proxies[0]!.set('stall');
      await fromAlice.send([recipient(bob)]);
      await waitFor('the node to be passed over', async () => {
        return (await metric(master.url, 'gateway_mailbox_node_up{node="node1"}')) === 0;
      });
      expect(await fromAlice.send([recipient(bob)])).toMatchObject({ type: 'accepted' });
      nodes.proxies[0]!.set('pass');
      await waitFor(
        'the node',
        async () => (await metric(master.url, 'gateway_mailbox_node_up{node="node1"}')) === 1,
      );
      const before = (await stored(bob))[0]!;
      await fromAlice.send([recipient(bob)]);
      await waitFor('its copy', async () => (await stored(bob))[0] === before + 1);
    });
  });

  it('reaches a device that connects after the push and reads before the store', async () => {
    const bob = await register(master.url);
    for (const proxy of nodes.proxies) proxy.set('stall');
    const series = 'gateway_push_latency_seconds_count';
    const pushes = await metric(master.url, series);
    const id = mintId();
    const accepted = fromAlice.send([recipient(bob)], id);
    await waitFor('the push', async () => (await metric(master.url, series)) === pushes + 1);
    const toBob = await connect(master.url, bob);
    expect(await stored(bob)).toEqual([0, 0, 0]);
    for (const proxy of nodes.proxies) proxy.set('pass');
    expect(await accepted).toMatchObject({ type: 'accepted' });
    const [frame] = await toBob.hears('envelope');
    expect(frame!.envelope.id).toBe(deriveMessageId(alice, id));
  });

  it('is refused when the mailbox is full on every node', async () => {
    const bob = await register(master.url);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fromAlice.send([recipient(bob)])));
    expect(answers.filter(({ type }) => type === 'refused')).toEqual([]);
    await waitFor('all copies', async () => (await stored(bob)).join() === '20,20,20');
    expect(await fromAlice.send([recipient(bob)])).toMatchObject({
      type: 'refused',
      error: { code: 'mailbox-full' },
    });
  });

  it('is held to a rate per device', async () => {
    const slow = await nodes.master({ MESSAGES_PER_DEVICE_PER_MINUTE: '3' });
    const [carol, bob] = [await register(slow.url), await register(slow.url)];
    const socket = await connect(slow.url, carol);
    const answers = [];
    for (let index = 0; index < 4; index += 1) answers.push(await socket.send([recipient(bob)]));
    expect(answers.map(({ type }) => type)).toEqual(['accepted', 'accepted', 'accepted', 'refused']);
    expect(answers[3]).toMatchObject({
      error: { code: 'rate-limited', retryAfterMs: expect.any(Number) as number },
    });
    const other = await connect(slow.url, bob);
    expect(await other.send([recipient(carol)])).toMatchObject({ type: 'accepted' });
    await slow[Symbol.asyncDispose]();
  });

  it('is pushed by whichever master has the connection, over a bus', async () => {
    const newBus = createLocalBus();
    const [one, two] = [await nodes.master({}, { bus: newBus() }), await nodes.master({}, { bus: newBus() })];
    const [carol, bob] = [await register(one.url), await register(one.url)];
    const [socket, toBob] = [await connect(one.url, carol), await connect(two.url, bob)];
    await socket.send([recipient(bob)]);
    await toBob.hears('envelope');
    const newer = await connect(one.url, bob);
    await waitFor('the older connection to end', () => toBob.closed() === 4409);
    await socket.send([recipient(bob)]);
    await newer.hears('envelope');
  });
});
