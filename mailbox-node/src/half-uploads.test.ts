import { blobParts, buckets, LIMITS, partDocument, type BlobId } from '@restante/protocol';
import {
  askCouch,
  newTestKeys,
  startCouches,
  startTestMesh,
  waitFor,
  type TestMesh,
} from '@restante/testkit';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newBlobId } from './blobs/blob-store.contract.ts';
import { WRITTEN_WITHIN_MS } from './blobs/written-within.ts';

/** Half uploads in a mesh, a day later. All clocks go on alike, those of the machines and those that nobody sets. */

const PART = LIMITS.blobPartBytes;

let passedMs = 0;
const now = (): number => Date.now() + passedMs;
const keys = newTestKeys(now);
const clocks = () => ({ now, monotonic: () => performance.now() + passedMs });
let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(3), keys, clocks);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const inAnHour = (): number => now() + 3_600_000;
const put = async (blob: BlobId, part: number, bytes: number): Promise<void> => {
  const ticket = await keys.asTicket({ blob, bytes }, inAnHour());
  const answer = await fetch(`${mesh.nodes[0]!.url}/blobs/${blob}/${part}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', ...ticket },
    body: new Uint8Array(randomBytes(Math.min(PART, bytes - part * PART))),
  });
  expect(answer.status).toBe(200);
};
const partsAt = async (node: number, blob: BlobId): Promise<number> => {
  const headers = await keys.asTicket({ blob, bytes: null }, inAnHour());
  const answer = await fetch(`${mesh.nodes[node]!.url}/blobs/${blob}`, { headers });
  return blobParts.parse(await answer.json()).parts.reduce((sum, { from, to }) => sum + to - from + 1, 0);
};
const everywhere = (blob: BlobId, parts: number, timeoutMs = 60_000) =>
  waitFor(
    `${parts} parts at each`,
    async () => {
      const found = await Promise.all([0, 1, 2].map((node) => partsAt(node, blob)));
      return found.every((each) => each === parts);
    },
    { timeoutMs },
  );
/** A node that was just being told the time takes the jump for a step of its clock, and waits for another day; less than eight are none. */
const goneAfterADay = async (blob: BlobId): Promise<void> => {
  for (let day = 1; day <= 5; day += 1) {
    passedMs += WRITTEN_WITHIN_MS + 1_000;
    const isGone = await everywhere(blob, 0, 20_000).catch(() => false);
    if (isGone) return;
  }
  throw new Error('it is still there');
};
const removed = (node: number) =>
  mesh.nodes[node]!.metric('mailbox_half_upload_parts_removed_total').then(Number);

it('half an upload is gone from each node after a day, and nothing of a whole one', async () => {
  const [half, whole] = [newBlobId(now()), newBlobId(now())];
  for (const part of [0, 2]) await put(half, part, 3 * PART);
  for (const part of [0, 1]) await put(whole, part, PART + 9);
  for (const blob of [half, whole]) await everywhere(blob, 2);
  await goneAfterADay(half);
  await everywhere(whole, 2);
  // It stays gone: no node brings it to another one.
  await mesh.restart(clocks);
  await everywhere(half, 0);
});

it('nothing of what has come to one node alone goes before the others know of it', async () => {
  const [split, half] = [newBlobId(now()), newBlobId(now())];
  await put(split, 0, PART + 9);
  await put(half, 0, PART + 9);
  for (const blob of [split, half]) await everywhere(blob, 1);
  const { config } = mesh.nodes[2]!;
  const before = await Promise.all([0, 1].map(removed));
  await mesh.nodes[2]![Symbol.asyncDispose]();
  const bucket = buckets(config.bucketSpanDays, config.messageTtlMs, 'blobs').nameAt(now());
  const docs = [partDocument(split, 1, PART + 9, randomBytes(9).toString('base64'))];
  await askCouch(config.couch.adminUrl, `${config.couch.databasePrefix}${bucket}/_bulk_docs`, 'POST', {
    ...{ docs, new_edits: false },
  });
  passedMs += WRITTEN_WITHIN_MS + 1_000;
  // A round of theirs: what came since is stored, and is not looked at before the two.
  const later = newBlobId(now());
  await put(later, 0, 1);
  expect(await Promise.all([0, 1].map((node) => partsAt(node, split)))).toEqual([1, 1]);
  expect(await Promise.all([0, 1].map(removed))).toEqual(before);
  await mesh.restart(clocks);
  await everywhere(split, 2);
  await goneAfterADay(half);
  await everywhere(split, 2);
});
