import { expect, test } from 'vitest';
import { progressLine } from './progress.ts';

const shown = (isTerminal: boolean): string => {
  let text = '';
  const line = progressLine({ write: (more) => (text += more), isTerminal });
  line.show('seed 1', { phase: 'people arrive', done: 0, of: 40 });
  for (let done = 0; done < 40; done += 1) line.show('seed 1', { phase: 'step', done, of: 40 });
  line.clear();
  return text;
};

test('one line moves on a terminal, and is gone in the end', () => {
  const text = shown(true);
  expect(text).not.toContain('\n');
  expect(text).toContain('seed 1: step 39 of 40');
  expect(text.endsWith('\r\u001b[2K')).toBe(true);
});

test('elsewhere there are few lines', () => {
  expect(shown(false).split('\n')).toEqual([
    'seed 1: people arrive',
    'seed 1: step 0 of 40',
    'seed 1: step 10 of 40',
    'seed 1: step 20 of 40',
    'seed 1: step 30 of 40',
    '',
  ]);
});
