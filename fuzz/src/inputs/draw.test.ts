import { VERSIONS } from '@restante/protocol';
import { expect, test, vi } from 'vitest';
import { valueOf } from '../values/shape.ts';
import { draft } from './draft.ts';
import { drawInput } from './draw.ts';
import { KINDS, type Input } from './input.ts';
import { knownOfOne } from './known.ts';
import { alice, world } from './world.model.ts';

// Ids are of the time at which they are drawn.
vi.useFakeTimers({ toFake: ['Date'], now: 1_795_800_000_000 });

const draw = (index: number, without?: ReadonlySet<number>): Input =>
  drawInput(world, draft(1, index, without), KINDS);

test('the values of each body and frame fit their schema', () => {
  for (let index = 0; index < 50; index += 1) {
    const { random } = draft(2, index);
    const known = knownOfOne(alice, world, random);
    for (const [name, schema] of Object.entries(VERSIONS[0].bodies.read)) {
      const value = valueOf(world.bodies[name]!, random, known);
      expect(schema.safeParse(value).error?.issues, `${name}: ${JSON.stringify(value)}`).toBeUndefined();
    }
    for (const { shape } of world.frames) {
      const frame = valueOf(shape, random, known);
      expect(VERSIONS[0].upstream.read.safeParse(frame).error?.issues, JSON.stringify(frame)).toBeUndefined();
    }
  }
});

test('a number draws the same input again, whatever was drawn in between', () => {
  for (let index = 0; index < 200; index += 1) {
    const drawn = draw(index);
    draw(index + 1);
    expect(draw(index)).toEqual(drawn);
  }
  expect(new Set(Array.from({ length: 400 }, (_, index) => draw(index).kind))).toEqual(new Set(KINDS));
});

test('leaving all changes out leaves a frame that is sound, and leaving one out changes no other', () => {
  const frames = Array.from({ length: 400 }, (_, index) => index).filter((index) => {
    const input = draw(index);
    return input.kind === 'frames' && input.as === 'text';
  });
  const all = new Set(Array.from({ length: 20 }, (_, number) => number));
  const isSound = (input: Input): boolean => {
    if (input.kind !== 'frames') return false;
    try {
      return VERSIONS[0].upstream.read.safeParse(JSON.parse(input.payload.toString())).success;
    } catch {
      return false;
    }
  };
  const broken = frames.filter((index) => !isSound(draw(index)));
  expect(broken.length).toBeGreaterThan(20);
  expect(frames.filter((index) => !isSound(draw(index, all)))).toEqual([]);
  const last = new Set([19]);
  for (const index of broken.slice(0, 20)) expect(draw(index, last)).toEqual(draw(index));
});
