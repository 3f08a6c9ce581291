import { LIMITS, mintBlobId, type BlobId } from '@restante/protocol';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobStore } from './blob-store.ts';

/** A store under test, with a clock that the suite moves. */
export type BlobStoreUnderTest = AsyncDisposable & {
  readonly store: BlobStore;
  readonly clock: { nowMs: number };
  readonly ttlMs: number;
};

const PART = LIMITS.blobPartBytes;
const DAY_MS = 24 * 60 * 60 * 1000;

export const newBlobId = (timeMs: number): BlobId => mintBlobId(timeMs, randomBytes(10));

/** What every {@link BlobStore} does. */
export const blobStoreContract = (name: string, start: () => Promise<BlobStoreUnderTest>): void => {
  describe(`${name} is a blob store`, () => {
    let under: BlobStoreUnderTest;
    let store: BlobStore;
    beforeAll(async () => {
      under = await start();
      store = under.store;
    });
    afterAll(() => under[Symbol.asyncDispose]());

    const newId = (): BlobId => newBlobId(under.clock.nowMs);

    it('gives back each part as it was put, whatever their order, and nothing of another blob', async () => {
      const [blob, other] = [newId(), newId()];
      const bytes = 2 * PART + 7;
      const data = [randomBytes(PART), randomBytes(PART), randomBytes(7)];
      for (const part of [2, 0, 1]) await store.put({ blob, part, bytes, data: data[part]! });
      expect(await store.parts(blob)).toEqual([0, 1, 2]);
      for (const part of [0, 1, 2])
        expect((await store.get(blob, part))?.equals(data[part]!), `part ${part}`).toBe(true);
      expect(await store.get(blob, 3)).toBeNull();
      expect(await store.parts(other)).toEqual([]);
      expect(await store.get(other, 0)).toBeNull();
    });

    it('says which are here', async () => {
      const blob = newId();
      const bytes = 12 * PART;
      for (const part of [11, 2]) await store.put({ blob, part, bytes, data: randomBytes(PART) });
      expect(await store.parts(blob)).toEqual([2, 11]);
    });

    it('keeps what came first, however often and with whatever it is put again (law 5)', async () => {
      const blob = newId();
      const first = randomBytes(100);
      const put = (data: Buffer): Promise<void> => store.put({ blob, part: 0, bytes: 100, data });
      await put(first);
      await Promise.all([put(first), put(randomBytes(100)), put(first)]);
      expect((await store.get(blob, 0))?.equals(first)).toBe(true);
      expect(await store.parts(blob)).toEqual([0]);
    });

    it('takes no part that is not as long as its blob says', async () => {
      const blob = newId();
      for (const [part, bytes, length] of [
        [0, PART + 1, PART - 1],
        [1, PART + 1, 2],
        [1, PART, 1],
        [2, PART + 1, 0],
        [0, 5, 0],
      ] as const)
        await expect(store.put({ blob, part, bytes, data: randomBytes(length) })).rejects.toMatchObject({
          code: 'bad-request',
        });
      expect(await store.parts(blob)).toEqual([]);
    });

    it('takes nothing from a time that is over, or from too far ahead', async () => {
      const { nowMs } = under.clock;
      for (const [timeMs, code] of [
        [nowMs - 400 * DAY_MS, 'message-expired'],
        [nowMs - under.ttlMs, 'message-expired'],
        [nowMs + LIMITS.clockSkewMs + 60_000, 'clock-skew'],
      ] as const)
        await expect(
          store.put({ blob: newBlobId(timeMs), part: 0, bytes: 1, data: Buffer.alloc(1) }),
        ).rejects.toMatchObject({ code });
    });

    it('gives nothing that has expired (law 8)', async () => {
      const { nowMs } = under.clock;
      const blob = newBlobId(nowMs);
      await store.put({ blob, part: 0, bytes: 1, data: Buffer.alloc(1) });
      under.clock.nowMs = nowMs + under.ttlMs - 1;
      expect(await store.parts(blob)).toEqual([0]);
      under.clock.nowMs += 1;
      expect([await store.parts(blob), await store.get(blob, 0)]).toEqual([[], null]);
      under.clock.nowMs = nowMs;
    });
  });
};
