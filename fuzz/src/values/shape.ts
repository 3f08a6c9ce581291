import fc from 'fast-check';
import * as z from 'zod/mini';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import type { Json } from './json.ts';

/** The part of JSON Schema that the protocol's schemas come out as. */
export type Shape = {
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
};

/** What goes in to a schema. */
export const shapeOf = (schema: z.ZodMiniType): Shape =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;

/** What is known of the world, by the names that fields have: ids, names and secrets that are somebody's. */
export type Known = Readonly<Record<string, string | number>>;

const KNOWN_PERCENT = 90;
const SAMPLES = 32;
const MAX_MADE_CHARACTERS = 400;
/** More than the fewest: two alike contradict each other often. */
const MORE_ITEMS = [0, 0, 0, 0, 1, 3];
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Of base64, whose groups of four an expression does not tell. */
const BASE64_END = '={0,2}$';

const fits = (
  { type, pattern, minLength = 0, maxLength = Infinity, minimum = -Infinity, maximum = Infinity }: Shape,
  value: string | number,
): boolean =>
  typeof value === 'string'
    ? type === 'string' &&
      value.length >= minLength &&
      value.length <= maxLength &&
      (pattern === undefined || new RegExp(pattern).test(value)) &&
      (pattern?.endsWith(BASE64_END) !== true || value.length % 4 === 0)
    : (type === 'integer' || type === 'number') && value >= minimum && value <= maximum;

const samples = new Map<string, readonly string[]>();

/** Strings that match an expression, the same in each run. */
const matching = (pattern: string): readonly string[] => {
  const known = samples.get(pattern);
  if (known !== undefined) return known;
  const made = fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: SAMPLES, seed: 1 });
  samples.set(pattern, made);
  return made;
};

const makeString = (shape: Shape, random: SeededRandom): string => {
  const { minLength = 0, maxLength = Infinity, pattern } = shape;
  const longest = Math.min(maxLength, Math.max(minLength, MAX_MADE_CHARACTERS));
  const length = minLength + random.below(longest - minLength + 1);
  const text = (characters: number): string =>
    Array.from({ length: characters }, () => BASE64[random.below(BASE64.length)]).join('');
  const whole = text(Math.max(minLength, length - (length % 4)));
  if (pattern === undefined || fits(shape, whole)) return whole;
  const fitting = matching(pattern).filter((sample) => fits(shape, sample));
  return fitting.length === 0 ? whole : random.pick(fitting);
};

const makeInteger = (
  { exclusiveMinimum = -1, minimum = exclusiveMinimum + 1, maximum = 2 ** 31 }: Shape,
  random: SeededRandom,
): number =>
  random.pick([minimum, maximum, minimum + random.below(Math.min(maximum - minimum + 1, 2 ** 31))]);

const deviceIdOf = (value: Json): number | null => {
  const id = typeof value === 'object' && value !== null && 'deviceId' in value ? value.deviceId : null;
  return typeof id === 'number' ? id : null;
};

/** Where devices are listed each stands once, by rising number: no schema says so. */
const inOrder = (values: readonly Json[]): Json[] => {
  const byNumber = new Map(values.map((value) => [deviceIdOf(value), value]));
  if (byNumber.has(null)) return [...values];
  return [...byNumber].sort(([a], [b]) => (a ?? 0) - (b ?? 0)).map(([, value]) => value);
};

/** A value that fits. `name`: of the field that it is for. */
export const valueOf = (shape: Shape, random: SeededRandom, known: Known, name = ''): Json => {
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return random.pick(shape.enum);
  const options = shape.oneOf ?? shape.anyOf;
  if (options !== undefined) return valueOf(random.pick(options), random, known, name);
  switch (shape.type) {
    case 'object': {
      const fields = Object.entries(shape.properties ?? {});
      const given = fields.filter(
        ([field]) => shape.required?.includes(field) === true || random.below(2) === 0,
      );
      return Object.fromEntries(given.map(([field, inner]) => [field, valueOf(inner, random, known, field)]));
    }
    case 'array': {
      const { items = {}, minItems = 0, maxItems = Infinity } = shape;
      const length = Math.min(maxItems, minItems + random.pick(MORE_ITEMS));
      return inOrder(Array.from({ length }, () => valueOf(items, random, known, name)));
    }
    case 'boolean':
      return random.below(2) === 0;
    case 'string':
    case 'integer':
    case 'number': {
      const own = known[name];
      const others = Object.values(known).filter((value) => typeof value === 'string' && fits(shape, value));
      if (random.below(100) < KNOWN_PERCENT) {
        if (own !== undefined && fits(shape, own)) return own;
        if (shape.pattern !== undefined && others.length > 0) return random.pick(others);
      }
      return shape.type === 'string' ? makeString(shape, random) : makeInteger(shape, random);
    }
    default:
      return null;
  }
};
