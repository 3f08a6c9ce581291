import {
  blobBytesFor,
  LIMITS,
  mintBlobId,
  partsOf,
  PLAIN_PART_BYTES,
  VERSIONS,
  type BlobId,
} from '@restante/protocol';
import { newTestKeys, startCouches, startFaultProxy, startTestMesh, type TestMesh } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MessengerError } from '../messenger-error.ts';
import { blobApi, type BlobApi } from '../server/blob-api.ts';
import { createHttp } from '../server/http.ts';
import type { Ticket } from './blob-nodes.ts';
import { readBlob } from './read-blob.ts';
import type { BlobContent } from './sealed-parts.ts';
import { uploadBlob, type BlobReference } from './upload-blob.ts';

const keys = newTestKeys();
let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(3), keys);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const real = blobApi(createHttp(globalThis.fetch, VERSIONS), globalThis.fetch);
const never = new AbortController().signal;
const backoff = { minMs: 1, maxMs: 5 };

const ticketFor = async (id: BlobId, bytes: number | null, expiresAtMs?: number): Promise<Ticket> => ({
  id,
  ticket: (await keys.asTicket({ blob: id, bytes }, expiresAtMs)).authorization.slice('Bearer '.length),
  nodes: mesh.nodes.map(({ url }) => url),
});
const newTicket = (size: number): Promise<Ticket> =>
  ticketFor(mintBlobId(Date.now(), crypto.getRandomValues(new Uint8Array(10))), blobBytesFor(size));

/** Bytes of which each says where it is. */
const contentOf = (size: number): BlobContent & { readonly bytes: Uint8Array } => {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 24);
  return { size, bytes, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
};
const newKey = () => crypto.getRandomValues(new Uint8Array(32));

type Given = Partial<Parameters<typeof uploadBlob>[0]> & { readonly content: BlobContent };
const upload = async (given: Given): Promise<BlobReference> =>
  uploadBlob({
    ...{ api: real, key: newKey(), backoff, signal: never },
    ticket: given.ticket ?? (await newTicket(given.content.size)),
    ...given,
  });
const reader = (reference: BlobReference, api = real) =>
  readBlob(api, reference, () => ticketFor(reference.id, null));
const gather = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const gathered: Uint8Array[] = [];
  for await (const piece of pieces) gathered.push(piece);
  return new Uint8Array(Buffer.concat(gathered));
};

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.from(one).equals(other);
const altered = { code: 'blob-altered' };

