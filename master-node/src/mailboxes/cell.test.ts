import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOf, cellsOf } from './cell.ts';

const cells = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 6 })
  .map(([first, ...rest]) => [{ name: first! }, ...rest.map((name) => ({ name }))] as const);

const named = (first: string, ...rest: string[]): [{ name: string }, ...{ name: string }[]] => [
  { name: first },
  ...rest.map((name) => ({ name })),
];

describe('the cell of an account', () => {
  it('does not depend on the order of the configuration', () => {
    fc.assert(
      fc.property(fc.uuid(), cells, (account, of) => {
        const [last, ...rest] = of.toReversed();
        expect(cellOf(account, [last!, ...rest]).name).toBe(cellOf(account, [...of]).name);
      }),
    );
  });

  it('stays, or becomes the new one, when a cell is added', () => {
    fc.assert(
      fc.property(fc.uuid(), cells, (account, of) => {
        const before = cellOf(account, [...of]).name;
        const after = cellOf(account, [...of, { name: 'added-cell' }]).name;
        expect([before, 'added-cell']).toContain(after);
      }),
    );
  });

  it('is what every release finds', () => {
    const of = named('default', 'west', 'north');
    const account = (number: number) => `6ba7b810-9dad-41d1-80b4-00c04fd4300${number}`;
    const found = Array.from({ length: 10 }, (_, number) => cellOf(account(number), of).name);
    expect(found.join(' ')).toBe('north west default default west default north north default default');
  });

  it('takes about its share when it is added', () => {
    const [before, after] = [named('a', 'b', 'c'), named('a', 'b', 'c', 'd')];
    const moved = Array.from({ length: 4000 }, (_, index) => `account-${index}`).filter(
      (account) => cellOf(account, before).name !== cellOf(account, after).name,
    );
    expect(Math.abs(moved.length / 4000 - 1 / 4)).toBeLessThan(0.03);
  });

  it('is two while the own one is being added: it and the one before', () => {
    fc.assert(
      fc.property(fc.uuid(), cells, (account, of) => {
        const joining = { name: 'added-cell' };
        const placed = cellsOf(account, { cells: [...of, joining], joining: joining.name });
        const own = cellOf(account, [...of, joining]);
        const before = cellOf(account, [...of]);
        expect(placed).toEqual(own === before ? [own] : [own, before]);
        expect(cellsOf(account, { cells: [...of, joining], joining: null })).toEqual([own]);
      }),
    );
  });

  it('spreads accounts over cells', () => {
    const of = named('a', 'b', 'c');
    const found = Array.from({ length: 3000 }, (_, index) => cellOf(`account-${index}`, of).name);
    for (const { name } of of) expect(found.filter((one) => one === name).length).toBeGreaterThan(800);
  });
});
