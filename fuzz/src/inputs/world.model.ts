import { VERSIONS } from '@restante/protocol';
import type { Device } from '../stage/device.ts';
import { endpointsIn, protocolPage } from '../surface/endpoints.ts';
import { framesOf } from '../surface/frames.ts';
import { shapeOf } from '../values/shape.ts';
import type { World } from './world.ts';

/** A world for tests that start no cluster. */

const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
export const alice: Device = {
  accountId,
  deviceId: 1,
  username: 'alice',
  registrationId: 77,
  deviceSecret: 'a'.repeat(43),
  blobId: '019a0000-0000-7000-8000-000000000000',
  rendezvousId: '019a0000-0000-7000-8000-000000000001',
  identityKey: 'A'.repeat(44),
  tokens: {
    master: 'm.m.m',
    mailbox: 'b.b.b',
    store: 's.s.s',
    toWrite: 't.t.t',
    toRead: 'r.r.r',
    grant: 'g.g.g',
    expiredMaster: 'e.e.e',
    expiredMailbox: 'x.x.x',
    nobody: 'n.n.n',
  },
};
export const world: World = {
  masters: ['http://master'],
  mailboxNodes: ['http://node1', 'http://node2'],
  gates: [1, 2].map((number) => ({
    name: `node${number}`,
    url: `http://node${number}`,
    reader: `reader-${number}:r`,
    mesh: `mesh-${number}:m`,
  })),
  others: ['http://front'],
  endpoints: endpointsIn(protocolPage()),
  frames: framesOf(protocolPage()),
  bodies: Object.fromEntries(
    Object.entries(VERSIONS[0].bodies.read).map(([name, schema]) => [name, shapeOf(schema)]),
  ),
  devices: [alice],
  couches: ['http://admin:secret@couch1'],
  databases: { directory: 'directory', bucket: 'messages-20261122' },
  accounts: [{ device: alice, documents: [{ _id: `account:${accountId}`, _rev: '1-a', username: 'alice' }] }],
  canaries: [{ _id: 'canary:node1:1', _rev: '1-a', at: 1 }],
  password: 'correct horse battery staple',
  work: [{ challenge: 'c'.repeat(43), solution: '7' }],
};
