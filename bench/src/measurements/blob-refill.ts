import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobBytesFor, mintBlobId, partsOf } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import nano from 'nano';
import { openPost } from '../load/http-post.ts';
import { startUploading } from '../load/start-uploading.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { openMessageLag } from '../servers/message-lag.ts';
import { median, percentile } from '../statistics.ts';

const SIZE = 100 * 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
const BOUND_KB_PER_SECOND = 4_096;
const APART_MS = 250;
const POLL_MS = 50;
const PATIENCE = { timeoutMs: HOUR_MS, everyMs: 200 };

type Refill = { readonly seconds: number; readonly lags: readonly number[] };

/**
 * How long messages take to the other nodes while one of them, which was away, is given the files of 100 MB that came meanwhile: with a bound for
 * what the mesh brings of files, beside the same without.
 */
export const blobRefill: Measurement = {
  name: 'blob-refill',
  run: async (bench) => {
    /** In as many rounds, each with another file. */
    const refills = async (mailboxNode: Readonly<Record<string, string>>): Promise<Refill[]> => {
      await using cluster = await startBenchCluster(bench, {}, 1, mailboxNode);
      await using uploading = startUploading();
      const token = await cluster.signer.master(Date.now() + HOUR_MS);
      await using store = openPost(cluster.mailboxNodes[0]!.url, '/messages', {
        connections: 1,
        authorization: `Bearer ${token}`,
        isGood: (answer) => !answer.includes('refused'),
      });
      const lag = openMessageLag(cluster, store, POLL_MS);
      const away = cluster.mailboxNodes[2]!;
      const couch = nano(cluster.couchServers[2]!.adminUrl);
      const partsThere = async (): Promise<number> => {
        const names = (await couch.db.list()).filter((name) =>
          name.startsWith(`${cluster.databasePrefix}blobs-`),
        );
        const infos = await Promise.all(names.map((name) => couch.db.get(name)));
        return infos.reduce((sum, { doc_count: documents }) => sum + documents, 0);
      };
      const upload = async (): Promise<void> => {
        const id = mintBlobId(Date.now(), randomBytes(10));
        const right = { blob: id, bytes: blobBytesFor(SIZE) };
        const ticket = await cluster.signer.blob(right, Date.now() + HOUR_MS);
        const nodes = cluster.mailboxNodes.slice(0, 2).map(({ url }) => url);
        await uploading.run({ ticket: { id, ticket, nodes }, bytes: SIZE });
      };
      const round = async (): Promise<Refill> => {
        const before = await partsThere();
        await away.kill();
        await upload();
        await away.start();
        const startedAt = performance.now();
        let isFull = false;
        const filled = waitFor(
          'the node to have the files',
          async () => (await partsThere()) >= before + partsOf(blobBytesFor(SIZE)),
          PATIENCE,
        ).finally(() => (isFull = true));
        const lags: Promise<number>[] = [];
        while (!isFull) {
          lags.push(lag());
          await sleep(APART_MS);
        }
        await filled;
        const seconds = (performance.now() - startedAt) / 1000;
        return { seconds, lags: await Promise.all(lags) };
      };
      const done: Refill[] = [];
      for (let count = 1; count <= bench.rounds; count += 1) {
        bench.progress(`  round ${count} of ${bench.rounds}`);
        done.push(await round());
      }
      return done;
    };

    const free = await refills({});
    const bounded = await refills({ MESH_BLOB_KB_PER_SECOND: String(BOUND_KB_PER_SECOND) });
    const figure = (name: string, unit: 'ms' | 's', of: (refill: Refill) => number) => {
      const [value, peer] = [bounded, free].map((all) => median(all.map(of))) as [number, number];
      return { name, unit, value, peer: { name: 'without a bound', value: peer }, ratio: value / peer };
    };
    const at = `at ${BOUND_KB_PER_SECOND / 1024} MB/s`;
    return [
      figure(`a node that was away has 100 MB of files again, ${at}`, 's', ({ seconds }) => seconds),
      figure(`a message to both other nodes meanwhile, ${at}, p50`, 'ms', ({ lags }) =>
        percentile(lags, 0.5),
      ),
      figure(`a message to both other nodes meanwhile, ${at}, p95`, 'ms', ({ lags }) =>
        percentile(lags, 0.95),
      ),
    ];
  },
};
