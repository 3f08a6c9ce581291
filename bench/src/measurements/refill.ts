import nano from 'nano';
import { waitFor } from '@restante/testkit';
import { fill } from '../load/fill.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { median } from '../statistics.ts';

const STORED = 100_000;
const PER_MAILBOX = 50;
const HOUR_MS = 60 * 60 * 1000;
const PATIENCE = { timeoutMs: HOUR_MS, everyMs: 200 };

/** A node that has lost its disk: until the mesh has given it all messages again, beside one replication of the same database. */
export const refill: Measurement = {
  name: 'refill',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    const token = await cluster.signer.master(Date.now() + 12 * HOUR_MS);
    const rawDatabase = `${cluster.databasePrefix}raw`;
    const bucket = cluster.bucketAt(Date.now());
    const [first, , last] = cluster.couchServers;
    const node = cluster.mailboxNodes[2]!;
    const target = nano(last!.adminUrl);
    const isFull = async (): Promise<boolean> => {
      const info = await target.db.get(bucket).catch(() => null);
      return info !== null && info.doc_count >= STORED;
    };
    bench.progress(`  ${STORED.toLocaleString('en')} messages are stored`);
    await fill(cluster.mailboxNodes[0]!.url, token, STORED, PER_MAILBOX);
    await waitFor('the mesh to have carried all of them', isFull, PATIENCE);

    const ours = async (): Promise<number> => {
      await node.kill();
      await target.db.destroy(bucket);
      const startedAt = performance.now();
      await node.start();
      await waitFor('the node to be full', isFull, PATIENCE);
      return (performance.now() - startedAt) / 1000;
    };
    const raw = async (): Promise<number> => {
      await target.db.create(rawDatabase);
      const startedAt = performance.now();
      await target.db.replicate(`${first!.adminUrl}/${bucket}`, `${last!.adminUrl}/${rawDatabase}`);
      const seconds = (performance.now() - startedAt) / 1000;
      const { doc_count: came } = await target.db.get(rawDatabase);
      await target.db.destroy(rawDatabase);
      if (came < STORED) throw new Error(`${came} of ${STORED} messages were replicated`);
      return seconds;
    };
    const pairs: (readonly [number, number])[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.progress(`  round ${round + 1} of ${bench.rounds}`);
      pairs.push([await ours(), await raw()]);
    }
    return [
      {
        name: `a node without a disk: until it has ${STORED.toLocaleString('en')} messages again`,
        unit: 's',
        value: median(pairs.map(([seconds]) => seconds)),
        peer: { name: 'one replication of the database', value: median(pairs.map(([, seconds]) => seconds)) },
        ratio: median(pairs.map(([seconds, peer]) => seconds / peer)),
      },
    ];
  },
};
