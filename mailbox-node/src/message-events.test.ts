import { envelope as envelopeSchema, type DeviceAddress, type Envelope } from '@restante/protocol';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startFaultProxy,
  startTestMesh,
  startTestNode,
  waitFor,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const keys = newTestKeys();

/** A device's stream of live events. */
const openStream = async (node: TestNode, mailbox: DeviceAddress) => {
  const abort = new AbortController();
  const headers = await keys.asDevice(mailbox);
  const url = `${node.url}/messages/${mailbox.accountId}/events?device=${mailbox.deviceId}`;
  const answer = await waitFor('a node that follows its CouchDB', async () => {
    const opened = await fetch(url, { headers, signal: abort.signal });
    return opened.ok && opened;
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  const ended = (async () => {
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  })().catch(() => undefined);
  await waitFor('the stream', () => text.startsWith(': listening\n\n'));
  const envelopes = (): Envelope[] =>
    [...text.matchAll(/^event: envelope\nid: (.*)\ndata: (.*)$/gm)].map(([, id, data]) => {
      const envelope = envelopeSchema.parse(JSON.parse(data!));
      expect(envelope.id).toBe(id);
      return envelope;
    });
  return {
    ids: () => envelopes().map(({ id }) => id),
    text: () => text,
    ended,
    [Symbol.dispose]: () => abort.abort(),
  };
};

describe('a stream of live events', () => {
  let mesh: TestMesh;
  let first: TestNode;
  let second: TestNode;
  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(2), keys);
    [first, second] = mesh.nodes as [TestNode, TestNode];
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it('has no head: who asks for that alone is answered, and listens to nothing', async () => {
    const mailbox = newMailbox();
    using stream = await openStream(first, mailbox);
    const listeners = await first.metric('mailbox_listeners');
    const answer = await fetch(
      `${first.url}/messages/${mailbox.accountId}/events?device=${mailbox.deviceId}`,
      {
        method: 'HEAD',
        headers: await keys.asDevice(mailbox),
      },
    );
    expect(answer.status).toBe(405);
    expect(await first.metric('mailbox_listeners')).toBe(listeners);
    expect(stream.ids()).toEqual([]);
  });

  it('brings what is stored here and what replication brings, to its mailbox alone', async () => {
    const [mailbox, other] = [newMailbox(), newMailbox()];
    using mine = await openStream(first, mailbox);
    using also = await openStream(first, mailbox);
    using others = await openStream(first, other);
    const [here, there, expired] = [newEnvelope(mailbox), newEnvelope(mailbox), newEnvelope(mailbox)];
    await first.store(here);
    await waitFor('the message', () => mine.ids().includes(here.id));
    await second.store({ ...expired, expiresAt: Date.now() + 1 }, there);
    for (const stream of [mine, also]) {
      await waitFor('both', () => stream.ids().includes(here.id) && stream.ids().includes(there.id));
    }
    const page = await first.list(mailbox);
    expect(page.messages).toContainEqual(expect.objectContaining({ id: here.id, payload: here.payload }));
    const forOther = newEnvelope(other);
    await first.store(forOther);
    await waitFor("the other's message", () => others.ids().length > 0);
    expect(others.ids()).toEqual([forOther.id]);
  });

  it('leaves no gap to a read that comes after its opening', async () => {
    const mailbox = newMailbox();
    const envelopes = Array.from({ length: 40 }, () => newEnvelope(mailbox));
    const storing = (async () => {
      for (const envelope of envelopes) await first.store(envelope);
    })();
    using stream = await openStream(first, mailbox);
    const read = await first.ids(mailbox);
    await storing;
    const expected = envelopes.map(({ id }) => id).sort();
    await waitFor('every message', () => new Set([...read, ...stream.ids()]).size === expected.length);
    expect([...new Set([...read, ...stream.ids()])].sort()).toEqual(expected);
  });

  it('goes on when the connection to CouchDB breaks', async () => {
    const { config } = first;
    await using proxy = await startFaultProxy(new URL(config.couch.url).origin);
    const url = new URL(config.couch.url);
    url.host = proxy.address;
    await using node = await startTestNode(
      { ...config, port: 0, couch: { ...config.couch, url: url.href } },
      keys,
    );
    const mailbox = newMailbox();
    using stream = await openStream(node, mailbox);
    const [before, during] = [newEnvelope(mailbox), newEnvelope(mailbox)];
    await node.store(before);
    await waitFor('the message before', () => stream.ids().includes(before.id));
    proxy.set('refuse');
    proxy.cut();
    await first.store(during);
    proxy.set('pass');
    await waitFor('the message stored meanwhile', () => stream.ids().includes(during.id));
  });

  it('says why it ends', async () => {
    const node = await startTestNode({ ...first.config, port: 0 }, keys);
    const mailbox = newMailbox();
    const streams = [];
    for (let index = 0; index < 5; index += 1) streams.push(await openStream(node, mailbox));
    await streams[0]!.ended;
    expect(streams[0]!.text()).toContain('event: end\ndata: {"code":"superseded"}');
    expect(await node.metric('mailbox_listeners')).toBe(4);
    await node[Symbol.asyncDispose]();
    await streams[4]!.ended;
    expect(streams[4]!.text()).toContain('event: end\ndata: {"code":"draining"}');
  });

  it('frees its place when its device goes', async () => {
    const mailbox = newMailbox();
    const before = (await first.metric('mailbox_listeners')) ?? NaN;
    const stream = await openStream(first, mailbox);
    expect(await first.metric('mailbox_listeners')).toBe(before + 1);
    stream[Symbol.dispose]();
    await waitFor('the place', async () => (await first.metric('mailbox_listeners')) === before);
  });
});
