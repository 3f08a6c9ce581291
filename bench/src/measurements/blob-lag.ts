import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobBytesFor, mintBlobId } from '@restante/protocol';
import { openPost } from '../load/http-post.ts';
import { startUploading } from '../load/start-uploading.ts';
import type { Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { openMessageLag } from '../servers/message-lag.ts';
import { median, percentile } from '../statistics.ts';

const SIZE = 100 * 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
/** Between messages, and for how long they are sent at rest. */
const [APART_MS, REST_MS] = [250, 15_000];
/** The mesh takes seconds for what one node missed. */
const POLL_MS = 50;

/** How long messages take to the other nodes while a file of 100 MB is stored, beside the same at rest. */
export const blobLag: Measurement = {
  name: 'blob-lag',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    await using uploading = startUploading();
    const token = await cluster.signer.master(Date.now() + HOUR_MS);
    await using store = openPost(cluster.mailboxNodes[0]!.url, '/messages', {
      connections: 1,
      authorization: `Bearer ${token}`,
      isGood: (answer) => !answer.includes('refused'),
    });
    const lag = openMessageLag(cluster, store, POLL_MS);
    const upload = async (): Promise<null> => {
      const id = mintBlobId(Date.now(), randomBytes(10));
      const right = { blob: id, bytes: blobBytesFor(SIZE) };
      const ticket = await cluster.signer.blob(right, Date.now() + HOUR_MS);
      const nodes = cluster.mailboxNodes.map(({ url }) => url);
      return uploading.run({ ticket: { id, ticket, nodes }, bytes: SIZE });
    };
    /** One message after another, each without waiting for the one before, as long as `isOver` says no. */
    const lagsUntil = async (isOver: () => boolean): Promise<number[]> => {
      const lags: Promise<number>[] = [];
      while (!isOver()) {
        lags.push(lag());
        await sleep(APART_MS);
      }
      return Promise.all(lags);
    };
    const atRest = (): Promise<number[]> => {
      const end = performance.now() + REST_MS;
      return lagsUntil(() => performance.now() > end);
    };
    const meanwhile = async (): Promise<number[]> => {
      let isStored = false;
      const stored = upload().finally(() => (isStored = true));
      const lags = await lagsUntil(() => isStored);
      await stored;
      return lags;
    };

    await atRest();
    await upload();
    const pairs: (readonly [number[], number[]])[] = [];
    for (let round = 1; round <= bench.rounds; round += 1) {
      bench.progress(`  round ${round} of ${bench.rounds}`);
      pairs.push([await meanwhile(), await atRest()]);
    }
    const figure = (share: number): Omit<Figure, 'name'> => {
      const [busy, idle] = [0, 1].map((side) => pairs.map((pair) => percentile(pair[side as 0 | 1], share)));
      return {
        ...{ unit: 'ms', value: median(busy!) },
        peer: { name: 'at rest', value: median(idle!) },
        ratio: median(busy!.map((value, index) => value / idle![index]!)),
      };
    };
    return [
      { name: 'a message to both other nodes while 100 MB are stored, p50', ...figure(0.5) },
      {
        name: 'a message to both other nodes while 100 MB are stored, p95',
        ...figure(0.95),
        target: { of: 'ratio', atMost: 1.5 },
      },
    ];
  },
};
