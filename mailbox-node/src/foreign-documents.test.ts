import {
  buckets,
  deviceKey,
  documentId,
  envelopeDocument,
  envelopeRevision,
  mintMessageId,
  tombstoneRevision,
  type DeviceAddress,
} from '@restante/protocol';
import { createLog } from '@restante/service-kit';
import {
  askCouch,
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

const keys = newTestKeys();
const SECRET = 'a-word-in-a-foreign-document';

const BAD_FIELDS = [
  { payload: 5, expiresAt: 'soon', senderId: 'me', senderDeviceId: 'x', sentAt: null, type: 7 },
  { payload: `${SECRET}!` },
  { payload: null },
  { sentAt: 1 },
  { expiresAt: 1e300 },
  { senderDeviceId: 0 },
  { type: 'letter' },
];

type Couch = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

const connect = ({ config }: TestNode): Couch => {
  const database = config.couch.databasePrefix + buckets(10, config.messageTtlMs).nameAt(Date.now());
  return async (method, path, body) =>
    (await askCouch(config.couch.adminUrl, `${database}/${path}`, method, body)).body as Record<
      string,
      unknown
    >;
};

describe('documents that no node wrote', () => {
  let mesh: TestMesh;
  let nodes: [TestNode, TestNode];
  let first: TestNode;
  let second: TestNode;
  let onFirst: Couch;
  let onSecond: Couch;
  const lines: string[] = [];

  beforeAll(async () => {
    const log = createLog('test', 'info', { write: (line) => void lines.push(line) });
    mesh = await startTestMesh(await startCouches(2), keys, () => ({ log }));
    nodes = mesh.nodes as [TestNode, TestNode];
    [first, second] = nodes;
    [onFirst, onSecond] = [connect(first), connect(second)];
    for (const node of nodes) {
      await waitFor('the nodes to be complete', async () => (await node.metric('mailbox_caught_up')) === 1);
    }
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const setAside = (node: TestNode, fault: string) =>
    node.metric(`mailbox_documents_set_aside{fault="${fault}"}`);
  const nowId = (): string => mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
  const bulk = (couch: Couch, ...docs: object[]) => couch('POST', '_bulk_docs', { docs, new_edits: false });
  const complete = { complete: true, next: null };

  /** Documents among the mail of a mailbox, of every kind. */
  const foreign = (mailbox: DeviceAddress): object[] => {
    const prefix = `${deviceKey(mailbox)}:`;
    const good = () => envelopeDocument(newEnvelope(mailbox));
    const odd = [
      '',
      '0',
      '0123',
      'note',
      `${nowId()}:more`,
      nowId().toUpperCase(),
      '\u{1F600}',
      'x'.repeat(3_000),
    ];
    return [
      ...odd.map((id) => ({ ...good(), _id: prefix + id, _rev: `1-${'a'.repeat(32)}` })),
      ...BAD_FIELDS.map((wrong) => ({ ...good(), ...wrong })),
      { _id: prefix + nowId(), _rev: `1-${'b'.repeat(32)}`, note: SECRET },
      // No digit of an id sorts before a space: all of these are read before the mail.
      ...Array.from({ length: 300 }, (_, index) => ({
        _id: `${prefix} ${index}`,
        _rev: `1-${'c'.repeat(32)}`,
      })),
    ];
  };

  it('harm themselves alone: the mail around them is read, in pages of any size, and told live (law 16)', async () => {
    const mailbox = newMailbox();
    const [before, after] = [newEnvelope(mailbox), newEnvelope(mailbox)];
    await first.store(before);
    // The mesh carries none of them.
    for (const couch of [onFirst, onSecond]) await bulk(couch, ...foreign(mailbox));
    await first.store(after);
    await waitFor('the mesh', async () => (await second.ids(mailbox)).length === 2);
    for (const node of nodes) {
      const page = await node.list(mailbox);
      expect(page).toMatchObject(complete);
      expect(page.messages.map(({ id }) => id)).toEqual([before.id, after.id]);
      const byOne = await node.list(mailbox, '&limit=1');
      expect(byOne).toMatchObject({ messages: [{ id: before.id }], complete: false, next: before.id });
      const last = await node.list(mailbox, `&limit=1&after=${before.id}`);
      expect(last.messages.map(({ id }) => id)).toEqual([after.id]);
      expect(await node.ids(mailbox)).toEqual([before.id, after.id]);
      // Fields are not looked at where ids are listed; what has another id or revision is known by that.
      const { ids, ...rest } = await node.listIds(mailbox, '&limit=2000');
      expect(rest).toEqual({ ...complete, expired: 0 });
      expect(ids).toEqual(expect.arrayContaining([before.id, after.id]));
      expect(ids).toHaveLength(2 + BAD_FIELDS.length);
    }
  });

  it('do not hold back the events of their mailbox', async () => {
    const mailbox = newMailbox();
    const abort = new AbortController();
    const url = `${first.url}/messages/${mailbox.accountId}/events?device=${mailbox.deviceId}`;
    const answer = await fetch(url, { headers: await keys.asDevice(mailbox), signal: abort.signal });
    let text = '';
    const ended = (async () => {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    })().catch(() => undefined);
    await waitFor('the stream', () => text.startsWith(': listening'));
    await bulk(onFirst, ...foreign(mailbox));
    const envelope = newEnvelope(mailbox);
    await first.store(envelope);
    await waitFor('the event', () => text.includes(envelope.id));
    expect(text.match(/^event: /gm)).toHaveLength(1);
    abort.abort();
    await ended;
  });

  it('are counted, named to the operator, and logged once and without their content', async () => {
    const mailbox = newMailbox();
    const prefix = `${deviceKey(mailbox)}:`;
    const countsOf = () => Promise.all(nodes.map((node) => setAside(node, 'foreign-id')));
    const before = await countsOf();
    const logged = () => lines.filter((line) => line.includes('document-set-aside')).length;
    const { id, rev } = (await onFirst('POST', '', { _id: `${prefix}note`, note: SECRET })) as {
      id: string;
      rev: string;
    };
    const after = [before[0]! + 1, before[1]];
    await waitFor('the document', async () => (await countsOf()).join() === after.join());
    const count = logged();
    for (let round = 0; round < 3; round += 1) for (const node of nodes) await node.list(mailbox);
    expect(logged()).toBe(count);
    expect(lines.join()).not.toContain(SECRET);
    expect(lines.join()).not.toContain(mailbox.accountId);
    for (const fault of ['foreign-revision', 'bad-fields'])
      expect(await setAside(first, fault)).toBeGreaterThan(0);
    const health = (await (await fetch(`${first.url}/health`)).json()) as {
      setAside: { counts: object; examples: { id: string; database: string; fault: string }[] };
    };
    expect(health.setAside.counts).toMatchObject({ 'foreign-id': after[0] });
    expect(health.setAside.examples[0]).toMatchObject({ fault: expect.any(String) as unknown });

    await onFirst('DELETE', `${encodeURIComponent(id)}?rev=${rev}`);
    await waitFor('the end of it', async () => (await countsOf()).join() === before.join());
  });

  /** Ways in which somebody can put another revision above an envelope. */
  const editings: [
    string,
    (couch: Couch, document: object & { _id: string; _rev: string }) => Promise<unknown>,
  ][] = [
    [
      'an edit by hand',
      (couch, doc) => couch('PUT', encodeURIComponent(doc._id), { ...doc, payload: 'ZWRpdGVk' }),
    ],
    [
      'a longer history',
      (couch, doc) => bulk(couch, { ...doc, _rev: `7-${'f'.repeat(32)}`, payload: 'ZWRpdGVk' }),
    ],
    [
      'two conflicts',
      (couch, doc) =>
        bulk(
          couch,
          { ...doc, _rev: `1-${'f'.repeat(32)}`, payload: 'ZWRpdGVk' },
          { ...doc, _rev: `1-${'0'.repeat(32)}`, payload: 'ZWRpdGVk' },
        ),
    ],
  ];
  const leavesOf = async (couch: Couch, id: string): Promise<string[]> => {
    const path = `_changes?style=all_docs&filter=_doc_ids&doc_ids=${encodeURIComponent(JSON.stringify([id]))}`;
    const { results } = (await couch('GET', path)) as {
      results: { deleted?: true; changes: { rev: string }[] }[];
    };
    return results.flatMap(({ deleted, changes }) =>
      changes.map(({ rev }) => (deleted ? `${rev} deleted` : rev)).sort(),
    );
  };

  it.each(editings)(
    '%s neither stands for the envelope nor survives its deletion (laws 4 and 5)',
    async (_name, edit) => {
      const mailbox = newMailbox();
      const envelope = newEnvelope(mailbox);
      const id = documentId(mailbox, envelope.id);
      await first.store(envelope);
      await waitFor('the mesh', async () => (await second.ids(mailbox)).length === 1);
      await edit(onFirst, envelopeDocument(envelope));
      await waitFor(
        'the other revision',
        async () => (await leavesOf(onFirst, id)).join() !== envelopeRevision(id),
      );
      const later = newEnvelope(mailbox);
      await first.store(later);
      await waitFor('what came later', async () => (await second.ids(mailbox)).includes(later.id));
      expect(await leavesOf(onSecond, id)).toEqual([envelopeRevision(id)]);
      for (const node of nodes) await node.acknowledge(mailbox, later.id);
      for (const node of nodes) {
        const { messages } = await node.list(mailbox);
        expect(messages.map(({ payload }) => payload)).toEqual([envelope.payload]);
      }
      for (const node of nodes) await node.acknowledge(mailbox, envelope.id);
      await waitFor('every leaf to end', async () =>
        (await leavesOf(onFirst, id)).every((leaf) => leaf.endsWith(' deleted')),
      );
      expect(await leavesOf(onFirst, id)).toContain(`${tombstoneRevision(id)} deleted`);
      expect(await leavesOf(onSecond, id)).toEqual([`${tombstoneRevision(id)} deleted`]);
      for (const node of nodes) expect(await node.ids(mailbox)).toEqual([]);
    },
  );

  it('nor does what is written over its tombstone, on two nodes at once', async () => {
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    const id = documentId(mailbox, envelope.id);
    await first.store(envelope);
    await waitFor('the mesh', async () => (await second.ids(mailbox)).length === 1);
    for (const node of nodes) await node.acknowledge(mailbox, envelope.id);
    const over = (hash: string) => ({
      ...envelopeDocument(envelope),
      _rev: `3-${hash}`,
      _revisions: {
        start: 3,
        ids: [hash, ...[tombstoneRevision(id), envelopeRevision(id)].map((rev) => rev.slice(2))],
      },
    });
    await Promise.all([bulk(onFirst, over('a'.repeat(32))), bulk(onSecond, over('b'.repeat(32)))]);
    for (const node of nodes) expect(await node.ids(mailbox)).toEqual([]);
    for (const couch of [onFirst, onSecond]) {
      await waitFor('every leaf to end', async () =>
        (await leavesOf(couch, id)).every((leaf) => leaf.endsWith(' deleted')),
      );
    }
    for (const node of nodes) {
      await node.store(envelope);
      expect(await node.ids(mailbox)).toEqual([]);
    }
  });

  it('among them is an envelope in a bucket that is not of its time: it would outlive its deletion', async () => {
    const mailbox = newMailbox();
    const timeMs = Date.now() - 20 * 86_400_000;
    const [right, wrong] = [newEnvelope(mailbox, { timeMs }), newEnvelope(mailbox, { timeMs })];
    await first.store(right);
    const before = (await setAside(first, 'foreign-id')) ?? 0;
    await bulk(onFirst, envelopeDocument(right), envelopeDocument(wrong));
    await waitFor('both to be told', async () => (await setAside(first, 'foreign-id')) === before + 2);
    expect(await first.ids(mailbox)).toEqual([right.id]);
    expect((await first.listIds(mailbox)).ids).toEqual([right.id]);
    await first.acknowledge(mailbox, right.id);
    expect(await first.ids(mailbox)).toEqual([]);
  });
});
