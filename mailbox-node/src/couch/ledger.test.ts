import {
  documentId,
  envelopeDocument,
  envelopeRevision,
  messageTime,
  tombstoneRevision,
  type StoredEnvelope,
} from '@restante/protocol';
import { connectCouch, type CouchServer } from '@restante/service-kit';
import {
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
import { createLedger } from './ledger.ts';
import { createDatabases } from '../mesh/databases.ts';

/** What is lost or comes back behind a node's back is seen by its ledger (law 9). */

const TTL_MS = 30 * 86_400_000;

const idOf = (envelope: StoredEnvelope): string => documentId(envelope, envelope.id);

describe('the ledger of a running node', () => {
  let mesh: TestMesh;
  let admin: CouchServer & AsyncDisposable;
  let node: TestNode;
  let bucket: string;
  const keys = newTestKeys();
  const mailbox = newMailbox();
  const mail = Array.from({ length: 5 }, () => newEnvelope(mailbox));

  const start = async (): Promise<void> => {
    await mesh.restart();
    node = mesh.nodes[0]!;
  };
  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(1), keys);
    node = mesh.nodes[0]!;
    admin = connectCouch(mesh.couches.adminUrls[0]!, 10_000);
    bucket = createDatabases(mesh.couches.prefix, 10, TTL_MS).currentAt(messageTime(mail[0]!.id));
    await node.store(...mail);
    await node.acknowledge(mailbox, mail[4]!.id);
  });
  afterAll(async () => {
    await admin[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
  });

  const shows = (expected: Readonly<Record<string, number>>): Promise<unknown> =>
    waitFor(`a ledger with ${JSON.stringify(expected)}`, async () => {
      const values = await Promise.all(
        Object.keys(expected).map((name) =>
          node.metric(
            name === 'lost' || name === 'returned'
              ? `mailbox_ledger_gap_messages{bucket="${bucket}",kind="${name}"}`
              : `mailbox_ledger_messages{bucket="${bucket}",state="${name}"}`,
          ),
        ),
      );
      return values.join() === Object.values(expected).join();
    });
  /** Writes a leaf as a replication does. */
  const plant = (db: string, doc: object): Promise<unknown> =>
    admin.request({ db, path: '_bulk_docs', method: 'POST', body: { new_edits: false, docs: [doc] } });
  /** Deletes a document as who has the CouchDB may, and no owner does. */
  const plantLoss = async (envelope: StoredEnvelope): Promise<void> => {
    await admin.use(bucket).destroy(idOf(envelope), envelopeRevision(idOf(envelope)));
  };

  it('balances, also after a retry, a restart and a deletion of what never came', async () => {
    await shows({ accepted: 5, deleted: 1, waiting: 4, lost: 0, returned: 0 });
    await node.store(...mail);
    const early = newEnvelope(mailbox);
    await node.acknowledge(mailbox, early.id);
    await shows({ accepted: 5, deleted: 1, waiting: 4, lost: 0, returned: 0 });
    // It ends when it comes.
    await node.store(early, newEnvelope(mailbox));
    await shows({ accepted: 7, deleted: 2, waiting: 5, lost: 0, returned: 0 });
    await start();
    await shows({ accepted: 7, deleted: 2, waiting: 5, lost: 0, returned: 0 });
  });

  it('tells of a message that somebody else deleted, while it runs and while it does not, and goes on telling', async () => {
    await plantLoss(mail[0]!);
    await shows({ accepted: 7, deleted: 2, waiting: 4, lost: 1, returned: -1 });
    await mesh.stop();
    await plantLoss(mail[1]!);
    await start();
    await shows({ accepted: 7, deleted: 2, waiting: 3, lost: 2, returned: -2 });
    await node.acknowledge(mailbox, mail[2]!.id);
    await shows({ accepted: 7, deleted: 3, waiting: 2, lost: 2, returned: -2 });
  });

  it('tells of a message that came back', async () => {
    const back = newEnvelope(mailbox);
    const id = idOf(back);
    // A tombstone that does not name its ancestor does not hold. A node that runs would end what comes back.
    await plant(bucket, { _id: id, _rev: tombstoneRevision(id), _deleted: true });
    await shows({ accepted: 8, deleted: 4, lost: 2, returned: -2 });
    await mesh.stop();
    await plant(bucket, envelopeDocument(back));
    await start();
    await shows({ deleted: 4, waiting: 3, lost: 2, returned: -1 });
  });

  it('tells of a write that was confirmed and never came', async () => {
    const { timeOf, node: own } = createDatabases(mesh.couches.prefix, 10, TTL_MS);
    const ledger = createLedger({ server: admin, node: own, ttlMs: TTL_MS, timeOf, now: Date.now });
    const { signal } = new AbortController();
    const { accepted } = await ledger.count(bucket, signal);
    ledger.written(bucket, [mail[3]!, mail[4]!, newEnvelope(mailbox)].map(idOf));
    expect(await ledger.count(bucket, signal)).toMatchObject({ accepted: accepted + 1, lost: 3 });
  });

  it('counts what came back and was ended before it counted for the first time', async () => {
    // No node counts here.
    const { timeOf, node: own, currentAt } = createDatabases(`${mesh.couches.prefix}apart-`, 10, TTL_MS);
    const late = newEnvelope(mailbox);
    const other = currentAt(messageTime(late.id));
    const id = idOf(late);
    for (const db of [own, other]) await admin.request({ db, method: 'PUT' });
    await plant(other, { _id: id, _rev: tombstoneRevision(id), _deleted: true });
    await plant(other, envelopeDocument(late));
    await admin.use(other).destroy(id, envelopeRevision(id));
    const ledger = createLedger({ server: admin, node: own, ttlMs: TTL_MS, timeOf, now: Date.now });
    const { signal } = new AbortController();
    expect(await ledger.count(other, signal)).toMatchObject({
      accepted: 1,
      deleted: 1,
      waiting: 0,
      lost: 0,
      returned: 0,
    });
  });
});
