import {
  LIMITS,
  messageTime,
  type DeviceAddress,
  type MessageId,
  type StoredEnvelope,
} from '@restante/protocol';
import { newEnvelope, newMailbox } from '@restante/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MailboxStore } from './mailbox-store.ts';

/** A store under test, with a clock that the suite moves. */
export type StoreUnderTest = AsyncDisposable & {
  readonly store: MailboxStore;
  readonly clock: { nowMs: number };
  readonly ttlMs: number;
};

const DAY_MS = 24 * 60 * 60 * 1000;
const stored = { status: 'stored' };

/** The laws that every {@link MailboxStore} keeps. */
export const mailboxStoreContract = (name: string, start: () => Promise<StoreUnderTest>): void => {
  describe(`${name} keeps the laws of a mailbox store`, () => {
    let under: StoreUnderTest;
    let store: MailboxStore;
    beforeAll(async () => {
      under = await start();
      store = under.store;
    });
    afterAll(() => under[Symbol.asyncDispose]());

    const idsIn = async (mailbox: DeviceAddress, limit = 500): Promise<MessageId[]> => {
      const ids: MessageId[] = [];
      let page = await store.list(mailbox, { limit });
      for (;;) {
        ids.push(...page.messages.map(({ id }) => id));
        if (page.complete) return ids;
        expect(page.next).not.toBeNull();
        page = await store.list(mailbox, { limit, after: page.next! });
      }
    };

    it('gives back what was put, as it was put, and nothing of another mailbox', async () => {
      const mailbox = newMailbox();
      const other = { ...mailbox, deviceId: 11 };
      const mine = newEnvelope(mailbox);
      const { id, senderId, senderDeviceId, expiresAt, type, payload } = mine;
      expect(await store.put([mine, newEnvelope(other)])).toEqual([stored, stored]);
      const page = await store.list(mailbox, { limit: 10 });
      expect(page).toEqual({
        messages: [{ id, senderId, senderDeviceId, sentAt: messageTime(id), expiresAt, type, payload }],
        complete: true,
        next: null,
        expired: 0,
      });
      expect(await store.list(newMailbox(), { limit: 10 })).toMatchObject({ messages: [], complete: true });
    });

    it('puts the same envelope any number of times to the same end (law 5)', async () => {
      const mailbox = newMailbox();
      const envelope = newEnvelope(mailbox);
      await store.put([envelope, envelope]);
      await Promise.all([store.put([envelope]), store.put([envelope])]);
      expect(await idsIn(mailbox)).toEqual([envelope.id]);
      expect(await store.waiting(mailbox, 10)).toBe(1);
    });

    it('keeps deleted what was acknowledged, before and after it arrives, however often it is put again (law 4)', async () => {
      const mailbox = newMailbox();
      const [before, after, both] = [newEnvelope(mailbox), newEnvelope(mailbox), newEnvelope(mailbox)];
      await store.acknowledge(mailbox, [before.id]);
      await store.put([before, after]);
      await store.acknowledge(mailbox, [after.id]);
      await Promise.all([store.put([both]), store.acknowledge(mailbox, [both.id])]);
      for (let round = 0; round < 2; round += 1) {
        expect(await store.put([before, after, both])).toEqual([stored, stored, stored]);
        expect(await idsIn(mailbox)).toEqual([]);
        expect(await store.waiting(mailbox, 10)).toBe(0);
      }
    });

    it('says how many were here, and ends what comes later', async () => {
      const mailbox = newMailbox();
      const [here, later] = [newEnvelope(mailbox), newEnvelope(mailbox)];
      await store.put([here]);
      expect(await store.acknowledge(mailbox, [here.id, later.id, here.id])).toBe(1);
      expect(await store.acknowledge(mailbox, [here.id, later.id])).toBe(0);
      expect(await store.known(mailbox, [here.id, later.id])).toEqual(new Set([here.id]));
      await store.put([later]);
      expect(await idsIn(mailbox)).toEqual([]);
      expect(await store.known(mailbox, [later.id])).toEqual(new Set([later.id]));
    });

    it('acknowledges what it does not know, and what no bucket may hold, without a trace', async () => {
      const mailbox = newMailbox();
      const never = newEnvelope(mailbox);
      const old = newEnvelope(mailbox, { timeMs: under.clock.nowMs - 400 * DAY_MS });
      const future = newEnvelope(mailbox, { timeMs: under.clock.nowMs + 400 * DAY_MS });
      expect(await store.acknowledge(mailbox, [never.id, old.id, future.id])).toBe(0);
      expect(await store.known(mailbox, [never.id, old.id, future.id])).toEqual(new Set());
    });

    it('refuses times that no bucket may hold, and stores the rest', async () => {
      const mailbox = newMailbox();
      const { nowMs } = under.clock;
      const good = newEnvelope(mailbox);
      const results = await store.put([
        newEnvelope(mailbox, { timeMs: nowMs - 400 * DAY_MS }),
        good,
        newEnvelope(mailbox, { timeMs: nowMs + LIMITS.clockSkewMs + 60_000 }),
      ]);
      expect(results).toEqual([
        { status: 'refused', code: 'message-expired' },
        stored,
        { status: 'refused', code: 'clock-skew' },
      ]);
      expect(await idsIn(mailbox)).toEqual([good.id]);
    });

    it('pages in id order over all buckets, each message once, whatever the page size', async () => {
      const mailbox = newMailbox();
      const days = [29, 21, 12, 3, 1, 0];
      const envelopes = days.flatMap((day) =>
        Array.from({ length: 5 }, (_, index) =>
          newEnvelope(mailbox, { timeMs: under.clock.nowMs - day * DAY_MS + index }),
        ),
      );
      await store.put(envelopes);
      const sorted = envelopes.map(({ id }) => id).sort();
      expect(await store.waiting(mailbox, 1_000)).toBe(sorted.length);
      expect(await store.waiting(mailbox, 7)).toBe(7);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (limit) => {
          expect(await idsIn(mailbox, limit)).toEqual(sorted);
        }),
        { numRuns: 6 },
      );
    });

    it('lists ids alone as it gives the messages, page by page', async () => {
      const mailbox = newMailbox();
      const envelopes = [25, 14, 14, 2, 0, 0].map((day, index) =>
        newEnvelope(mailbox, { timeMs: under.clock.nowMs - day * DAY_MS + index }),
      );
      const [first, dead] = envelopes as [StoredEnvelope, StoredEnvelope];
      await store.put([...envelopes, newEnvelope(newMailbox())]);
      await store.acknowledge(mailbox, [dead.id]);
      const sorted = await idsIn(mailbox);
      expect(sorted).toHaveLength(5);
      for (const limit of [1, 2, 500]) {
        const ids: MessageId[] = [];
        let page = await store.listIds(mailbox, { limit });
        for (; !page.complete; page = await store.listIds(mailbox, { limit, after: page.next! }))
          ids.push(...page.ids);
        expect([...ids, ...page.ids]).toEqual(sorted);
        expect(page).toMatchObject({ next: null, expired: 0 });
      }
      const { nowMs } = under.clock;
      under.clock.nowMs = messageTime(first.id) + under.ttlMs;
      expect(await store.listIds(mailbox, { limit: 10 })).toMatchObject({ ids: sorted.slice(1), expired: 1 });
      under.clock.nowMs = nowMs;
    });

    it('ends a page at its bound in bytes', async () => {
      const mailbox = newMailbox();
      const payload = 'A'.repeat(LIMITS.payloadBytes);
      const envelopes = Array.from({ length: 60 }, () => newEnvelope(mailbox, { payload }));
      for (let start = 0; start < envelopes.length; start += 20) {
        await store.put(envelopes.slice(start, start + 20));
      }
      const page = await store.list(mailbox, { limit: 500 });
      expect(page.complete).toBe(false);
      expect(JSON.stringify(page.messages).length).toBeLessThan(LIMITS.pageBytes + 2 * LIMITS.payloadBytes);
      expect((await idsIn(mailbox)).length).toBe(60);
    });

    it('never shows a message from the moment it expires, and counts it (law 8)', async () => {
      const mailbox = newMailbox();
      const { nowMs } = under.clock;
      const [soon, later] = [newEnvelope(mailbox), newEnvelope(mailbox)];
      await store.put([{ ...soon, expiresAt: nowMs + 1_000 }, later]);
      expect(await idsIn(mailbox)).toEqual([soon.id, later.id]);
      under.clock.nowMs = nowMs + 999;
      expect(await idsIn(mailbox)).toEqual([soon.id, later.id]);
      under.clock.nowMs = nowMs + 1_000;
      expect(await store.list(mailbox, { limit: 10 })).toMatchObject({
        messages: [{ id: later.id }],
        complete: true,
        expired: 1,
      });
      under.clock.nowMs = nowMs;
    });

    it('knows what was put, acknowledged or not, and what of it waits', async () => {
      const mailbox = newMailbox();
      const [kept, gone, never] = [newEnvelope(mailbox), newEnvelope(mailbox), newEnvelope(mailbox)];
      await store.put([kept, gone]);
      await store.acknowledge(mailbox, [gone.id]);
      const ids = [kept.id, gone.id, never.id];
      expect(await store.known(mailbox, ids)).toEqual(new Set([kept.id, gone.id]));
      expect(await store.waitingOf(mailbox, ids)).toEqual(new Set([kept.id]));
      const { nowMs } = under.clock;
      under.clock.nowMs = messageTime(kept.id) + under.ttlMs;
      expect(await store.waitingOf(mailbox, ids)).toEqual(new Set());
      under.clock.nowMs = nowMs;
    });

    it('agrees with a simple model over any sequence of puts and acknowledgements', async () => {
      const step = fc.record({ index: fc.nat({ max: 5 }), isPut: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          const mailbox = newMailbox();
          const envelopes = Array.from({ length: 6 }, () => newEnvelope(mailbox));
          const waiting = new Set<MessageId>();
          const dead = new Set<MessageId>();
          for (const { index, isPut } of steps) {
            const envelope = envelopes[index]!;
            if (isPut) {
              await store.put([envelope]);
              if (!dead.has(envelope.id)) waiting.add(envelope.id);
            } else {
              await store.acknowledge(mailbox, [envelope.id]);
              dead.add(envelope.id);
              waiting.delete(envelope.id);
            }
          }
          expect(await idsIn(mailbox)).toEqual([...waiting].sort());
        }),
        { numRuns: 15 },
      );
    });

    it('answers a ping', async () => {
      await store.ping();
    });
  });
};
