import { expect, test } from 'vitest';
import type { PartStore } from './part-store.ts';

const [ONE, OTHER] = ['0'.repeat(32), '1'.repeat(32)];
const bytes = (length: number, fill: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(fill);

/** What every store of parts does. `open` gives the same one again. */
export const partStoreContract = (open: () => PartStore | Promise<PartStore>): void => {
  test('gives each part as it was put, and null for what it does not have', async () => {
    const store = await open();
    await store.put(ONE, 0, bytes(1_048_576, 1));
    await store.put(ONE, 1023, bytes(17, 2));
    await store.put(OTHER, 0, bytes(5, 3));
    expect(Buffer.from((await store.get(ONE, 0))!).equals(bytes(1_048_576, 1))).toBe(true);
    expect(await store.get(ONE, 1023)).toEqual(bytes(17, 2));
    expect(await store.get(OTHER, 0)).toEqual(bytes(5, 3));
    expect(await store.get(ONE, 1)).toBeNull();
    expect(await store.get('2'.repeat(32), 0)).toBeNull();
  });

  test('a part that is put again is the later one', async () => {
    const store = await open();
    await store.put(ONE, 3, bytes(9, 1));
    await store.put(ONE, 3, bytes(4, 2));
    expect(await store.get(ONE, 3)).toEqual(bytes(4, 2));
  });

  test('names its files in order, from any name on', async () => {
    const store = await open();
    for (const name of (await store.files()).keys()) await store.drop(name);
    const names = ['a', 'c', 'e'].map((digit) => digit.repeat(32));
    for (const name of names.toReversed())
      for (const part of [0, 1, 700]) await store.put(name, part, bytes(1, 1));
    expect(await store.names('', 9)).toEqual(names);
    expect(await store.names('', 2)).toEqual(names.slice(0, 2));
    expect(await store.names(names[0]!, 9)).toEqual(names.slice(1));
    expect(await store.names('d'.repeat(32), 9)).toEqual([names[2]]);
    expect(await store.names(names[2]!, 9)).toEqual([]);
  });

  test('tells what takes room, and drops a file as a whole', async () => {
    const store = await open();
    for (const name of (await store.files()).keys()) await store.drop(name);
    await store.put(ONE, 0, bytes(100, 1));
    await store.put(ONE, 1, bytes(50, 1));
    await store.put(OTHER, 0, bytes(7, 1));
    expect(await store.files()).toEqual(
      new Map([
        [ONE, 150],
        [OTHER, 7],
      ]),
    );
    await store.drop(ONE);
    await store.drop(ONE);
    expect(await store.files()).toEqual(new Map([[OTHER, 7]]));
    expect(await store.get(ONE, 0)).toBeNull();
  });
};
