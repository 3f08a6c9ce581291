import { expect, test } from 'vitest';
import { mintMessageId, type Envelope } from '@restante/protocol';
import type { CatchUpProgress } from '../events/messenger-events.ts';
import { live, Scene } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { createCatchUp } from './catch-up.ts';

const envelopeAt = (time: number): Envelope => ({
  id: mintMessageId(time, new Uint8Array(10)),
  senderId: '11111111-1111-4111-8111-111111111111',
  senderDeviceId: 1,
  sentAt: time,
  expiresAt: time + 1,
  type: 'message',
  payload: 'AAAA',
});

test('what is not taken is read again, and no node counts as read until it is', async () => {
  const mail = [1, 2, 3].map(envelopeAt);
  const taken: Envelope[] = [];
  const answeredBeforeTaken: number[] = [];
  const faults: unknown[] = [];
  let failures = 3;
  let holds = 0;
  const catchUp = createCatchUp({
    nodes: () => ({ count: 3, writeConcern: 2 }),
    page: () => Promise.resolve({ messages: mail, complete: true, next: null, expired: 0, unreadable: 0 }),
    take: (batch) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new Error('not now'));
      taken.push(...batch);
      return Promise.resolve(batch.length);
    },
    hold: () => void (holds += 1),
    release: () => void (holds -= 1),
    newlyExpired: () => Promise.resolve(0),
    onProgress: ({ nodesAnswered }: CatchUpProgress) => {
      if (taken.length === 0) answeredBeforeTaken.push(nodesAnswered);
    },
    onFault: (error) => faults.push(error),
    backoff: { minMs: 1, maxMs: 2 },
    patienceMs: 1_000,
  });
  await catchUp.run();
  catchUp.stop();
  expect(taken).toEqual(mail);
  expect(new Set(answeredBeforeTaken)).toEqual(new Set([0]));
  expect(faults).toHaveLength(3);
  expect(holds).toBe(0);
});

test('a node that is away is nothing to tell of; one that answers what it should not is told, whoever asks', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice');
  const faults: string[] = [];
  const told: string[] = [];
  alice.on('fault', (fault) => faults.push('code' in fault ? String(fault.code) : fault.message));
  alice.on('catch-up', ({ nodesAnswered, running }) => running || told.push(`${nodesAnswered} of 3`));
  const [first] = scene.cluster.nodes;
  first!.down = true;
  alice.refresh();
  await waitFor('a reading of the others', () => told.includes('2 of 3'));
  expect(faults).toEqual([]);

  first!.down = false;
  first!.refusing = 'forbidden';
  alice.refresh();
  await waitFor('the fault', () => faults.includes('forbidden'));
  first!.refusing = null;
  await waitFor('a reading of all', () => told.includes('3 of 3'));

  // Without a master the nodes are listened to.
  for (const node of scene.cluster.nodes) node.refusing = 'internal';
  scene.cluster.masterDown = true;
  scene.cluster.dropSockets();
  await waitFor('the fault', () => faults.includes('internal'));
  for (const node of scene.cluster.nodes) node.refusing = null;
  scene.cluster.masterDown = false;
  await live(alice);

  for (const socket of scene.cluster.sockets.values()) socket.send('{"type":"envelope"}');
  await waitFor('the fault', () => faults.includes('bad-answer'));
  await live(alice);
});
