import { expect, test } from 'vitest';
import { countReactions, reactionOf } from './reaction-counts.ts';

const reactions = {
  anna: { emoji: '👍', id: '2' },
  ben: { emoji: '❤️', id: '1' },
  carl: { emoji: '👍', id: '3' },
  dora: { emoji: null, id: '4' },
};

test('counts by emoji, the first one in front, and knows the own one', () => {
  expect(countReactions({ reactions }, 'carl')).toEqual([
    { emoji: '❤️', count: 1, own: false },
    { emoji: '👍', count: 2, own: true },
  ]);
  expect(countReactions({}, 'carl')).toEqual([]);
});

test('a reaction that was taken back is none', () => {
  expect(reactionOf({ reactions }, 'dora')).toBeNull();
  expect(reactionOf({ reactions }, 'anna')).toBe('👍');
  expect(reactionOf({}, 'anna')).toBeNull();
  expect(reactionOf({ reactions }, 'constructor')).toBeNull();
});
