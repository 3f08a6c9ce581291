import { expect, test } from 'vitest';
import { ChosenFiles } from './chosen-files.svelte.ts';

const file = (name: string): File => new File(['x'], name);
const names = (chosen: ChosenFiles): string[] => chosen.files.map(({ name }) => name);

test('files are added, taken out, and taken to be sent', () => {
  const chosen = new ChosenFiles();
  chosen.add([file('a'), file('b')]);
  chosen.add([file('c')]);
  chosen.remove(chosen.files[1]!);
  expect(names(chosen)).toEqual(['a', 'c']);
  chosen.setAsIs(chosen.files[0]!, true);
  const taken = chosen.take();
  expect(taken.map(({ asIs }) => asIs)).toEqual([true, false]);
  expect(chosen.files).toEqual([]);
});

test('what could not be sent is there again, before what was chosen meanwhile', () => {
  const chosen = new ChosenFiles();
  chosen.add([file('a')]);
  const taken = chosen.take();
  chosen.add([file('b')]);
  chosen.putBack(taken);
  expect(names(chosen)).toEqual(['a', 'b']);
});

test('more than a message can have are left out, and that is told until one is taken out', () => {
  const chosen = new ChosenFiles();
  chosen.add(Array.from({ length: 12 }, (_, index) => file(String(index))));
  expect(chosen.files).toHaveLength(10);
  expect(chosen.tooMany).toBe(true);
  chosen.remove(chosen.files[0]!);
  expect(chosen.tooMany).toBe(false);
});
