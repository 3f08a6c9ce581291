import { VERSIONS } from '@restante/protocol';
import { textOf } from '../values/json.ts';
import { shapeOf, type Shape } from '../values/shape.ts';

/** A frame that clients send. */
export type Frame = {
  readonly type: string;
  readonly shape: Shape;
  /** Types of the frames that answer it; none when it is not answered. */
  readonly answers: readonly string[];
};

/** Every frame of a version's schema, with the answers that `docs/protocol.md` promises. @throws Error when it has none of a frame */
export const framesOf = (page: string): Frame[] => {
  const [, section = ''] = page.split('\n## Master: WebSocket\n');
  const [upward = ''] = section.split('\nDownstream:\n');
  const { oneOf = [] } = shapeOf(VERSIONS[0].upstream.read);
  return oneOf.map((shape) => {
    const type = textOf(shape.properties?.['type'], 'const');
    const row = new RegExp(`^\\| \`${type}\` +\\| ([^|]+)\\|`, 'm').exec(upward)?.[1];
    if (row === undefined) throw new Error(`docs/protocol.md does not have the frame ${type}`);
    return { type, shape, answers: [...row.matchAll(/`([\w-]+)`/g)].map(([, answer = '']) => answer) };
  });
};
