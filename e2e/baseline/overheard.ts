import { VERSIONS, type Dialect } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Line } from './story.ts';

/** Examples of each thing that is said. */
const MOST = 3;

type Schema = z.ZodMiniType<unknown, object>;
type Schemas = Readonly<Record<string, Schema>>;

/** The newest version of the protocol, and what a client has said and heard in it. */
export const overheardVersion = (): { readonly version: Dialect; readonly lines: readonly Line[] } => {
  const [dialect] = VERSIONS;
  const lines: Line[] = [];
  const hear = (by: Line['by'], name: string, frame: boolean, value: object | null): void => {
    const isLike = (line: Line): boolean => line.by === by && line.name === name && line.frame === frame;
    if (value !== null && lines.filter(isLike).length < MOST) lines.push({ by, name, frame, value });
  };
  const heard = (schema: Schema, nameOf: (value: object) => string, frame: boolean): z.ZodMiniType =>
    z.pipe(
      z.transform((value: object) => {
        hear('server', nameOf(value), frame, value);
        return value;
      }),
      schema,
    );
  const { upstream, downstream, bodies } = dialect;
  const read = Object.entries(bodies.read as Schemas).map(
    ([name, schema]) => [name, heard(schema, () => name, false)] as const,
  );
  const typeOf = (frame: object): string => (frame as { readonly type: string }).type;
  const version = {
    version: dialect.version,
    upstream: {
      ...upstream,
      say: (frame: Parameters<typeof upstream.say>[0]) => {
        const said = upstream.say(frame);
        hear('client', frame.type, true, said);
        return said;
      },
    },
    downstream: { ...downstream, read: heard(downstream.read as Schema, typeOf, true) },
    bodies: {
      read: Object.fromEntries(read),
      say: (name: string, body: object) => {
        const said = (bodies.say as (name: string, body: object) => object | null)(name, body);
        hear('client', name, false, said);
        return said;
      },
    },
  };
  return { version: version as unknown as Dialect, lines };
};
