import {
  buckets,
  documentId,
  envelopeDocument,
  envelopeRevision,
  tombstoneRevision,
} from '@restante/protocol';
import {
  askCouch,
  newEnvelope,
  newMailbox,
  newTestKeys,
  mailboxNodeConfigs,
  startCouches,
  startCouchProcesses,
  startFaultProxy,
  startTestMesh,
  startTestNode,
  waitFor,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import { CAUGHT_UP, keptPath } from '@restante/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Changes = {
  readonly results: {
    readonly id: string;
    readonly deleted?: boolean;
    readonly changes: { readonly rev: string }[];
  }[];
};

const currentBucket = ({ bucketSpanDays, messageTtlMs, couch }: TestNode['config']): string =>
  couch.databasePrefix + buckets(bucketSpanDays, messageTtlMs).nameAt(Date.now());

/** Leaf revisions of every message in the current bucket of a node's CouchDB; of a deleted one ` deleted` follows. */
const readLeaves = async ({ config }: TestNode): Promise<Map<string, string[]>> => {
  const database = currentBucket(config);
  const { body } = await askCouch(config.couch.adminUrl, `${database}/_changes?style=all_docs`);
  const { results } = body as Changes;
  return new Map(
    results.map(({ id, deleted, changes }) => [
      id,
      changes.map(({ rev }) => (deleted === true ? `${rev} deleted` : rev)),
    ]),
  );
};

const isWhole = async (node: TestNode): Promise<boolean> => {
  const health = (await (await fetch(`${node.url}/health`)).json()) as { status: string };
  return health.status === 'up';
};

