import { randomBytes } from 'node:crypto';
import nano, { type ServerScope } from 'nano';
import { blobApi, createHttp, readBlob, uploadBlob, type Ticket } from '@restante/client/blobs';
import {
  blobBytesFor,
  bytesOfPart,
  mintBlobId,
  partDocument,
  partDocumentId,
  partsOf,
  VERSIONS,
  type BlobId,
} from '@restante/protocol';
import { anonymousMemoryMb } from '@restante/testkit';
import type { Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { median } from '../statistics.ts';

const MB = 1024 * 1024;
const SIZE = 100 * MB;
const HOUR_MS = 60 * 60 * 1000;
/** As many as the client has under way. */
const AT_ONCE = 3;
const SAMPLE_MS = 100;

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
};

const eachPart = async (parts: number, work: (part: number) => Promise<unknown>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < parts) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
};

/** A file that is stored at three nodes and read again, encryption included, beside its parts put into three CouchDBs, and read from one. */
export const blobs: Measurement = {
  name: 'blobs',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    const api = blobApi(createHttp(globalThis.fetch, VERSIONS), globalThis.fetch);
    const signal = new AbortController().signal;
    const bytes = blobBytesFor(SIZE);
    const parts = partsOf(bytes);
    const file = randomBytes(SIZE);
    const content = {
      size: SIZE,
      read: (from: number, to: number) => Promise.resolve(file.subarray(from, to)),
    };
    const newId = (): BlobId => mintBlobId(Date.now(), randomBytes(10));
    const ticketFor = async (id: BlobId, toWrite: boolean): Promise<Ticket> => ({
      id,
      ticket: await cluster.signer.blob({ blob: id, bytes: toWrite ? bytes : null }, Date.now() + HOUR_MS),
      nodes: cluster.mailboxNodes.map(({ url }) => url),
    });
    const couches: readonly ServerScope[] = cluster.couchServers.map(({ adminUrl }) => nano(adminUrl));
    const rawDatabase = `${cluster.databasePrefix}raw`;
    const services = [...cluster.masters, ...cluster.mailboxNodes];
    const memory = (): Promise<number[]> =>
      Promise.all(
        services.map(({ pid }) => (pid === undefined ? Promise.resolve(0) : anonymousMemoryMb(pid))),
      );

    const ours = async (): Promise<{ up: number; down: number; grownMb: number }> => {
      const id = newId();
      const before = await memory();
      let grownMb = 0;
      const sampling = setInterval(() => {
        void memory().then((now) => {
          grownMb = Math.max(grownMb, ...now.map((mb, index) => mb - (before[index] ?? 0)));
        });
      }, SAMPLE_MS);
      const key = new Uint8Array(randomBytes(32));
      const ticket = await ticketFor(id, true);
      let reference: Awaited<ReturnType<typeof uploadBlob>> | null = null;
      const up = await secondsOf(async () => {
        const backoff = { minMs: 100, maxMs: 1_000 };
        reference = await uploadBlob({ api, content, key, ticket, backoff, signal });
      });
      const down = await secondsOf(async () => {
        const { whole } = await readBlob(api, reference!, () => ticketFor(id, false));
        let read = 0;
        for await (const piece of whole()) read += piece.length;
        if (read !== SIZE) throw new Error(`${read} of ${SIZE} bytes were read`);
      });
      clearInterval(sampling);
      return { up, down, grownMb };
    };
    const raw = async (): Promise<{ up: number; down: number }> => {
      const id = newId();
      for (const couch of couches) await couch.db.create(rawDatabase);
      const body = (part: number): object =>
        partDocument(id, part, bytes, randomBytes(bytesOfPart(bytes, part)).toString('base64'));
      const bodies = Array.from({ length: parts }, (_, part) => body(part));
      const up = await secondsOf(() =>
        eachPart(parts, (part) =>
          Promise.all(
            couches.map((couch) =>
              couch.request({
                ...{ db: rawDatabase, path: '_bulk_docs', method: 'POST' },
                body: { new_edits: false, docs: [bodies[part]!] },
              }),
            ),
          ),
        ),
      );
      const down = await secondsOf(async () => {
        for (let part = 0; part < parts; part += 1)
          await couches[0]!.use(rawDatabase).get(partDocumentId(id, part));
      });
      for (const couch of couches) await couch.db.destroy(rawDatabase);
      return { up, down };
    };

    const pairs: (readonly [Awaited<ReturnType<typeof ours>>, Awaited<ReturnType<typeof raw>>])[] = [];
    for (let round = 0; round <= bench.rounds; round += 1) {
      bench.progress(`  round ${round} of ${bench.rounds}`);
      const pair = [await ours(), await raw()] as const;
      // The first one warms up.
      if (round > 0) pairs.push(pair);
    }
    const figure = (name: string, way: 'up' | 'down', peer: string): Figure => ({
      ...{ name, unit: 's' },
      value: median(pairs.map(([own]) => own[way])),
      peer: { name: peer, value: median(pairs.map(([, beside]) => beside[way])) },
      ratio: median(pairs.map(([own, beside]) => own[way] / beside[way])),
      // 0.6 of the raw rate.
      target: { of: 'ratio', atMost: 1 / 0.6 },
    });
    return [
      figure('100 MB stored at three nodes, encrypted', 'up', 'its parts written to three CouchDBs'),
      figure('100 MB read and checked', 'down', 'its parts read from one CouchDB'),
      {
        name: 'memory of a node or master while 100 MB pass, more than before',
        unit: 'MB',
        value: median(pairs.map(([{ grownMb }]) => grownMb)),
        target: { of: 'value', atMost: 60 },
      },
    ];
  },
};
