import type { MessageId, StoredEnvelope } from '@restante/protocol';
import { newEnvelope, newMailbox } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { createSenderShares } from './sender-shares.ts';

const PER_SENDER = 10;
const STRANGERS = 8;

/** Shares over a mailbox that really holds `there`. */
const start = () => {
  const mailbox = newMailbox();
  const state = { there: new Set<MessageId>(), asked: 0, nowMs: 0, isDown: false };
  const shares = createSenderShares({
    perSender: PER_SENDER,
    strangers: STRANGERS,
    stillWaiting: (_mailbox, ids) => {
      state.asked += 1;
      if (state.isDown) return Promise.reject(new Error('down'));
      return Promise.resolve(new Set(ids.filter((id) => state.there.has(id))));
    },
    now: () => state.nowMs,
  });
  const from = (senderId: string, stranger = false): StoredEnvelope =>
    newEnvelope(mailbox, { senderId, stranger });
  const put = async (...envelopes: StoredEnvelope[]): Promise<number> => {
    const places = await shares.reserve(mailbox, envelopes);
    for (const { id } of places.granted) state.there.add(id);
    shares.settle(mailbox, places, () => true);
    return places.granted.length;
  };
  const acknowledge = (...envelopes: StoredEnvelope[]): void => {
    const ids = envelopes.map(({ id }) => id);
    for (const id of ids) state.there.delete(id);
    shares.release(mailbox, ids);
  };
  const many = (count: number, senderId: string, stranger = false): StoredEnvelope[] =>
    Array.from({ length: count }, () => from(senderId, stranger));
  return { mailbox, state, shares, from, put, acknowledge, many };
};

describe('the shares of senders', () => {
  it('hold one sender to a share, and nobody else, and not the own devices', async () => {
    const { mailbox, put, many } = start();
    expect(await put(...many(12, 'greedy'))).toBe(PER_SENDER);
    expect(await put(...many(12, 'greedy'))).toBe(0);
    expect(await put(...many(5, 'calm'))).toBe(5);
    expect(await put(...many(30, mailbox.accountId))).toBe(30);
  });

  it('hold a stranger to a quarter of what all strangers have, and those who are let in to nothing of it', async () => {
    const { put, many } = start();
    expect(await put(...many(3, 'one', true))).toBe(2);
    for (const name of ['two', 'three', 'four']) expect(await put(...many(2, name, true))).toBe(2);
    expect(await put(...many(1, 'five', true))).toBe(0);
    expect(await put(...many(4, 'friend'))).toBe(4);
    // Who is let in has what others have, what waits counts for that.
    expect(await put(...many(9, 'one'))).toBe(8);
  });

  it('give places back when the owner reads, and when a write has failed', async () => {
    const { mailbox, shares, put, acknowledge, many } = start();
    const first = many(10, 'sender');
    await put(...first);
    acknowledge(...first.slice(0, 4));
    expect(await put(...many(5, 'sender'))).toBe(4);
    acknowledge(first[4]!);
    const failed = await shares.reserve(mailbox, many(1, 'sender'));
    expect(failed.granted).toHaveLength(1);
    shares.settle(mailbox, failed, () => false);
    expect(await put(...many(2, 'sender'))).toBe(1);
  });

  it('count a message that comes again once', async () => {
    const { put, many } = start();
    const first = many(10, 'sender');
    for (let count = 0; count < 3; count += 1) expect(await put(...first)).toBe(10);
    expect(await put(...many(1, 'sender'))).toBe(0);
  });

  it('ask the store before they refuse, and not more than once in a while', async () => {
    const { state, put, many } = start();
    const first = many(10, 'sender');
    await put(...first);
    expect(state.asked).toBe(0);
    // Gone in a way that nobody told: expired, or deleted elsewhere first.
    for (const { id } of first.slice(0, 3)) state.there.delete(id);
    expect(await put(...many(4, 'sender'))).toBe(3);
    for (let count = 0; count < 50; count += 1) expect(await put(...many(1, 'sender'))).toBe(0);
    expect(state.asked).toBe(1);
    state.there.delete(first[5]!.id);
    state.nowMs += 60_000;
    expect(await put(...many(2, 'sender'))).toBe(1);
    expect(state.asked).toBe(2);
  });

  it('keep no place of what was to be written when the store does not answer', async () => {
    const { state, shares, mailbox, put, many } = start();
    await put(...many(9, 'sender'));
    state.isDown = true;
    await expect(shares.reserve(mailbox, many(2, 'sender'))).rejects.toThrow('down');
    state.isDown = false;
    expect(await put(...many(2, 'sender'))).toBe(1);
  });

  it('hold when many come at the same time', async () => {
    const { put, many } = start();
    const puts = await Promise.all(Array.from({ length: 30 }, () => put(...many(1, 'sender'))));
    expect(puts.filter((count) => count === 1)).toHaveLength(PER_SENDER);
    const strangers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => put(...many(1, `stranger ${index}`, true))),
    );
    expect(strangers.filter((count) => count === 1)).toHaveLength(STRANGERS);
  });

  it('remember a bounded number of messages, and nothing of a mailbox that has been read', async () => {
    const { shares, put, acknowledge, many } = start();
    const first = many(10, 'sender');
    await put(...first);
    expect(shares.size()).toBe(10);
    acknowledge(...first);
    expect(shares.size()).toBe(0);
  });
});