describe('nodes in a mesh', () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(3));
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it('make their mesh whole by themselves and measure its lag', async () => {
    for (const node of mesh.nodes) {
      await waitFor(`${node.config.name} is whole`, () => isWhole(node));
      for (const { name: peer } of node.config.couch.mesh!.peers) {
        const series = (database: string) =>
          `mailbox_replication_running{database="${database}",peer="${peer}"}`;
        expect(await node.metric(series(currentBucket(node.config)))).toBe(1);
        // Masters carry it, and no CouchDB takes it from another (law 12).
        expect(await node.metric(series(`${mesh.couches.prefix}directory`))).toBeNull();
        expect(await node.metric(`mailbox_replication_lag_seconds{peer="${peer}"}`)).not.toBeNull();
      }
    }
  });

  it('carry a message stored at one node to all, and a delete at one node to none (law 12)', async () => {
    const [first, second, third] = mesh.nodes as [TestNode, TestNode, TestNode];
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    await first.store(envelope);
    for (const node of mesh.nodes) {
      await waitFor('the message', async () => (await node.ids(mailbox)).includes(envelope.id));
    }
    await third.acknowledge(mailbox, envelope.id);
    const later = newEnvelope(mailbox);
    await third.store(later);
    for (const node of [first, second]) {
      await waitFor('what came later', async () => (await node.ids(mailbox)).includes(later.id));
      expect(await node.ids(mailbox)).toEqual([envelope.id, later.id]);
    }
    expect(await third.ids(mailbox)).toEqual([later.id]);
    // Nor does what lies at the others come back.
    await first.store(newEnvelope(mailbox));
    await waitFor('the others', async () => (await third.ids(mailbox)).length === 2);
    expect(await third.ids(mailbox)).not.toContain(envelope.id);
    for (const node of mesh.nodes) {
      await node.acknowledge(mailbox, envelope.id);
      expect(await node.ids(mailbox)).not.toContain(envelope.id);
    }
  });

  it('take nothing from a dishonest peer but envelopes, count what they refuse, and go on (law 12)', async () => {
    const [first, second, third] = mesh.nodes as [TestNode, TestNode, TestNode];
    const { nameAt } = buckets(10, first.config.messageTtlMs);
    const bucket = mesh.couches.prefix + nameAt(Date.now());
    const mailbox = newMailbox();
    const [kept, junk, other] = [newEnvelope(mailbox), newEnvelope(mailbox), newEnvelope(mailbox)];
    await first.store(kept);
    for (const node of mesh.nodes)
      await waitFor('the message', async () => (await node.ids(mailbox)).length === 1);
    const refused = async (node: TestNode): Promise<number> => {
      const health = (await (await fetch(`${node.url}/health`)).json()) as {
        readonly refusedWrites: Readonly<Record<string, number>>;
      };
      return health.refusedWrites['node1'] ?? -1;
    };
    const before = await Promise.all([second, third].map(refused));
    const docs = [
      { ...envelopeDocument(kept), _rev: `9-${'f'.repeat(32)}`, payload: 'QUFBQQ==' },
      { ...envelopeDocument(junk), _rev: `1-${'f'.repeat(32)}` },
      { ...envelopeDocument(other), note: 'more' },
      { ...envelopeDocument(newEnvelope(mailbox)), _id: 'no-id-of-a-message' },
    ];
    await askCouch(first.config.couch.adminUrl, `${bucket}/_bulk_docs`, 'POST', { new_edits: false, docs });
    const later = newEnvelope(mailbox);
    await first.store(later);
    for (const [index, node] of [second, third].entries()) {
      await waitFor('what is refused to be counted', async () => (await refused(node)) >= before[index]! + 3);
      await waitFor('what came later', async () => (await node.ids(mailbox)).includes(later.id));
      expect((await node.list(mailbox)).messages).toMatchObject([
        { id: kept.id, payload: kept.payload },
        { id: later.id },
      ]);
    }
  });

  it('hold one revision of a message that was stored through two nodes at once (law 5)', async () => {
    const [first, second] = mesh.nodes as [TestNode, TestNode];
    const mailbox = newMailbox();
    const envelopes = Array.from({ length: 20 }, () => newEnvelope(mailbox));
    await Promise.all([first.store(...envelopes), second.store(...envelopes), first.store(...envelopes)]);
    const late = newEnvelope(mailbox);
    await Promise.all([first.store(late), second.acknowledge(mailbox, late.id)]);
    const lateId = documentId(mailbox, late.id);
    for (const node of mesh.nodes) {
      const left = node === second ? `${tombstoneRevision(lateId)} deleted` : envelopeRevision(lateId);
      await waitFor('both sides of the race', async () => {
        const leaves = (await readLeaves(node)).get(lateId);
        return leaves?.join() === left;
      });
    }
    // Not before all have it: what is deleted at a node comes from there no more.
    for (const node of mesh.nodes) {
      await node.acknowledge(mailbox, late.id);
      expect((await readLeaves(node)).get(lateId)).toEqual([`${tombstoneRevision(lateId)} deleted`]);
      const leaves = await readLeaves(node);
      for (const { id } of envelopes) {
        const document = documentId(mailbox, id);
        expect(leaves.get(document)).toEqual([envelopeRevision(document)]);
      }
      expect(await node.ids(mailbox)).toEqual(envelopes.map(({ id }) => id).sort());
    }
  });

  it('fill a bucket that one of them lost, whatever deletions a feed ends with; what another still had is deleted again', async () => {
    const [first, second, third] = mesh.nodes as [TestNode, TestNode, TestNode];
    const mailbox = newMailbox();
    const timeMs = Date.now() - 15 * 86_400_000;
    const [kept, gone] = [newEnvelope(mailbox, { timeMs }), newEnvelope(mailbox, { timeMs })];
    await second.store(kept, gone);
    for (const node of mesh.nodes)
      await waitFor('the mail', async () => (await node.ids(mailbox)).length === 2);
    for (const node of [first, second]) await node.acknowledge(mailbox, gone.id);
    const bucket = mesh.couches.prefix + buckets(10, first.config.messageTtlMs).nameAt(timeMs);
    expect((await askCouch(first.config.couch.adminUrl, bucket, 'DELETE')).status).toBe(200);
    await waitFor('the bucket to be filled, and that to be told', async () => {
      const { messages, complete } = await first.list(mailbox);
      return complete && messages.length === 2;
    });
    expect(await second.ids(mailbox)).toEqual([kept.id]);
    for (const node of [first, third]) await node.acknowledge(mailbox, gone.id);
    for (const node of mesh.nodes) expect(await node.ids(mailbox)).toEqual([kept.id]);
  });

  it('repair a mesh that somebody broke', async () => {
    const [first, second] = mesh.nodes as [TestNode, TestNode];
    await waitFor('the mesh', () => isWhole(first));
    const { adminUrl } = first.config.couch;
    const prefix = `restante-${mesh.couches.prefix}`;
    const documents = async () => {
      const { body } = await askCouch(adminUrl, '_replicator/_all_docs?include_docs=true');
      const { rows } = body as { rows: { id: string; doc: Record<string, unknown> }[] };
      return rows.filter(({ id }) => id.startsWith(prefix)).map(({ doc }) => doc);
    };
    const before = await documents();
    const [removed, changed] = before as [Record<string, unknown>, Record<string, unknown>];
    const path = (document: Record<string, unknown>) =>
      `_replicator/${encodeURIComponent(String(document['_id']))}`;
    await askCouch(adminUrl, `${path(removed)}?rev=${String(removed['_rev'])}`, 'DELETE');
    await askCouch(adminUrl, path(changed), 'PUT', { ...changed, continuous: false });
    await waitFor('the repair', async () => {
      const now = await documents();
      return now.length === before.length && now.every(({ continuous }) => continuous === true);
    });
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    await second.store(envelope);
    await waitFor('a message over the repaired mesh', async () => (await first.ids(mailbox)).length === 1);
  });
});

