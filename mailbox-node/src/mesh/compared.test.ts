import { describe, expect, it } from 'vitest';
import { comparePulls, needlessPulls, type StoredReplication } from './compared.ts';
import { parseReplicationId, wantedPulls } from './wanted.ts';

const wanted = wantedPulls({
  databases: ['messages-20250101'],
  selfUrl: 'http://mesh:secret@one:5984',
  peers: [
    { name: 'node2', url: 'http://reader:secret@two:5984' },
    { name: 'node3', url: 'http://reader:secret@three:5984' },
  ],
});
const [first, second] = wanted.map(({ document }) => document);
const storedOf = (...documents: readonly object[]): Map<string, StoredReplication> =>
  new Map(
    documents.map((document) => {
      const stored = { ...document, _rev: '1-a' } as StoredReplication;
      return [stored._id, stored];
    }),
  );

describe('what is to be done for a mesh', () => {
  const steps = (stored: Map<string, StoredReplication>, states: Record<string, string> = {}) =>
    comparePulls(wanted, stored, new Map(Object.entries(states))).map(({ state, step }) => [
      state,
      step?.action ?? null,
    ]);

  it('is to create what is missing and to repair what is different', () => {
    expect(steps(storedOf({ ...second, continuous: false }))).toEqual([
      ['missing', 'create'],
      ['different', 'repair'],
    ]);
  });

  it('is nothing for what runs or is about to, and to restart what waits or has given up', () => {
    const stored = storedOf(first!, second!);
    expect(steps(stored, { [first!._id]: 'running' })).toEqual([
      ['running', null],
      ['initializing', null],
    ]);
    for (const state of ['crashing', 'error', 'failed']) {
      expect(steps(stored, { [first!._id]: state })[0]).toEqual([state, 'restart']);
    }
  });

  it('is to remove what nothing needs, if it is ours', () => {
    const stored = storedOf(first!, { _id: 'restante-directory-from-node9' }, { _id: 'somebody-else' });
    const isOurs = (id: string): boolean => parseReplicationId(id) !== null;
    expect(needlessPulls(wanted, stored, isOurs).map(({ id, action }) => [id, action])).toEqual([
      ['restante-directory-from-node9', 'remove'],
    ]);
  });
});
