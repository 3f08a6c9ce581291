import * as z from 'zod/mini';
import { downstreamFrames } from './downstream/index.ts';
import { bodies } from './http/bodies.ts';
import { upstreamFrames } from './upstream/index.ts';

/**
 * One version of the protocol, spoken by code that knows the newest one alone (law 14). Everything is read into its newest form, and
 * said in the form that the peer's version has for it.
 */

/** All that is said, by name. */
const said = { upstream: upstreamFrames, downstream: downstreamFrames, bodies };

type Direction = keyof typeof said;
type Name<D extends Direction> = keyof (typeof said)[D] & string;
type Said<D extends Direction, N extends Name<D>> = z.infer<(typeof said)[D][N]>;
type Frame<D extends 'upstream' | 'downstream'> = { [N in Name<D>]: Said<D, N> }[Name<D>];

export type BodyName = Name<'bodies'>;
export type Body<N extends BodyName> = Said<'bodies', N>;
/** A body under its name. */
export type NamedBody = { [N in BodyName]: readonly [name: N, body: Body<N>] }[BodyName];

/** What a version has changed about one thing that is said. Made by {@link changed}. */
export type Change = {
  /** How the version before says it. */
  readonly before: z.ZodMiniType<object, object>;
  readonly up: (before: object) => object;
  readonly down: (after: object) => object | null;
};

/**
 * `before`: its schema in the version before, strict for what clients say and tolerant for what they hear. `up` and `down` turn one
 * form into the other: what `up` gives is checked like anything in the newest form, and `down` gives null for what is
 * better not said to a peer of the version before. The schema of a frame has its `type` as a literal.
 */
export const changed = <Before extends object>(
  before: z.ZodMiniType<Before, object>,
  up: (before: Before) => object,
  down: (after: never) => Before | null,
): Change => ({
  before,
  up: (form) => up(form as Before),
  down: (form) => down(form as never),
});

/** What a version has changed. What is not named is said alike; `null` is new: peers of the version before neither say nor hear it. */
export type VersionStep = {
  readonly [D in Direction]?: { readonly [N in Name<D>]?: Change | null };
};

export type Dialect = {
  readonly version: number;
  readonly upstream: {
    readonly read: z.ZodMiniType<Frame<'upstream'>>;
    /** Null: a peer of this version is not told. */
    readonly say: (frame: Frame<'upstream'>) => object | null;
  };
  readonly downstream: {
    /** Null: a frame that is not known, of a server that is newer than its word. */
    readonly read: z.ZodMiniType<Frame<'downstream'> | null>;
    readonly say: (frame: Frame<'downstream'>) => object | null;
  };
  readonly bodies: {
    /** What this version does not have fits nothing. */
    readonly read: { readonly [N in BodyName]: z.ZodMiniType<Body<N>> };
    /** Null: a peer of this version has no such thing. */
    readonly say: <N extends BodyName>(name: N, body: Body<N>) => object | null;
  };
};

/** Dialects, the newest first. */
export type Versions = readonly [Dialect, ...Dialect[]];

type Schema = z.ZodMiniType<unknown, object>;
type Discriminable = [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]];
type AnyFrame = { readonly type: string };
type Changes = Readonly<Record<string, Change | null>>;

/** @param laterSteps what has changed since, in order */
const createDialect = (version: number, laterSteps: readonly VersionStep[]): Dialect => {
  const entriesOf = (direction: Direction, name: string): (Change | null)[] =>
    laterSteps.flatMap((step) => {
      const change = (step[direction] as Changes | undefined)?.[name];
      return change === undefined ? [] : [change];
    });

  const readerOf = (newest: Schema, changes: readonly (Change | null)[]): Schema | null => {
    const known = changes.filter((change) => change !== null);
    if (known.length < changes.length) return null;
    const [first] = known;
    if (first === undefined) return newest;
    const up = (value: object): object => known.reduce((form, change) => change.up(form), value);
    return z.pipe(first.before, z.pipe(z.transform(up), newest));
  };
  const readersOf = (direction: Direction): Readonly<Record<string, Schema>> => {
    const readers: Record<string, Schema> = {};
    for (const [name, newest] of Object.entries<Schema>(said[direction])) {
      const reader = readerOf(newest, entriesOf(direction, name));
      if (reader !== null) readers[name] = reader;
    }
    return readers;
  };
  const sayAs = (direction: Direction, name: string, value: object): object | null =>
    laterSteps.length === 0
      ? value
      : entriesOf(direction, name).reduceRight<object | null>(
          (form, change) => form && (change?.down(form) ?? null),
          value,
        );
  const sayFrame =
    (direction: 'upstream' | 'downstream') =>
    (frame: AnyFrame): object | null =>
      sayAs(direction, frame.type, frame);

  const frames = (direction: 'upstream' | 'downstream') => {
    const readers = readersOf(direction);
    const known = z.discriminatedUnion('type', Object.values(readers) as unknown as Discriminable);
    return { readers, known };
  };
  const bodyReaders = (): Readonly<Record<string, Schema>> => {
    const readers = readersOf('bodies');
    return Object.fromEntries(Object.keys(bodies).map((name) => [name, readers[name] ?? z.never()]));
  };
  const heard = frames('downstream');
  const unknown = z.pipe(
    z.object({ type: z.string().check(z.refine((type) => !Object.hasOwn(heard.readers, type))) }),
    z.transform(() => null),
  );
  const dialect = {
    version,
    upstream: { read: frames('upstream').known, say: sayFrame('upstream') },
    downstream: { read: z.union([heard.known, unknown]), say: sayFrame('downstream') },
    bodies: {
      read: bodyReaders(),
      say: (name: string, body: object) => sayAs('bodies', name, body),
    },
  };
  return dialect as unknown as Dialect;
};

/**
 * The versions that are spoken by code whose newest is `newest`: that, and one more for each of the `steps` that led to it, which are
 * in order.
 */
export const createVersions = (newest: number, steps: readonly VersionStep[]): Versions => [
  createDialect(newest, []),
  ...steps.map((_, index) => createDialect(newest - 1 - index, steps.slice(steps.length - 1 - index))),
];

/** The newest version that is among those that the other side speaks. */
export const commonVersion = (versions: Versions, theirs: readonly number[]): Dialect | null =>
  versions.find(({ version }) => theirs.includes(version)) ?? null;