describe('a pull whose peer was away', () => {
  type Job = { readonly doc_id: string; readonly history: readonly { readonly type: string }[] };
  type Health = {
    readonly status: string;
    readonly replications: readonly {
      readonly database: string;
      readonly peer: string;
      readonly state: string;
    }[];
  };

  it('is told as it is, and starts anew when the peer is seen again, however long CouchDB would wait', async () => {
    await using couches = await startCouches(2, { retryMs: 3_600_000 });
    const keys = newTestKeys();
    const [config, peerConfig] = (await mailboxNodeConfigs(couches, keys)) as [
      TestNode['config'],
      TestNode['config'],
    ];
    const { name, url } = config.couch.mesh!.peers[0]!;
    const to = new URL(url);
    await using proxy = await startFaultProxy(to.origin);
    to.host = proxy.address;
    const peers = [{ name, url: to.href.replace(/\/$/, '') }];
    await using node = await startTestNode(
      { ...config, couch: { ...config.couch, mesh: { ...config.couch.mesh!, peers } } },
      keys,
    );
    await using peer = await startTestNode(peerConfig, keys);
    const prefix = `restante-${couches.prefix}`;
    const jobs = async (): Promise<readonly Job[]> => {
      const { body } = await askCouch(config.couch.adminUrl, '_scheduler/jobs?limit=1000');
      const all = (body as { jobs: Job[] }).jobs;
      return all.filter(({ doc_id }) => doc_id.startsWith(prefix) && doc_id.endsWith(`-from-${name}`));
    };
    const told = async (): Promise<Health> => (await fetch(`${node.url}/health`)).json() as Promise<Health>;
    const states = async () => new Set((await told()).replications.map(({ state }) => state));
    await waitFor(
      'all pulls run',
      async () => (await states()).has('running') && (await states()).size === 1,
    );

    proxy.set('refuse');
    proxy.cut();
    const hasCrashed = ({ history }: Job) => history.some(({ type }) => type === 'crashed');
    await waitFor('all pulls crash', async () => (await jobs()).every(hasCrashed), { timeoutMs: 50_000 });
    await waitFor('that is told', async () => [...(await states())].join() === 'crashing');

    proxy.set('pass');
    await waitFor(
      'all pulls run again, and that is told',
      async () => [...(await states())].join() === 'running',
    );
    const running = await jobs();
    expect(running).not.toHaveLength(0);
    expect(running.filter(hasCrashed)).toEqual([]);
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    await peer.store(envelope);
    await waitFor('a message over it', async () => (await node.ids(mailbox)).includes(envelope.id));
  });

  it('is not told to run while the own CouchDB is away', async () => {
    await using mesh = await startTestMesh(await startCouchProcesses(2));
    const { couches } = mesh;
    const [node] = mesh.nodes as [TestNode];
    await waitFor('the mesh', () => isWhole(node));
    const states = async (): Promise<string[]> => {
      const health = (await (await fetch(`${node.url}/health`)).json()) as {
        replications: { state: string }[];
      };
      return [...new Set(health.replications.map(({ state }) => state))];
    };
    expect(await states()).toEqual(['running']);
    await couches.kill(0);
    await waitFor('nothing is claimed', async () => (await states()).join() === 'unknown');
    await couches.restart(0);
    await waitFor('the mesh is whole again', () => isWhole(node));
    expect(await states()).toEqual(['running']);
  });
});

