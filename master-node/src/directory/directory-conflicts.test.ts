import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { username as usernameSchema } from '@restante/protocol';
import {
  displacedUsernames,
  earliestWins,
  keeps,
  newestWins,
  together,
  usedWins,
  type Leaf,
  type Strategy,
} from './directory-conflicts.ts';
import type { KeyPage } from './key-page.ts';

const time = fc.integer({ min: 0, max: 5 });
const life = fc.integer({ min: 1, max: 3 });
const usernameDocument = fc.oneof(
  fc.record({ accountId: fc.constantFrom('a', 'b', 'c'), createdAt: time, life }),
  fc.record({ removedAt: time, updatedAt: time, life }),
);
const dated = fc.oneof(
  fc.record({ createdAt: time, updatedAt: time }),
  fc.record({ removedAt: time, updatedAt: time }),
);

const leaves = <D>(document: fc.Arbitrary<D>): fc.Arbitrary<Leaf<D>[]> =>
  fc
    .array(fc.option(document), { maxLength: 6 })
    .map((documents) => documents.map((one, index) => ({ rev: `2-${index}`, document: one })));

const shuffles = <D>(document: fc.Arbitrary<D>) =>
  leaves(document).chain((one) =>
    fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length })),
  );

const liveRevs = <D>(of: readonly Leaf<D>[]): string[] =>
  of.flatMap(({ rev, document }) => (document === null ? [] : [rev])).sort();

const laws = <D>(strategy: Strategy<D>, document: fc.Arbitrary<D>): void => {
  it('finds the same winner in whatever order the leaves come', () => {
    fc.assert(
      fc.property(shuffles(document), ([one, other]) => {
        const [a, b] = [strategy.resolve(one), strategy.resolve(other)];
        expect(a?.winner).toBe(b?.winner);
        expect([...(a?.losers ?? [])].sort()).toEqual([...(b?.losers ?? [])].sort());
      }),
    );
  });
  it('deletes all live leaves but the winner, and is done after that', () => {
    fc.assert(
      fc.property(leaves(document), (of) => {
        const resolution = strategy.resolve(of);
        if (!resolution) return;
        expect([...resolution.losers, resolution.winner].sort()).toEqual(liveRevs(of));
        const after = of.map((leaf) =>
          resolution.losers.includes(leaf.rev) ? { ...leaf, document: null } : leaf,
        );
        expect(strategy.resolve(after)).toBeNull();
      }),
    );
  });
};

const winner = <D>(strategy: Strategy<D>, ...documents: (D | null)[]): number | undefined => {
  const of = documents.map((document, index) => ({ rev: `2-${index}`, document }));
  const resolution = strategy.resolve(of);
  if (!resolution) return undefined;
  return Number(resolution.winner.slice(2));
};

describe('username: the earliest wins', () => {
  laws(earliestWins, usernameDocument);
  it('keeps the earliest, then the smaller account id', () => {
    expect(winner(earliestWins, { accountId: 'a', createdAt: 2 }, { accountId: 'b', createdAt: 1 })).toBe(1);
    expect(winner(earliestWins, { accountId: 'b', createdAt: 1 }, { accountId: 'a', createdAt: 1 })).toBe(1);
    expect(winner(earliestWins, { accountId: 'b', createdAt: 1 }, null)).toBeUndefined();
  });
  it('keeps it free once it is, and then for whoever took it after that, whatever is put back', () => {
    const first = { accountId: 'a', createdAt: 1 };
    const free = { removedAt: 2, updatedAt: 2 };
    const second = { accountId: 'b', createdAt: 3, life: 2 };
    expect(winner(earliestWins, first, free)).toBe(1);
    expect(winner(earliestWins, first, second, free)).toBe(1);
    expect(winner(earliestWins, { ...free, life: 2 }, second)).toBe(0);
  });
});

