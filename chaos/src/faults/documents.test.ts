import { deviceKey, documentId, type DeviceAddress } from '@restante/protocol';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  waitFor,
  type TestMesh,
} from '@restante/testkit';
import { envelopesOf, isLive, type TestCluster } from '@restante/testkit/cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../world/world.ts';
import { damagedEnvelope, overwritten, strayDocument } from './documents.ts';

/** Each of them is seen by a node, harms nothing beside it, and is gone in the end. */

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(2), newTestKeys());
});
afterAll(() => mesh[Symbol.asyncDispose]());

const worldOf = ({ accountId, deviceId }: DeviceAddress): World => {
  const { adminUrls, prefix } = mesh.couches;
  const couchServers = adminUrls.map((adminUrl, index) => ({ name: `node${index + 1}`, adminUrl }));
  const cluster = { parts: { couchServers, databasePrefix: prefix } } as unknown as TestCluster;
  return { cluster, people: () => [{ accountId, devices: [{ deviceId }] }] } as unknown as World;
};
const leavesOn = async (index: number): Promise<Map<string, readonly string[]>> =>
  envelopesOf(mesh.couches.adminUrls[index] ?? '', mesh.couches.prefix);
const isGone = (id: string) => async (): Promise<boolean> => {
  const leaves = (await leavesOn(0)).get(id) ?? [];
  return leaves.length > 0 && !leaves.some(isLive);
};
const waitingAt = async (mailbox: DeviceAddress): Promise<string[]> =>
  mesh.nodes[0] ? mesh.nodes[0].ids(mailbox) : [];

test.each([strayDocument, damagedEnvelope])('$name', async (fault) => {
  const mailbox = newMailbox();
  const envelope = newEnvelope(mailbox);
  await mesh.nodes[0]?.store(envelope);
  const begun = await fault.begin(worldOf(mailbox), [0, 0, 0]);
  const id = begun?.on.slice(begun.on.indexOf(' ') + 1) ?? '';
  expect(id.startsWith(`${deviceKey(mailbox)}:`)).toBe(true);
  await waitFor('it to be there', async () => (await leavesOn(0)).has(id));
  expect(await waitingAt(mailbox)).toEqual([envelope.id]);
  await waitFor('the mesh', async () => (await mesh.nodes[1]?.ids(mailbox))?.length === 1);
  expect((await leavesOn(1)).has(id)).toBe(false);
  await begun?.end();
  await waitFor('it to be gone', isGone(id));
  expect(await waitingAt(mailbox)).toEqual([envelope.id]);
});

test('overwritten', async () => {
  const mailbox = newMailbox();
  const envelope = newEnvelope(mailbox);
  const id = documentId(mailbox, envelope.id);
  await mesh.nodes[0]?.store(envelope);
  const place = [...(await leavesOn(0))].filter(([, leaves]) => leaves.some(isLive));
  const begun = await overwritten.begin(worldOf(mailbox), [0, place.findIndex(([key]) => key === id), 1]);
  expect(begun?.on).toContain(`${id} 1-${'f'.repeat(32)}`);
  expect((await leavesOn(0)).get(id)).toHaveLength(2);
  expect(await waitingAt(mailbox)).toEqual([envelope.id]);
  await mesh.nodes[0]?.acknowledge(mailbox, envelope.id);
  await waitFor('all its revisions to end', isGone(id));
});
