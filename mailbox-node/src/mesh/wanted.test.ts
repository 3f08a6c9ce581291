import { describe, expect, it } from 'vitest';
import { isReplicationAsDesired, replicationIdPrefix, wantedPulls } from './wanted.ts';

const peers = [
  { name: 'node2', url: 'http://reader2:p%40ss@two:3001' },
  { name: 'node3', url: 'http://reader3:p%40ss@three:3001' },
];
const selfUrl = 'http://mesh:secret@one:3001/';
const wanted = wantedPulls({ databases: ['messages-20241222', 'messages-20250101'], selfUrl, peers });
const desired = wanted.map(({ document }) => document);

describe('the mesh', () => {
  it('pulls every database from every peer', () => {
    expect(desired.map(({ _id }) => _id)).toEqual([
      'restante-messages-20241222-from-node2',
      'restante-messages-20241222-from-node3',
      'restante-messages-20250101-from-node2',
      'restante-messages-20250101-from-node3',
    ]);
    expect(desired[3]).toEqual({
      _id: `${replicationIdPrefix('messages-20250101')}node3`,
      source: {
        url: 'http://three:3001/mesh/out/messages-20250101',
        auth: { basic: { username: 'reader3', password: 'p@ss' } },
      },
      target: {
        url: 'http://one:3001/mesh/in/node3/messages-20250101',
        auth: { basic: { username: 'mesh', password: 'secret' } },
      },
      continuous: true,
      selector: { $or: [{ senderId: { $exists: true } }, { at: { $exists: true } }] },
    });
  });

  it('never creates a database by replication', () => {
    for (const document of desired) expect(document).not.toHaveProperty('create_target');
  });

  it('takes what CouchDB adds for no difference, and what changes the replication for one', () => {
    const [document] = desired;
    const { source, target, ...rest } = document!;
    const stored = {
      _rev: '3-abc',
      owner: 'admin',
      _replication_state: 'triggered',
      ...rest,
      target: { auth: { basic: { password: 'secret', username: 'mesh' } }, url: target.url },
      source,
    };
    expect(isReplicationAsDesired(stored, document!)).toBe(true);
    for (const change of [
      { continuous: false },
      { create_target: true },
      { source: source.url },
      { source: { ...source, auth: { basic: { username: 'reader2', password: 'old' } } } },
      { target: { ...target, url: 'http://else:3001/messages-20241222' } },
      { cancel: true },
      { selector: { type: 'message' } },
      { doc_ids: [] },
    ]) {
      expect(isReplicationAsDesired({ ...stored, ...change }, document!), JSON.stringify(change)).toBe(false);
    }
  });
});
