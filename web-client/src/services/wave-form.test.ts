import { expect, test } from 'vitest';
import { barsOf, WAVE_FORM_BYTES, waveFormOf } from './wave-form.ts';

const shown = (levels: readonly number[]): number[] =>
  barsOf(btoa(String.fromCharCode(...waveFormOf(levels))));

test('each bar is the loudest of its time, against the loudest of all', () => {
  const levels = Array.from({ length: 10 * WAVE_FORM_BYTES }, () => 0.1);
  levels[5] = 0.5;
  levels[levels.length - 1] = 0.25;
  const bars = shown(levels);
  expect(bars).toHaveLength(WAVE_FORM_BYTES);
  expect([bars[0], bars[1], bars.at(-1)]).toEqual([1, 51 / 255, 128 / 255]);
});

test('a recording that is shorter than the bars fills them all', () => {
  const bars = shown([0.5, 1]);
  expect(bars).toHaveLength(WAVE_FORM_BYTES);
  expect([bars[0], bars.at(-1)]).toEqual([128 / 255, 1]);
  expect(bars.filter((bar) => bar === 1)).toHaveLength(WAVE_FORM_BYTES / 2);
});

test('silence, and nothing at all, are flat', () => {
  expect(shown([0, 0, 0])).toEqual(Array(WAVE_FORM_BYTES).fill(0));
  expect(shown([])).toEqual(Array(WAVE_FORM_BYTES).fill(0));
});