describe('a blob', () => {
  test.each([0, 1, 541, PLAIN_PART_BYTES - 1, PLAIN_PART_BYTES, PLAIN_PART_BYTES + 1, 3_000_000])(
    'of %i bytes is read as it was sent',
    async (size) => {
      const content = contentOf(size);
      const told: number[] = [];
      const reference = await upload({ content, onProgress: (stored) => void told.push(stored) });
      expect(told).toHaveLength(partsOf(blobBytesFor(size)));
      expect(told.at(-1)).toBe(blobBytesFor(size));
      expect(isSame(await gather((await reader(reference)).whole()), content.bytes)).toBe(true);
    },
  );

  test('is read from anywhere', async () => {
    const content = contentOf(2_500_000);
    const { range } = await reader(await upload({ content }));
    for (const [from, to] of [
      [0, 1],
      [PLAIN_PART_BYTES - 1, PLAIN_PART_BYTES + 1],
      [1_000_000, 2_500_000],
      [2_499_999, 9_000_000],
      [5, 5],
      [9_000_000, 9_000_001],
    ] as const)
      expect(isSame(await gather(range(from, to)), content.bytes.subarray(from, to)), `${from}`).toBe(true);
  });

  test('is read in pieces, one part at a time, which is fetched once for all who ask for it', async () => {
    const content = contentOf(2_500_000);
    const reference = await upload({ content });
    const fetched: number[] = [];
    const counting: BlobApi = {
      ...real,
      get: (access, part, signal) => {
        fetched.push(part);
        return real.get(access, part, signal);
      },
    };
    const { piece } = await reader(reference, counting);
    const from = PLAIN_PART_BYTES + 5;
    const [one, other, inside] = await Promise.all([piece(from), piece(from), piece(from + 1_000)]);
    expect(isSame(one, content.bytes.subarray(from, 2 * PLAIN_PART_BYTES))).toBe(true);
    expect(isSame(other, one)).toBe(true);
    expect(isSame(inside, one.subarray(1_000))).toBe(true);
    expect(fetched).toEqual([1]);
    const last = 2 * PLAIN_PART_BYTES;
    expect(isSame(await piece(last), content.bytes.subarray(last))).toBe(true);
    expect((await piece(content.size)).length).toBe(0);
    expect((await piece(9_000_000)).length).toBe(0);
    expect(fetched).toEqual([1, 2]);
  });

  test('that was begun is gone on with: only what the nodes do not have is sent', async () => {
    const content = contentOf(6_000_000);
    const [ticket, key] = [await newTicket(content.size), newKey()];
    const over = new AbortController();
    const sent: number[] = [];
    const api: BlobApi = {
      ...real,
      put: async (access, part, data, signal) => {
        const copies = await real.put(access, part, data, signal);
        sent.push(part);
        return copies;
      },
    };
    const begun = upload({
      ...{ api, content, ticket, key, signal: over.signal },
      onProgress: (stored) => {
        if (stored > 2_000_000) over.abort();
      },
    });
    await expect(begun).rejects.toThrow();
    expect(sent.length).toBeLessThan(partsOf(blobBytesFor(content.size)));
    const before = sent.splice(0);
    const reference = await upload({ api, content, ticket, key });
    expect(sent.filter((part) => before.includes(part))).toEqual([]);
    expect(isSame(await gather((await reader(reference)).whole()), content.bytes)).toBe(true);
  });

  test('waits for nodes that are away, and goes to those that are not', async () => {
    const content = contentOf(2_000_000);
    let failures = 0;
    const api: BlobApi = {
      ...real,
      put: (access, part, ...rest) => {
        failures += 1;
        if (failures <= 12) return Promise.reject(new MessengerError('unreachable', 'away'));
        return access.node === mesh.nodes[1]!.url
          ? real.put(access, part, ...rest)
          : Promise.reject(new MessengerError('unavailable', 'full'));
      },
    };
    const reference = await upload({ api, content });
    expect(isSame(await gather((await reader(reference)).whole()), content.bytes)).toBe(true);
  });

  test('that a node refuses for good, or whose file changes, is given up', async () => {
    const content = contentOf(3_000_000);
    const other = await newTicket(5);
    await expect(upload({ content, ticket: other })).rejects.toMatchObject({ code: 'bad-request' });
    const past = Date.now() - LIMITS.clockSkewMs - 60_000;
    const expired = await ticketFor((await newTicket(1)).id, blobBytesFor(content.size), past);
    await expect(upload({ content, ticket: expired })).rejects.toMatchObject({ code: 'token-expired' });
    const shorter = {
      ...content,
      read: (from: number) => Promise.resolve(content.bytes.subarray(from, from + 5)),
    };
    await expect(upload({ content: shorter })).rejects.toMatchObject({ code: 'content-changed' });
  });
});

