import { compare } from '../compare.ts';
import { startGenerator } from '../load/start-generator.ts';
import type { Measurement } from '../measurement.ts';
import { startSingleNode } from '../servers/single-node.ts';

const CONNECTIONS = 64;
const REQUESTS = 4_000;

/** One envelope per request at 64 connections, beside nano's `db.insert` at 64 connections. */
export const storeSingle: Measurement = {
  name: 'store-single',
  run: async (bench) => {
    await using single = await startSingleNode(bench);
    await using generator = startGenerator();
    const { node, couchUrl, storeToken } = single;
    const database = await single.createDatabase();
    const load = { requests: REQUESTS, connections: CONNECTIONS };
    const result = await compare(
      bench.rounds,
      async () => {
        const job = { ...load, kind: 'store', url: node.url, token: storeToken, perRequest: 1 } as const;
        return REQUESTS / (await generator.run(job)).seconds;
      },
      async () => {
        const job = { ...load, kind: 'insert', url: couchUrl, database } as const;
        return REQUESTS / (await generator.run(job)).seconds;
      },
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
        name: `${name}: seed figure`,
        unit: 'messages/s',
        value,
        target: { of: 'value', atLeast: 1_000 },
      },
    ];
  },
};
