import { buckets, partDocument, partDocumentId } from '@restante/protocol';
import { connectCouch, createLog } from '@restante/service-kit';
import { askCouch, startCouches, startTestMesh, type TestMesh } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newBlobId } from '../blobs/blob-store.contract.ts';
import { createMeshKeeper, type MeshKeeper } from './mesh-keeper.ts';

/** Between two looks of a node at its databases; nothing is made anew meanwhile. */
const NEVER_MS = 3_600_000;

const cleanup = new AsyncDisposableStack();
let mesh: TestMesh;
let keeper: MeshKeeper;
let database = '';
beforeAll(async () => {
  mesh = cleanup.use(
    await startTestMesh(await startCouches(3), undefined, undefined, { maintenanceIntervalMs: NEVER_MS }),
  );
  const { couch, bucketSpanDays, messageTtlMs } = mesh.configs[0]!;
  const admin = cleanup.use(connectCouch(couch.adminUrl, 10_000));
  keeper = cleanup.use(createMeshKeeper({ log: createLog('test', 'silent'), admin, mesh: couch.mesh }));
  database = couch.databasePrefix + buckets(bucketSpanDays, messageTtlMs, 'blobs').nameAt(Date.now());
});
afterAll(() => cleanup.disposeAsync());

const adminUrlOf = (node: number): string => mesh.configs[node]!.couch.adminUrl;

it('knows what peers have, where one has no such database too; and nothing where one does not say', async () => {
  const blob = newBlobId(Date.now());
  const ids = [0, 1].map((part) => partDocumentId(blob, part));
  const docs = [partDocument(blob, 1, 2_000_000, 'AAAA')];
  await askCouch(adminUrlOf(1), `${database}/_bulk_docs`, 'POST', { docs, new_edits: false });
  expect(await keeper.present(database, ids)).toEqual(new Set([ids[1]]));

  expect((await askCouch(adminUrlOf(2), database, 'DELETE')).status).toBe(200);
  expect(await keeper.present(database, ids)).toEqual(new Set([ids[1]]));
  // The gate's word: it is of no bucket that the peer knows.
  expect(await keeper.present(database.replace(/\d{8}$/, '20200102'), ids)).toBeNull();

  await mesh.nodes[2]![Symbol.asyncDispose]();
  expect(await keeper.present(database, ids)).toBeNull();
});