describe('nodes that lie', () => {
  const content = contentOf(2_500_000);
  type Get = BlobApi['get'];
  /** Of the first nodes, in the order of the ticket. */
  const lying = (nodes: number, get: Get): BlobApi => ({
    ...real,
    get: (access, ...rest) =>
      mesh.nodes.slice(0, nodes).some(({ url }) => url === access.node)
        ? get(access, ...rest)
        : real.get(access, ...rest),
  });
  const lies: readonly (readonly [string, Get])[] = [
    [
      'alter a part',
      async (...asked) => {
        const part = await real.get(...asked);
        part[part.length >> 1]! ^= 1;
        return part;
      },
    ],
    ['cut a part off', async (...asked) => (await real.get(...asked)).slice(0, -1)],
    ['give nothing', () => Promise.resolve(new Uint8Array())],
    ['give another part', (access, part, signal) => real.get(access, part === 0 ? 1 : part - 1, signal)],
    ['say that there is none', () => Promise.reject(new MessengerError('not-found', 'none'))],
  ];

  test.each(lies)('and %s: another one is asked', async (_, lie) => {
    const reference = await upload({ content });
    const { whole, piece } = await reader(reference, lying(2, lie));
    expect(isSame(await piece(0), content.bytes.subarray(0, PLAIN_PART_BYTES))).toBe(true);
    expect(isSame(await gather(whole()), content.bytes)).toBe(true);
  });

  test.each(lies)('all, and %s: nothing is taken for the blob', async (_, lie) => {
    const reference = await upload({ content });
    const { whole, range, piece } = await reader(reference, lying(3, lie));
    const code = expect.stringMatching(/^(blob-altered|not-found)$/) as string;
    await expect(gather(whole())).rejects.toMatchObject({ code });
    await expect(gather(range(0, 10))).rejects.toMatchObject({ code });
    await expect(piece(0)).rejects.toMatchObject({ code });
  });

  test.each(['stall', 'one-way'] as const)(
    'and keep silent (%s): another one is asked, before a part has had its whole time',
    { timeout: 50_000 },
    async (fault) => {
      const reference = await upload({ content });
      await using proxy = await startFaultProxy(mesh.nodes[0]!.url);
      const ticket = await ticketFor(reference.id, null);
      const nodes = [proxy.url, ...ticket.nodes.slice(1)];
      const api = blobApi(createHttp(globalThis.fetch, VERSIONS), globalThis.fetch, { quietMs: 5_000 });
      const { range } = await readBlob(api, reference, () => Promise.resolve({ ...ticket, nodes }));
      expect((await gather(range(0, 1))).length).toBe(1);
      proxy.set(fault);
      expect(isSame(await gather(range(0, content.size)), content.bytes)).toBe(true);
    },
  );

  test('one that is away may have what the others do not', async () => {
    const reference = await upload({ content });
    const api = lying(3, ({ node }) =>
      Promise.reject(
        node === mesh.nodes[1]!.url
          ? new MessengerError('unreachable', 'away')
          : new MessengerError('not-found', 'none'),
      ),
    );
    await expect(gather((await reader(reference, api)).whole())).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('a reader', () => {
  test('knows that it is not the blob that was sent, and never reads it with another key', async () => {
    const content = contentOf(1_500_000);
    const reference = await upload({ content });
    const other = { ...reference, digest: new Uint8Array(32) };
    const pieces: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of (await reader(other)).whole()) pieces.push(piece);
    };
    await expect(read()).rejects.toMatchObject(altered);
    expect(pieces.length).toBeGreaterThan(0);
    const { piece } = await reader(other);
    expect(isSame(await piece(0), content.bytes.subarray(0, PLAIN_PART_BYTES))).toBe(true);
    await expect(piece(PLAIN_PART_BYTES)).rejects.toMatchObject(altered);
    await expect(gather((await reader({ ...reference, key: newKey() })).whole())).rejects.toMatchObject(
      altered,
    );
    await expect(gather((await reader({ ...reference, size: 1_400_000 })).whole())).rejects.toMatchObject(
      altered,
    );
  });

  test('asks for another ticket when the one that it has is over', async () => {
    const content = contentOf(3_000_000);
    const reference = await upload({ content });
    let asked = 0;
    const { whole } = await readBlob(real, reference, () => {
      asked += 1;
      return ticketFor(reference.id, null, asked === 1 ? Date.now() - 24 * 3_600_000 : undefined);
    });
    expect(isSame(await gather(whole()), content.bytes)).toBe(true);
    expect(asked).toBe(2);
  });
});
