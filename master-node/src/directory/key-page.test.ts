import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomKeys } from '../testing/test-device.model.ts';
import {
  addKeys,
  CLOSED_PAGE,
  drawKeys,
  EMPTY_PAGE,
  keyPage,
  mergePages,
  stockOf,
  type KeyPage,
} from './key-page.ts';

const IDS = 40;
const all = randomKeys(IDS, 0);
const some = (first: number, count: number) => ({
  preKeys: all.preKeys.slice(first, first + count),
  kyberPreKeys: all.kyberPreKeys.slice(first, first + count),
});

/** What servers that do not see each other do with a page: an upload, whose ids rise from one to the next, or a hand-out. */
type Step =
  { readonly server: number; readonly upload: number } | { readonly server: number; readonly draw: number };
const server = fc.nat({ max: 2 });
const step = fc.oneof(
  fc.record({ server, upload: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ server, draw: fc.integer({ min: 1, max: 4 }) }),
);
/** Their pages after some steps from a common one, and the ids that each has handed out. */
const history = fc.array(step, { maxLength: 20 }).map((steps) => {
  const pages = Array<KeyPage>(3).fill(addKeys(EMPTY_PAGE, some(0, 8)));
  const used = [new Set<number>(), new Set<number>(), new Set<number>()];
  let next = 8;
  for (const one of steps as Step[]) {
    const before = pages[one.server]!;
    if ('upload' in one) {
      pages[one.server] = addKeys(before, some(next, one.upload));
      next = Math.min(IDS, next + one.upload);
    } else {
      const { page, drawn } = drawKeys(before, one.draw);
      for (const { preKey } of drawn) {
        if (!preKey) continue;
        expect(used[one.server]).not.toContain(preKey.keyId);
        used[one.server]!.add(preKey.keyId);
      }
      pages[one.server] = page;
    }
  }
  return { pages: pages as [KeyPage, KeyPage, KeyPage], used: new Set(used.flatMap((ids) => [...ids])) };
});

describe('a page of one-time keys', () => {
  it('merged with others says the same in whatever order and however often', () => {
    fc.assert(
      fc.property(history, ({ pages: [a, b, c] }) => {
        const merged = mergePages([a, b, c]);
        expect(mergePages([c, b, a])).toEqual(merged);
        expect(mergePages([a, mergePages([b, c])])).toEqual(merged);
        expect(mergePages([merged, b, merged])).toEqual(merged);
        expect(keyPage.safeParse(merged).success).toBe(true);
      }),
    );
  });

  it('has no key that was used on any side, nor takes one again, from an older page or an upload', () => {
    fc.assert(
      fc.property(history, ({ pages, used }) => {
        const merged = mergePages(pages);
        const older = addKeys(EMPTY_PAGE, some(0, 8));
        for (const page of [merged, mergePages([merged, older]), addKeys(merged, some(0, IDS))]) {
          for (const { keyId } of page.ec.keys) expect(used).not.toContain(keyId);
        }
      }),
    );
  });

  it('does not grow with use', () => {
    let page = EMPTY_PAGE;
    for (let first = 2; first < 10_000; first += 16) {
      page = addKeys(page, randomKeys(16, first));
      page = drawKeys(page, 16).page;
    }
    expect(stockOf(page)).toEqual({ preKeys: 0, kyberPreKeys: 0 });
    expect(JSON.stringify(page).length).toBeLessThan(100);
  });

  it('that is full is 45 kB', () => {
    const page = addKeys(EMPTY_PAGE, randomKeys(100, 0xffff00));
    expect(JSON.stringify(page).length).toBeLessThan(45_000);
  });

  it('that is closed takes nothing, and closes all that it is merged with', () => {
    const page = addKeys(EMPTY_PAGE, some(0, 10));
    expect(addKeys(CLOSED_PAGE, some(0, IDS))).toBe(CLOSED_PAGE);
    expect(mergePages([page, CLOSED_PAGE])).toEqual(CLOSED_PAGE);
  });

  it('gives one of two keys with one id to nobody', () => {
    const one = addKeys(EMPTY_PAGE, randomKeys(3, 0));
    const other = addKeys(EMPTY_PAGE, randomKeys(2, 0));
    expect(mergePages([one, other]).ec.keys).toEqual(mergePages([other, one]).ec.keys);
    expect(mergePages([one, other]).ec.keys).toEqual(one.ec.keys.slice(2));
    expect(mergePages([one, other]).ec.end).toBe(3);
  });

  it('is one only when its ids rise and are below its end', () => {
    const page = addKeys(EMPTY_PAGE, randomKeys(3, 1));
    const [a, b, c] = page.ec.keys;
    expect(keyPage.safeParse(page).success).toBe(true);
    for (const ec of [
      { end: 3, keys: [a, b, c] },
      { end: 4, keys: [b, a] },
      { end: 4, keys: [a, a] },
      { end: 4 },
    ])
      expect(keyPage.safeParse({ ...page, ec }).success).toBe(false);
  });
});
