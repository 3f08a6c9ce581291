import { compare } from '../compare.ts';
import type { Job } from '../load/job.ts';
import { startGenerator } from '../load/start-generator.ts';
import { startGroupStore } from '../load/start-group-store.ts';
import type { Measurement } from '../measurement.ts';
import { startSingleNode } from '../servers/single-node.ts';

const CONNECTIONS = 64;
const REQUESTS = 4_000;

/** One envelope per request at 64 connections, beside nano's `db.insert`, and beside the least that a store can be. */
export const storeSingle: Measurement = {
  name: 'store-single',
  run: async (bench) => {
    await using single = await startSingleNode(bench);
    await using generator = startGenerator();
    const { node, couchUrl, storeToken } = single;
    const database = await single.createDatabase();
    const load = { requests: REQUESTS, connections: CONNECTIONS };
    const perSecond = async (job: Job): Promise<number> => REQUESTS / (await generator.run(job)).seconds;
    const ours = () => perSecond({ ...load, kind: 'store', url: node.url, token: storeToken, perRequest: 1 });
    const result = await compare(bench.rounds, ours, () =>
      perSecond({ ...load, kind: 'insert', url: couchUrl, database }),
    );
    await using best = await startGroupStore(couchUrl, database);
    const toBest = await compare(bench.rounds, ours, () =>
      perSecond({ ...load, kind: 'document', url: best.url }),
    );
    const name = `store, one envelope per request, ${CONNECTIONS} connections`;
    const { value } = result;
    return [
      {
        name,
        unit: 'messages/s',
        value,
        peer: { name: "nano's insert", value: result.peer },
        ratio: result.ratio,
        target: { of: 'ratio', atLeast: 2.5 },
      },
      {
        name: `${name}: beside the best possible`,
        unit: 'messages/s',
        value: toBest.value,
        peer: { name: 'group commit alone', value: toBest.peer },
        ratio: toBest.ratio,
        target: { of: 'ratio', atLeast: 0.9 },
      },
      {
        name: `${name}: seed figure`,
        unit: 'messages/s',
        value,
        target: { of: 'value', atLeast: 1_000 },
      },
    ];
  },
};
