import { compare } from '../compare.ts';
import { startGenerator } from '../load/start-generator.ts';
import type { Measurement } from '../measurement.ts';
import { startSingleNode } from '../servers/single-node.ts';

/** As a master sends them: two requests under way to each node. */
const CONNECTIONS = 2;
const PER_REQUEST = 100;
const REQUESTS = 100;

/** 100 envelopes per request, beside raw `_bulk_docs` of 100 of the same documents. */
export const storeBatch: Measurement = {
  name: 'store-batch',
  run: async (bench) => {
    await using single = await startSingleNode(bench);
    await using generator = startGenerator();
    const { node, couchUrl, storeToken } = single;
    const database = await single.createDatabase();
    const load = { requests: REQUESTS, connections: CONNECTIONS, perRequest: PER_REQUEST };
    const result = await compare(
      bench.rounds,
      async () => {
        const job = { ...load, kind: 'store', url: node.url, token: storeToken } as const;
        return (REQUESTS * PER_REQUEST) / (await generator.run(job)).seconds;
      },
      async () => {
        const job = { ...load, kind: 'bulk-docs', url: couchUrl, database } as const;
        return (REQUESTS * PER_REQUEST) / (await generator.run(job)).seconds;
      },
    );
    const name = `store, ${PER_REQUEST} envelopes per request, ${CONNECTIONS} connections`;
    const { value } = result;
    return [
      {
        name,
        unit: 'messages/s',
        value,
        peer: { name: 'raw _bulk_docs', value: result.peer },
        ratio: result.ratio,
        target: { of: 'ratio', atLeast: 0.7 },
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