describe('account and device: the newest wins', () => {
  laws(newestWins, dated);
  it('keeps the newest update of one life', () => {
    expect(winner(newestWins, { createdAt: 1, updatedAt: 5 }, { createdAt: 1, updatedAt: 7 })).toBe(1);
  });
  it('does not bring back what was removed by an update on the other side, however late', () => {
    expect(winner(newestWins, { createdAt: 1, updatedAt: 9 }, { removedAt: 2, updatedAt: 2 })).toBe(1);
  });
  it('keeps a device that was set up after the removal of the one before', () => {
    expect(winner(newestWins, { createdAt: 3, updatedAt: 3 }, { removedAt: 2, updatedAt: 2 })).toBe(0);
  });
});

describe('one-time keys: used on either side is used', () => {
  const supply = fc
    .uniqueArray(time, { maxLength: 4 })
    .map((ids) => ({ end: 6, keys: ids.sort().map((keyId) => ({ keyId, publicKey: 'k' })) }));
  const page = fc
    .record({ ec: supply, kyber: supply })
    .map(({ ec, kyber }): KeyPage => ({ ec, kyber: kyber as unknown as KeyPage['kyber'] }));
  laws(usedWins, page);
  it('keeps the longest history, with what all leaves say', () => {
    const of = (end: number, ...ids: number[]): KeyPage => ({
      ec: { end, keys: ids.map((keyId) => ({ keyId, publicKey: 'k' })) },
      kyber: { end: 0, keys: [] },
    });
    const resolution = usedWins.resolve([
      { rev: '9-a', document: of(4, 1, 2, 3) },
      { rev: '10-a', document: of(6, 2, 3, 4) },
      { rev: '11-a', document: null },
    ]);
    expect(resolution).toEqual({ winner: '10-a', losers: ['9-a'], merged: of(6, 2, 3, 4) });
  });
});

describe('a leaf that follows on another', () => {
  const at = (generation: number, document: object) => ({ rev: `${generation}-a`, document });
  const account = (updatedAt: number, more: object = {}) => ({ createdAt: 1, updatedAt, ...more });
  it('keeps what that says when it says the same, or wins over it', () => {
    expect(keeps('account', at(1, account(5)), at(2, account(6)))).toBe(true);
    expect(keeps('account', at(2, account(6)), at(3, account(5)))).toBe(false);
    expect(keeps('device', at(1, account(9)), at(2, { removedAt: 2, updatedAt: 2 }))).toBe(true);
    expect(keeps('device', at(1, { removedAt: 2, updatedAt: 2 }), at(2, account(9)))).toBe(false);
    for (const rev of ['2-a', '2-c']) {
      const signed = { rev, document: account(5, { signature: rev }) };
      expect(keeps('account', { rev: '1-b', document: account(5, { signature: 'b' }) }, signed)).toBe(true);
    }
  });
  it('of keys keeps what is used', () => {
    const of = (end: number, ...ids: number[]): KeyPage => ({
      ec: { end, keys: ids.map((keyId) => ({ keyId, publicKey: 'k' })) },
      kyber: { end: 0, keys: [] },
    });
    expect(keeps('keys', at(1, of(3, 1, 2)), at(2, of(3, 2)))).toBe(true);
    expect(keeps('keys', at(1, of(3, 1, 2)), at(2, of(5, 2, 3, 4)))).toBe(true);
    expect(keeps('keys', at(2, of(3, 2)), at(3, of(3, 1, 2)))).toBe(false);
    expect(keeps('keys', at(2, of(5, 2, 4)), at(3, of(3, 2)))).toBe(false);
    expect(together('keys', at(2, of(5, 2, 4)), at(3, of(3, 1, 2)))).toEqual(of(5, 2, 4));
  });
});

describe('the names of an account that lost its own', () => {
  it('are usernames, never the lost one, and the same for everyone who asks', () => {
    const names = fc.stringMatching(/^[a-z][a-z0-9._-]{2,31}$/);
    fc.assert(
      fc.property(names, fc.uuid(), (username, account) => {
        const displaced = displacedUsernames(username, account);
        expect(displaced).toEqual(displacedUsernames(username, account));
        expect(new Set([...displaced, username]).size).toBe(displaced.length + 1);
        for (const name of displaced) expect(usernameSchema.parse(name)).toBe(name);
      }),
    );
  });
});
