import {
  blobBytesFor,
  mintBlobId,
  partsOf,
  PLAIN_PART_BYTES,
  VERSIONS,
  type BlobId,
} from '@restante/protocol';
import { createObjectStore } from '@restante/service-kit';
import {
  newTestKeys,
  startCouches,
  startFaultProxy,
  startObjectStore,
  startTestMesh,
  startTestNode,
  waitFor,
  type FaultProxy,
  type TestMesh,
} from '@restante/testkit';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobApi } from '../server/blob-api.ts';
import { createHttp } from '../server/http.ts';
import type { Ticket } from './blob-nodes.ts';
import { readBlob } from './read-blob.ts';
import { uploadBlob, type BlobReference } from './upload-blob.ts';

/** Blobs of a cell whose parts lie in an object store. */

const keys = newTestKeys();
const cleanup = new AsyncDisposableStack();
let mesh: TestMesh;
/** Nodes reach the store through it, and so does whoever goes to a place. */
let line: FaultProxy;
let endpoint = '';
beforeAll(async () => {
  const server = cleanup.use(await startObjectStore());
  line = cleanup.use(await startFaultProxy(server.address.endpoint));
  endpoint = `http://${line.address}`;
  const objectStore = { ...server.address, endpoint };
  const objects = cleanup.use(createObjectStore(objectStore));
  await objects.createBucket();
  mesh = cleanup.use(await startTestMesh(await startCouches(2), keys, undefined, { objectStore }));
}, 240_000);
afterAll(() => cleanup.disposeAsync());

const never = new AbortController().signal;
const backoff = { minMs: 1, maxMs: 5 };
const SIZE = 2 * PLAIN_PART_BYTES + 100;
const bytes = Uint8Array.from({ length: SIZE }, (_, index) => (index * 2_654_435_761) >>> 24);
const content = { size: SIZE, read: (from: number, to: number) => Promise.resolve(bytes.subarray(from, to)) };

/** Who was sent or asked for a part: `store` or `node`, by the method. */
const watched = (isBlocked = false) => {
  const visits: string[] = [];
  const api = blobApi(
    createHttp((url, init) => {
      const path = new URL(url instanceof Request ? url.url : url).pathname;
      if (/\/\d+$/.test(path) && init?.method !== 'POST') visits.push(`${init?.method} node`);
      return fetch(url, init);
    }, VERSIONS),
    (url, init) => {
      visits.push(`${init?.method ?? 'GET'} store`);
      return isBlocked ? Promise.reject(new TypeError('blocked')) : fetch(url, init);
    },
  );
  return { api, visits };
};

type At = readonly { readonly url: string }[];
const ticketFor = async (
  id: BlobId,
  size: number | null,
  placesAt: string | null = endpoint,
  nodes: At = mesh.nodes,
): Promise<Ticket> => ({
  id,
  ticket: (await keys.asTicket({ blob: id, bytes: size })).authorization.slice('Bearer '.length),
  nodes: nodes.map(({ url }) => url),
  ...(placesAt !== null && { placesAt }),
});
const newId = (): BlobId => mintBlobId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
const upload = async ({ api } = watched(), placesAt?: string | null, nodes?: At): Promise<BlobReference> => {
  const ticket = await ticketFor(newId(), blobBytesFor(SIZE), placesAt, nodes);
  const key = crypto.getRandomValues(new Uint8Array(32));
  return uploadBlob({ api, content, key, ticket, backoff, rounds: 1, signal: never });
};
const read = async (
  reference: BlobReference,
  { api } = watched(),
  placesAt?: string | null,
  nodes?: At,
): Promise<boolean> => {
  const pieces: Uint8Array[] = [];
  const blob = await readBlob(api, reference, () => ticketFor(reference.id, null, placesAt, nodes));
  for await (const piece of blob.whole()) pieces.push(piece);
  return Buffer.concat(pieces).equals(bytes);
};
const repeated = (what: string): string[] => Array.from({ length: partsOf(blobBytesFor(SIZE)) }, () => what);
const healthOf = async (node: number) =>
  (await (await fetch(`${mesh.nodes[node]!.url}/health`)).json()) as {
    readonly status: string;
    readonly objectStore: { readonly state: string; readonly reason?: string };
  };

