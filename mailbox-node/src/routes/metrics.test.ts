import { createRegistry } from '@restante/service-kit';
import { describe, expect, it } from 'vitest';
import { createRefusedWrites } from '../mesh/refused-writes.ts';
import { createMetrics } from './metrics.ts';

const setUp = (refusedWrites = createRefusedWrites([])) => {
  const registry = createRegistry('test');
  const metrics = createMetrics(registry, {
    queuedBytes: () => 0,
    sharedIds: () => 0,
    listeners: () => 0,
    isUp: () => true,
    clock: () => ({ isDoubted: false, confirmedAt: null, aheadSeconds: 0 }),
    lagSeconds: () => ({}),
    jobs: () => [],
    refusedWrites: refusedWrites.counts,
    isFollowing: () => true,
    isComplete: () => true,
    isFull: () => false,
    setAside: () => ({ 'foreign-id': 0, 'foreign-revision': 0, 'bad-fields': 0 }),
    sizes: () => [{ name: 'directory', documents: 3, deleted: 1, fileBytes: null }],
  });
  const gaps = async (): Promise<string[]> =>
    (await registry.getSingleMetricAsString('mailbox_ledger_gap_messages'))
      .split('\n')
      .filter((line) => line.startsWith('mailbox_'));
  return { registry, metrics, gaps };
};

describe('writes of the mesh that were refused', () => {
  it('are told by peer and reason, from zero on', async () => {
    const refused = createRefusedWrites(['node2', 'node3']);
    const { registry } = setUp(refused);
    const told = () => registry.getSingleMetricAsString('mailbox_mesh_writes_refused_total');
    for (const peer of ['node2', 'node3']) {
      expect(await told()).toMatch(new RegExp(`_total\\{.*peer="${peer}",reason="id".*\\} 0$`, 'm'));
    }
    refused.note('node3', 'id');
    expect(await told()).toMatch(/peer="node3",reason="id".*\} 1$/m);
  });
});

describe('the gap of a ledger (law 9)', () => {
  const counts = { accepted: 10, deleted: 4, expired: 1, waiting: 3, lost: 2, returned: -1 };

  it('tells of a lost message, and of one that came back', async () => {
    const { metrics, gaps } = setUp();
    metrics.setLedger('a', { ...counts, isExact: true });
    expect(await gaps()).toEqual([
      'mailbox_ledger_gap_messages{bucket="a",kind="lost"} 2',
      'mailbox_ledger_gap_messages{bucket="a",kind="returned"} -1',
    ]);
  });

  it('is not taken from a count during which mail came or went, and goes with its bucket', async () => {
    const { metrics, gaps } = setUp();
    metrics.setLedger('a', { ...counts, isExact: false });
    expect(await gaps()).toEqual([]);
    metrics.setLedger('a', { ...counts, lost: 0, returned: 0, isExact: true });
    metrics.setLedger('a', { ...counts, isExact: false });
    expect(await gaps()).toEqual([
      'mailbox_ledger_gap_messages{bucket="a",kind="lost"} 0',
      'mailbox_ledger_gap_messages{bucket="a",kind="returned"} 0',
    ]);
    metrics.forgetLedger('a');
    expect(await gaps()).toEqual([]);
  });
});

it('a size that CouchDB does not tell has no sample', async () => {
  const { registry } = setUp();
  const text = await registry.metrics();
  expect(text).toContain('mailbox_database_documents{database="directory"} 3');
  expect(text).not.toContain('mailbox_database_file_bytes{');
});
