import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintMessageId, type Envelope } from '@restante/protocol';
import type { Listed } from '../server/mailbox-api.ts';
import { createMerge, type Found, type Merge } from './merge.ts';

const NODES = 3;

const envelopeAt = (time: number): Envelope => ({
  id: mintMessageId(time, new Uint8Array(10)),
  senderId: '11111111-1111-4111-8111-111111111111',
  senderDeviceId: 1,
  sentAt: time,
  expiresAt: time + 1,
  type: 'message',
  payload: 'AAAA',
});

const listed = (envelope: Envelope): Listed => ({ id: envelope.id, envelope: null });
const ids = (found: readonly Found[]): string[] => found.map(({ id }) => id);

/** Which node has which of `count` envelopes, in pages of any size. */
const stored = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }), {
  maxLength: 60,
});
const scenario = fc.record({
  /** For each envelope a set of nodes, as bits. */
  holders: stored,
  pageSizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: NODES, maxLength: NODES }),
  /** Which node's next page arrives. */
  order: fc.infiniteStream(fc.nat({ max: NODES - 1 })),
  /** How much is taken after each page. */
  takes: fc.infiniteStream(fc.nat({ max: 12 })),
  /** A node that fails after so many pages. */
  failing: fc.option(fc.tuple(fc.nat({ max: NODES - 1 }), fc.nat({ max: 4 }))),
});

const takeAll = (merge: Merge): Found[] => merge.take(Infinity);

test('any interleaving of pages: every id once, in order, from whichever nodes have it', () => {
  fc.assert(
    fc.property(scenario, ({ holders, pageSizes, order, takes, failing }) => {
      const merge = createMerge(NODES);
      const all = holders.map((bits, index) => ({
        envelope: envelopeAt(index + 1),
        nodes: [0, 1, 2].filter((node) => bits.some((bit) => (bit >> node) & 1)),
      }));
      const left = [0, 1, 2].map((node) =>
        all.filter(({ nodes }) => nodes.includes(node)).map(({ envelope }) => envelope),
      );
      const pages = [0, 0, 0];
      const open = new Set([0, 1, 2]);
      const delivered = new Set<string>();
      const taken: Found[] = [];
      while (open.size > 0) {
        const node = [...open][order.next().value! % open.size]!;
        if (failing?.[0] === node && pages[node] === failing[1]) {
          merge.overtake(node);
          open.delete(node);
          continue;
        }
        const page = left[node]!.splice(0, pageSizes[node]);
        pages[node]! += 1;
        for (const { id } of page) delivered.add(id);
        const complete = left[node]!.length === 0;
        merge.push(node, page.map(listed), complete ? null : page.at(-1)!.id);
        if (complete) open.delete(node);
        taken.push(...merge.take(takes.next().value));
      }
      taken.push(...takeAll(merge));
      expect(new Set(ids(taken)).size).toBe(taken.length);
      expect(ids(taken)).toEqual(ids(taken).sort());
      expect(new Set(ids(taken))).toEqual(delivered);
    }),
  );
});

test('nothing comes out before every node has passed it; then it names the nodes that have it', () => {
  const merge = createMerge(2);
  const [one, two, three] = [1, 2, 3].map(envelopeAt).map(listed) as [Listed, Listed, Listed];
  merge.push(0, [one, three], null);
  expect(takeAll(merge)).toEqual([]);
  merge.push(1, [one, two], two.id);
  expect(takeAll(merge)).toEqual([
    { ...one, nodes: [0, 1] },
    { ...two, nodes: [1] },
  ]);
  merge.push(1, [], null);
  expect(takeAll(merge)).toEqual([{ ...three, nodes: [0] }]);
});

test('an envelope that one of the nodes has given with its id comes out with it', () => {
  const merge = createMerge(2);
  const one = envelopeAt(1);
  merge.push(0, [listed(one)], null);
  merge.push(1, [{ id: one.id, envelope: one }], null);
  expect(takeAll(merge)).toEqual([{ id: one.id, envelope: one, nodes: [0, 1] }]);
});

test('a node that was overtaken holds nothing back, and what it brings later still comes out', () => {
  const merge = createMerge(2);
  const [one, two] = [1, 2].map(envelopeAt).map(listed) as [Listed, Listed];
  merge.push(0, [two], null);
  merge.overtake(1);
  expect(ids(takeAll(merge))).toEqual([two.id]);
  merge.push(1, [one], null);
  expect(ids(takeAll(merge))).toEqual([one.id]);
});

test('what waits is counted per node', () => {
  const merge = createMerge(2);
  merge.push(0, [1, 2, 3].map(envelopeAt).map(listed), null);
  expect([merge.buffered(0), merge.buffered(1)]).toEqual([3, 0]);
  merge.push(1, [], null);
  merge.take(2);
  expect(merge.buffered(0)).toBe(1);
});