describe('a blob in an object store', () => {
  test('is put and got there, and its bytes come by no node', async () => {
    const [writing, reading] = [watched(), watched()];
    const reference = await upload(writing);
    expect(writing.visits).toEqual(repeated('PUT store'));
    expect(await read(reference, reading)).toBe(true);
    expect(reading.visits).toEqual(repeated('GET store'));
  });

  test('is stored and read by the nodes where the store is not to be reached, or by who knows of no places', async () => {
    const [writing, reading] = [watched(true), watched(true)];
    const blocked = await upload(writing);
    expect(writing.visits.filter((visit) => visit === 'PUT node')).toEqual(repeated('PUT node'));
    expect(await read(blocked, reading)).toBe(true);
    expect(reading.visits.filter((visit) => visit === 'GET node')).toEqual(repeated('GET node'));
    const former = await upload(watched(), null);
    expect(await read(former)).toBe(true);
    expect(await read(await upload(), watched(), null)).toBe(true);
  });

  test('is stored and read by the nodes where the store keeps silent, and is not waited for again', async () => {
    await using silent = await startFaultProxy(endpoint);
    silent.set('stall');
    /** Who gives a store little time, and has gone to it so often. */
    const behindWall = () => {
      const count = { visits: 0 };
      const api = blobApi(
        createHttp(globalThis.fetch, VERSIONS),
        (url, init) => {
          count.visits += 1;
          return fetch((url as string).replace(endpoint, silent.url), init);
        },
        { quietMs: 3_000, partMs: 8_000 },
      );
      return { api, count, visits: [] };
    };
    const [writing, reading] = [behindWall(), behindWall()];
    const reference = await upload(writing);
    expect(await read(reference, reading)).toBe(true);
    expect(writing.count.visits).toBeGreaterThan(0);
    expect(reading.count.visits).toBe(1);
    const { visits } = writing.count;
    expect(await read(await upload(writing), writing)).toBe(true);
    expect(writing.count.visits).toBe(visits);
  });

  test('is gone on with at another node, without what is there', async () => {
    const ticket = await ticketFor(newId(), blobBytesFor(SIZE));
    const key = crypto.getRandomValues(new Uint8Array(32));
    const over = new AbortController();
    const options = { content, key, backoff, rounds: 1 };
    const first = uploadBlob({
      ...{ ...options, api: watched().api, ticket, signal: over.signal },
      onTaken: () => over.abort(),
    });
    await expect(first).rejects.toThrow();
    const { api, visits } = watched();
    const turned = { ...ticket, nodes: ticket.nodes.toReversed() };
    const reference = await uploadBlob({ ...options, api, ticket: turned, signal: never });
    expect(visits.length).toBeLessThan(repeated('').length);
    expect(await read(reference)).toBe(true);
  });

  test('goes to no place elsewhere that a node tells, nor where a store leads on, but by the node', async () => {
    const visited: string[] = [];
    const inner = createServer((request, response) => {
      if (request.url !== '/leads-on') visited.push(`${request.method} ${request.url}`);
      response.writeHead(request.url === '/leads-on' ? 307 : 200, { location: '/inner' }).end();
    }).listen(0, '127.0.0.1');
    cleanup.defer(() => void inner.close());
    await once(inner, 'listening');
    const origin = `http://127.0.0.1:${(inner.address() as AddressInfo).port}`;
    /** A node tells this as the place of each part. */
    const told = (url: string) => {
      const visits: string[] = [];
      const lying: typeof fetch = async (asked, init) => {
        const { pathname } = new URL(asked instanceof Request ? asked.url : asked);
        if (!/\/\d+$/.test(pathname)) return fetch(asked, init);
        if (init?.method === 'POST') return Response.json({ url, headers: {} });
        visits.push(`${init?.method} node`);
        return fetch(asked, init);
      };
      return { visits, api: blobApi(createHttp(lying, VERSIONS), fetch) };
    };
    for (const [url, placesAt] of [
      [`${origin}/inner`, endpoint],
      ['data:text/plain,none', endpoint],
      ['no url', endpoint],
      [`${origin}/leads-on`, origin],
    ] as const) {
      const [writing, reading] = [told(url), told(url)];
      const reference = await upload(writing, placesAt);
      expect(writing.visits, url).toEqual(repeated('PUT node'));
      expect(await read(reference, reading, placesAt), url).toBe(true);
      expect(reading.visits, url).toEqual(repeated('GET node'));
    }
    expect(visited).toEqual([]);
  });

  test('lies where it was put before the cell had the store, and is given from there', async () => {
    await using former = await startTestMesh(await startCouches(1), keys);
    const reference = await upload(watched(), null, former.nodes);
    await former.stop();
    const [config] = former.configs;
    const { objectStore } = mesh.configs[0]!;
    await using node = await startTestNode({ ...config!, objectStore }, keys);
    const { api, visits } = watched();
    expect(await read(reference, { api, visits }, undefined, [node])).toBe(true);
    expect(visits.filter((visit) => visit === 'GET node')).toEqual(repeated('GET node'));
  });

  test('is said to be unavailable while the store is, by its name; and goes on after', async () => {
    const reference = await upload();
    await waitFor('all is well', async () => (await healthOf(0)).status === 'up');
    line.set('refuse');
    line.cut();
    await expect(upload()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(read(reference)).rejects.toMatchObject({ code: 'unavailable' });
    await waitFor('it is told', async () => (await healthOf(0)).objectStore.state === 'down');
    expect(await healthOf(0)).toMatchObject({
      status: 'degraded',
      objectStore: { reason: 'the object store does not answer' },
    });
    line.set('pass');
    expect(await read(reference)).toBe(true);
    await waitFor('all is well again', async () => (await healthOf(0)).status === 'up');
  });
});
