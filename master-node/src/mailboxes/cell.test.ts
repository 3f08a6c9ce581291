import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOf } from './cell.ts';

const cells = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 6 })
  .map(([first, ...rest]) => [{ name: first! }, ...rest.map((name) => ({ name }))] as const);

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

  it('spreads accounts over cells', () => {
    const of: [{ name: string }, ...{ name: string }[]] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const found = Array.from({ length: 3000 }, (_, index) => cellOf(`account-${index}`, of).name);
    for (const { name } of of) expect(found.filter((one) => one === name).length).toBeGreaterThan(800);
  });
});
