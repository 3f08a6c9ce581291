import { LIMITS } from '@restante/protocol';
import { maskedFrame } from '../stage/web-socket-frames.ts';
import { mutateBytes } from '../values/mutate-bytes.ts';
import { mutateValue } from '../values/mutate-value.ts';
import { valueOf } from '../values/shape.ts';
import type { Draft } from './draft.ts';
import type { Input } from './input.ts';
import { knownTo } from './known.ts';
import { severity } from './request.ts';
import type { World } from './world.ts';

/** Frames of a connected device: of the schema, changed ones, and bytes that are none. */
export const drawFrame = (world: World, draft: Draft): Extract<Input, { kind: 'frames' }> => {
  const { random, chance, mutate } = draft;
  const frame = random.pick(world.frames);
  const device = random.pick(world.devices);
  const value = valueOf(frame.shape, random, knownTo(device, world, random));
  const text = Buffer.from(JSON.stringify(mutate(value, severity(draft), mutateValue)));
  const whole = chance(1) ? Buffer.concat([text, Buffer.alloc(LIMITS.frameBytes, ' ')]) : text;
  const payload = chance(90) ? whole : mutate(text, 1 + random.below(3), mutateBytes);
  const addressed = { kind: 'frames', target: frame.type, to: random.pick(world.masters), device } as const;
  if (chance(96)) return { ...addressed, payload, as: 'text' };
  if (chance(50)) return { ...addressed, payload, as: 'binary' };
  const opcode = random.below(16);
  return {
    ...addressed,
    payload: mutate(maskedFrame(payload, opcode), random.below(4), mutateBytes),
    as: 'raw',
  };
};