describe('a node that is killed', () => {
  it('keeps what was deleted on the two others until it is told, and brings it back nowhere, nor does a late retry (laws 4 and 12)', async () => {
    await using mesh = await startTestMesh(await startCouchProcesses(3));
    const { couches, nodes } = mesh;
    const [first, second, third] = nodes as [TestNode, TestNode, TestNode];
    const mailbox = newMailbox();
    const gone = newEnvelope(mailbox);
    const kept = newEnvelope(mailbox);
    for (const node of nodes) await node.store(gone, kept);

    await couches.kill(2);
    await waitFor('the third knows', async () => !(await fetch(`${third.url}/ready`)).ok);
    await first.acknowledge(mailbox, gone.id);
    await second.acknowledge(mailbox, gone.id);
    const while3Down = newEnvelope(mailbox);
    await first.store(while3Down);

    await couches.restart(2);
    const expected = [kept.id, while3Down.id].sort();
    const all = [gone.id, ...expected].sort();
    await waitFor('the third has healed', async () => (await third.ids(mailbox)).join() === all.join());
    const back = newEnvelope(mailbox);
    await third.store(back);
    expected.push(back.id);
    for (const node of [first, second]) {
      await waitFor('the mesh', async () => (await node.ids(mailbox)).includes(back.id));
      expect(await node.ids(mailbox)).toEqual(expected);
    }
    await third.acknowledge(mailbox, gone.id);
    expect(await third.ids(mailbox)).toEqual(expected);
    for (const node of nodes) {
      expect(await node.store(gone)).toEqual([{ status: 'stored' }]);
    }
    const witness = newEnvelope(mailbox);
    await third.store(witness);
    for (const node of nodes) {
      await waitFor('the witness', async () => (await node.ids(mailbox)).includes(witness.id));
      expect(await node.ids(mailbox)).toEqual([...expected, witness.id].sort());
      const document = documentId(mailbox, gone.id);
      expect((await readLeaves(node)).get(document)).toEqual([`${tombstoneRevision(document)} deleted`]);
      await waitFor(`${node.config.name} is whole again`, () => isWhole(node));
    }
  });
});

describe('a bucket of a node', () => {
  it('is called complete once each peer has filled it, and no longer when its data is lost', async () => {
    await using couches = await startCouchProcesses(2);
    const keys = newTestKeys();
    const [config, peerConfig] = (await mailboxNodeConfigs(couches, keys)) as [
      TestNode['config'],
      TestNode['config'],
    ];
    const { name, url } = config.couch.mesh!.peers[0]!;
    const to = new URL(url);
    await using proxy = await startFaultProxy(to.origin);
    to.host = proxy.address;
    const peers = [{ name, url: to.href.replace(/\/$/, '') }];
    const bucket = currentBucket(config);
    const record = () =>
      askCouch(couches.adminUrls[0]!, `${couches.prefix}node/${keptPath(CAUGHT_UP, bucket)}`);
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    const isMessageThere = async () => (await node.ids(mailbox)).includes(envelope.id);

    await using peer = await startTestNode(peerConfig, keys);
    expect(peer.config.name).toBe(name);
    proxy.set('refuse');
    await using node = await startTestNode(
      { ...config, couch: { ...config.couch, mesh: { ...config.couch.mesh!, peers } } },
      keys,
    );
    await peer.store(envelope);
    const isTold = async () => (await node.metric('mailbox_caught_up')) === 1;
    const isComplete = async () => ((await record()).body as { isComplete?: boolean }).isComplete === true;
    expect(await isComplete()).toBe(false);
    proxy.set('pass');
    await waitFor('the bucket to be complete', isComplete);
    expect(await isMessageThere()).toBe(true);
    await waitFor('that is told', isTold);

    proxy.set('refuse');
    proxy.cut();
    await couches.kill(0);
    await waitFor('the loss', async () => !(await isTold()));
    await couches.lose(0);
    await couches.restart(0);
    await waitFor('the pulls to be there', async () => {
      const { replications } = (await (await fetch(`${node.url}/health`)).json()) as {
        replications: { state: string }[];
      };
      const states = replications.map(({ state }) => state);
      return !states.includes('unknown') && !states.includes('missing');
    });
    expect((await record()).status).toBe(404);
    expect(await isTold()).toBe(false);
    proxy.set('pass');
    await waitFor('the bucket to be complete again', isComplete);
    expect(await isMessageThere()).toBe(true);
    await waitFor('that is told again', isTold);

    // It alone is lost: what the node kept of it was of the lost one.
    proxy.set('refuse');
    proxy.cut();
    await askCouch(couches.adminUrls[0]!, bucket, 'DELETE');
    await waitFor('the new one', async () => (await askCouch(couches.adminUrls[0]!, bucket)).status === 200);
    await waitFor('that it is empty is told', async () => !(await isTold()));
    await waitFor('what was kept of the lost one to be gone', async () => !(await isComplete()));
    proxy.set('pass');
    await waitFor('the bucket to be complete once more', isComplete);
    expect(await isMessageThere()).toBe(true);
  });
});
