import { LIMITS } from '@restante/protocol';
import { createLog, createObjectStore, type ObjectStore } from '@restante/service-kit';
import { startObjectStore, type TestObjectStore } from '@restante/testkit';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobStoreContract, newBlobId } from '../blobs/blob-store.contract.ts';
import { createS3BlobStore } from './s3-blob-store.ts';
import { createS3HalfUploads, PUT_WITHIN_MS } from './s3-half-uploads.ts';

const PART = LIMITS.blobPartBytes;
const TTL_MS = LIMITS.messageTtlMs;

let server: TestObjectStore;
let objects: ObjectStore;
beforeAll(async () => {
  server = await startObjectStore();
  objects = createObjectStore(server.address);
  await objects.createBucket();
}, 180_000);
afterAll(async () => {
  await objects[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const startStore = (given: ObjectStore = objects) => {
  const clock = { nowMs: Date.now() };
  const store = createS3BlobStore({ objects: given, ttlMs: TTL_MS, now: () => clock.nowMs });
  return { store, clock, ttlMs: TTL_MS, [Symbol.asyncDispose]: () => Promise.resolve() };
};

blobStoreContract('the store on S3', () => Promise.resolve(startStore()));

describe('a place in S3', () => {
  const put = (place: { url: string; headers: Readonly<Record<string, string>> }, data: Buffer) =>
    fetch(place.url, { method: 'PUT', headers: place.headers, body: new Uint8Array(data) });

  it('takes one part of its length, once, and gives it to whoever has a place to get it', async () => {
    const { store, clock } = startStore();
    const blob = newBlobId(clock.nowMs);
    const data = randomBytes(PART);
    const place = await store.toPut({ blob, part: 0, bytes: PART + 9 });
    expect((await put(place, randomBytes(PART - 1))).status).toBe(403);
    expect((await put(place, randomBytes(PART + 1))).status).toBe(403);
    expect((await put({ ...place, headers: {} }, data)).status).toBe(403);
    expect(await store.parts(blob)).toEqual([]);
    expect((await put(place, data)).status).toBe(200);
    expect((await put(place, randomBytes(PART))).status).toBe(412);
    expect((await store.get(blob, 0))?.equals(data)).toBe(true);
    const from = await store.toGet(blob, 0);
    const got = await fetch(from!.url, { headers: from!.headers });
    expect(data.equals(Buffer.from(await got.arrayBuffer()))).toBe(true);
    const absent = await store.toGet(blob, 1);
    expect((await fetch(absent!.url)).status).toBe(404);
    // For one part, and for one thing to do with it.
    expect((await put({ url: from!.url, headers: {} }, data)).status).toBe(403);
    expect((await fetch(place.url.replace('0000', '0001'))).status).toBe(403);
  });

  it('is none for what is of another time (law 8)', async () => {
    const { store, clock } = startStore();
    const [old, ahead] = [-TTL_MS, LIMITS.clockSkewMs + 60_000].map((off) => newBlobId(clock.nowMs + off));
    await expect(store.toPut({ blob: old!, part: 0, bytes: 1 })).rejects.toMatchObject({
      code: 'message-expired',
    });
    await expect(store.toPut({ blob: ahead!, part: 0, bytes: 1 })).rejects.toMatchObject({
      code: 'clock-skew',
    });
    expect(await store.toGet(old!, 0)).toBeNull();
  });
});

describe('without S3', () => {
  it.each([
    ['it does not answer', { endpoint: 'http://127.0.0.1:1' }],
    ['it does not know the key', { accessKeyId: 'another' }],
    ['it does not know the secret', { secretAccessKey: 'another' }],
    ['there is no such bucket', { bucket: 'another' }],
  ])('what is asked is unavailable when %s', async (_what, wrong) => {
    await using none = createObjectStore({ ...server.address, ...wrong });
    const { store, clock } = startStore(none);
    const blob = newBlobId(clock.nowMs);
    const part = { blob, part: 0, bytes: 1 };
    await expect(store.parts(blob)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.get(blob, 0)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.put({ ...part, data: Buffer.alloc(1) })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(store.toPut(part)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('half uploads in S3', () => {
  const never = new AbortController().signal;

  it('go once nobody can put a part of them any more, and what is whole stays', async () => {
    const { store, clock } = startStore();
    const put = async (bytes: number, ...parts: readonly number[]) => {
      const blob = newBlobId((clock.nowMs += 1_000));
      for (const part of parts)
        await store.put({ blob, part, bytes, data: randomBytes(Math.min(PART, bytes - part * PART)) });
      return blob;
    };
    const half = await put(3 * PART, 0, 2);
    const beheaded = await put(2 * PART, 1);
    const whole = await put(PART + 5, 1, 0);
    const elsewhere = await put(2 * PART, 0);
    let surelyMs = 0;
    let removed = 0;
    let through: string | null = null;
    const sweeping = (given: ObjectStore) =>
      createS3HalfUploads({
        ...{ log: createLog('test', 'silent'), objects: given, surely: () => surelyMs },
        isElsewhere: (blob) => Promise.resolve(blob === elsewhere),
        onRemoved: (parts) => {
          removed += parts;
        },
        lookedThrough: {
          read: () => Promise.resolve(through),
          keep: (key) => Promise.resolve(void (through = key)),
        },
      });
    const sweeper = sweeping(objects);
    surelyMs = clock.nowMs - 3_000 + PUT_WITHIN_MS - 1;
    await sweeper.sweep(never);
    expect(await store.parts(half)).toEqual([0, 2]);
    for (const step of [1, 60_000]) {
      surelyMs += step;
      await sweeper.sweep(never);
      expect(await store.parts(half)).toEqual([]);
    }
    expect(await store.parts(beheaded)).toEqual([]);
    expect(await store.parts(whole)).toEqual([0, 1]);
    expect(await store.parts(elsewhere)).toEqual([0]);
    expect(removed).toBeGreaterThanOrEqual(3);

    // After a start what was looked at is not listed again.
    const listed: string[] = [];
    const watched: ObjectStore = {
      ...objects,
      list: async (prefix, after) => {
        const page = await objects.list(prefix, after);
        listed.push(...page.objects.map(({ key }) => key));
        return page;
      },
    };
    await sweeping(watched).sweep(never);
    expect(listed).toEqual([]);
    const late = await put(2 * PART, 0);
    await sweeping(watched).sweep(never);
    expect([...new Set(listed.map((key) => key.split('/')[1]))]).toEqual([late]);
    expect(await store.parts(late)).toEqual([]);
  });

  it('stay when a list has left out some of what is there', async () => {
    const { store, clock } = startStore();
    const blob = newBlobId((clock.nowMs += 120_000));
    for (const part of [0, 1]) await store.put({ blob, part, bytes: 2 * PART, data: randomBytes(PART) });
    const forgetful: ObjectStore = {
      ...objects,
      list: async (prefix, after) => {
        const page = await objects.list(prefix, after);
        if (prefix !== 'parts/') return page;
        return { ...page, objects: page.objects.filter(({ key }) => !key.endsWith('/0001')) };
      },
    };
    const sweeper = (given: ObjectStore) =>
      createS3HalfUploads({
        ...{ log: createLog('test', 'silent'), objects: given, surely: () => clock.nowMs + PUT_WITHIN_MS },
        isElsewhere: () => Promise.resolve(false),
        onRemoved: () => undefined,
        lookedThrough: { read: () => Promise.resolve(null), keep: () => Promise.resolve() },
      });
    await sweeper(forgetful).sweep(never);
    expect(await store.parts(blob)).toEqual([0, 1]);

    // A page with nothing on it is not the end.
    const empty: ObjectStore = {
      ...objects,
      list: async (prefix, after) =>
        prefix === 'parts/' && after !== 'parts/'
          ? { objects: [], isWhole: false }
          : {
              ...(await objects.list(prefix, after)),
              ...(prefix === 'parts/' && { isWhole: false }),
            },
    };
    await expect(sweeper(empty).sweep(never)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.parts(blob)).toEqual([0, 1]);
  });
});
