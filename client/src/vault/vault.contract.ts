import { readRow } from './rows.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SetAside } from './tables.ts';
import type { Change, Vault } from './vault.ts';

const row = (text: string, bytes: readonly number[] = []): SetAside => ({
  senderId: text,
  senderDeviceId: 1,
  sentAt: bytes.length,
  requested: bytes.length % 2 === 0,
});
const put = (key: string, text = key): Change => ({ table: 'setAside', key, value: row(text) });
const remove = (key: string): Change => ({ table: 'setAside', key, value: undefined });

/**
 * What every vault must do. `open` makes an empty one; `reopen`, where it outlives its handle, opens the same again.
 */
export const vaultContract = (
  name: string,
  open: () => Promise<Vault>,
  reopen?: (closed: Vault) => Promise<Vault>,
): void => {
  const keysOf = async (vault: Vault, range: Parameters<Vault['list']>[1]): Promise<string[]> =>
    (await vault.list('setAside', range)).map(({ key }) => key);

  describe(`vault: ${name}`, () => {
    test('reads what was committed, and undefined for what was not', async () => {
      const vault = await open();
      await vault.commit([put('a'), put('b')]);
      expect(await vault.get('setAside', 'a')).toEqual(row('a'));
      expect(await vault.get('setAside', 'c')).toBeUndefined();
      expect(await vault.getMany('setAside', ['b', 'c', 'a'])).toEqual([row('b'), undefined, row('a')]);
      await vault.close();
    });

    test('counts the rows of a table', async () => {
      const vault = await open();
      await vault.commit([put('a'), put('b'), { table: 'renewals', key: 'a', value: 7 }]);
      await vault.commit([put('b'), put('c'), remove('a')]);
      expect(await vault.count('setAside')).toBe(2);
      expect(await vault.count('renewals')).toBe(1);
      expect(await vault.count('newcomers')).toBe(0);
      await vault.close();
    });

    test('tables do not share keys', async () => {
      const vault = await open();
      await vault.commit([put('a'), { table: 'renewals', key: 'a', value: 7 }]);
      expect(await vault.get('renewals', 'a')).toBe(7);
      await vault.commit([remove('a')]);
      expect(await vault.get('setAside', 'a')).toBeUndefined();
      expect(await vault.get('renewals', 'a')).toBe(7);
      await vault.close();
    });

    test('keeps bytes as bytes, and its own copy of them', async () => {
      const vault = await open();
      const record = new Uint8Array([0, 1, 255]);
      await vault.commit([{ table: 'preKeys', key: 'ec:1', value: { record, createdAt: 5 } }]);
      record[0] = 9;
      const read = readRow('preKeys', await vault.get('preKeys', 'ec:1'));
      expect([...(read?.record ?? [])]).toEqual([0, 1, 255]);
      read?.record.fill(7);
      expect([...(readRow('preKeys', await vault.get('preKeys', 'ec:1'))?.record ?? [])]).toEqual([
        0, 1, 255,
      ]);
      await vault.close();
    });

    test('the last change of a key in a commit wins; deleting what is not there is no error', async () => {
      const vault = await open();
      await vault.commit([
        put('a', 'first'),
        remove('a'),
        put('a', 'second'),
        put('b'),
        remove('b'),
        remove('c'),
      ]);
      expect(await keysOf(vault, { limit: 10 })).toEqual(['a']);
      expect(await vault.get('setAside', 'a')).toEqual(row('second'));
      await vault.close();
    });

    test('a commit that cannot be kept as a whole is not kept at all', async () => {
      const vault = await open();
      const bad = { table: 'setAside', key: 'b', value: () => 'no data' } as unknown as Change;
      await expect(async () => vault.commit([put('a'), bad])).rejects.toThrow();
      expect(await vault.get('setAside', 'a')).toBeUndefined();
      await vault.commit([put('c')]);
      expect(await keysOf(vault, { limit: 10 })).toEqual(['c']);
      await vault.close();
    });

    test('lists ranges like a sorted map does', async () => {
      const key = fc.string({ unit: fc.constantFrom('a', 'b', ':', '0'), minLength: 1, maxLength: 4 });
      const bound = fc.option(key, { nil: undefined });
      const vault = await open();
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(key, { maxLength: 20 }),
          fc.record({ prefix: bound, after: bound, before: bound, limit: fc.integer({ min: 1, max: 6 }) }),
          fc.boolean(),
          async (keys, { prefix, after, before, limit }, reverse) => {
            await vault.commit(keys.map((each) => put(each)));
            const wanted = keys
              .filter((each) => each.startsWith(prefix ?? ''))
              .filter(
                (each) => (after === undefined || each > after) && (before === undefined || each < before),
              )
              .sort();
            if (reverse) wanted.reverse();
            const range = {
              limit,
              reverse,
              ...(prefix !== undefined && { prefix }),
              ...(after !== undefined && { after }),
              ...(before !== undefined && { before }),
            };
            const found = await keysOf(vault, range);
            await vault.commit(keys.map(remove));
            expect(found).toEqual(wanted.slice(0, limit));
          },
        ),
        { numRuns: 50 },
      );
      await vault.close();
    });

    if (reopen !== undefined) {
      test('what was committed is there after it was closed and opened', async () => {
        const vault = await open();
        await vault.commit([put('a'), put('b')]);
        await vault.commit([remove('b')]);
        await vault.close();
        const again = await reopen(vault);
        expect(await keysOf(again, { limit: 10 })).toEqual(['a']);
        await again.close();
      });
    }
  });
};
