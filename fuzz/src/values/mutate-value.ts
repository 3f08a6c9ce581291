import type { SeededRandom } from '@restante/testkit/seeded-random';
import { isObject, type Json } from './json.ts';

/** One change of a value that was sound: of a field, its name, its type, its size, its bounds. */

type Path = readonly (string | number)[];

const MAX_PLACES = 300;
const LONG = 70_000;
const DEEP = 2_000;
const MANY = 600;
/** Characters of JSON that many of one take at the most: changes follow on changes. */
const MANY_CHARACTERS = 4_000_000;

const nested = (levels: number): Json => {
  let value: Json = [];
  for (let level = 1; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

const ODD_NAMES = [
  'extra',
  '__proto__',
  'constructor',
  'toString',
  'then',
  'length',
  '',
  '_id',
  '_rev',
  '$ne',
  'a.b',
  '\u0000',
];

const ODD_VALUES: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => false,
  ...[0, -1, 1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e21, 1e308, -1e308, 5e-324, 128].map(
    (number) => () => number,
  ),
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e3',
    'null',
    '\u0000',
    '\ud800',
    '\udfff\ud800',
    '\u{1F600}',
    '\u202e\u0000\ufeff',
    '__proto__',
    'constructor',
    '../../_all_dbs',
    '%00%ff',
    '"\\\n',
    '${7*7}',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-7fff-bfff-ffffffffffff',
    '00000000-0000-7000-8000-000000000000',
    'directory',
  ].map((text) => () => text),
  () => 'a'.repeat(LONG),
  () => '\u{1F600}'.repeat(300),
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ length: 3, 0: 'a' }),
  () => nested(DEEP),
];

const manyOf = (value: Json): Json[] => {
  const most = Math.floor(MANY_CHARACTERS / JSON.stringify(value).length);
  return Array.from({ length: Math.max(2, Math.min(MANY, most)) }, () => value);
};

const placesIn = (value: Json): Path[] => {
  const places: Path[] = [[]];
  const visit = (inner: Json, path: Path): void => {
    if (typeof inner !== 'object' || inner === null) return;
    for (const [name, each] of Object.entries<Json>(inner)) {
      if (places.length >= MAX_PLACES) return;
      const place = [...path, Array.isArray(inner) ? Number(name) : name];
      places.push(place);
      visit(each, place);
    }
  };
  visit(value, []);
  return places;
};

/** The value with another one at a place; `undefined` takes it away. */
const replaced = (value: Json, path: Path, change: (inner: Json) => Json | undefined): Json => {
  const [first, ...rest] = path;
  if (first === undefined) return change(value) ?? null;
  if (typeof value !== 'object' || value === null) return value;
  const step = (inner: Json): Json | undefined =>
    rest.length === 0 ? change(inner) : replaced(inner, rest, change);
  if (Array.isArray(value)) {
    return value.flatMap((inner: Json, index) => {
      const next = index === first ? step(inner) : inner;
      return next === undefined ? [] : [next];
    });
  }
  return Object.fromEntries(
    Object.entries<Json>(value).flatMap(([name, inner]) => {
      const next = name === first ? step(inner) : inner;
      return next === undefined ? [] : [[name, next]];
    }),
  );
};

/** With a field of any name as its own: `__proto__` in a literal would be none. */
const withField = (value: Json, name: string, field: Json): Json =>
  isObject(value) ? Object.fromEntries([...Object.entries(value), [name, field]]) : value;

const mutateText = (text: string, random: SeededRandom): Json =>
  random.pick<() => Json>([
    () => text.slice(0, -1),
    () => `${text}${text.slice(-1)}`,
    () => text.toUpperCase(),
    () => `${text} `,
    () => `\n${text}`,
    () => text.repeat(1 + Math.ceil(LONG / (text.length + 1))),
    () =>
      text.slice(0, random.below(text.length + 1)) +
      random.pick(['\u0000', 'é', '/', ':', '\ud800', '=']) +
      text.slice(1),
    () => Number(text),
    () => [text],
  ])();

const mutateNumber = (number: number, random: SeededRandom): Json =>
  random.pick<Json>([
    -number,
    number + 1,
    number - 1,
    number + 0.5,
    number * 2 ** 32,
    String(number),
    [number],
  ]);

const change = (value: Json, random: SeededRandom): Json => {
  const odd = (): Json => random.pick(ODD_VALUES)();
  if (typeof value === 'string' && random.below(3) > 0) return mutateText(value, random);
  if (typeof value === 'number' && random.below(3) > 0) return mutateNumber(value, random);
  if (Array.isArray(value) && random.below(3) > 0) {
    const items = value as readonly Json[];
    return random.pick<() => Json>([
      () => [],
      () => [...items, ...items],
      () => [...items, odd()],
      () => manyOf(items[0] ?? null),
      () => Object.fromEntries(items.entries()),
    ])();
  }
  if (isObject(value) && random.below(3) > 0) {
    return random.pick<() => Json>([
      () => withField(value, random.pick(ODD_NAMES), odd()),
      () => [value],
      () => Object.values(value),
      () => JSON.stringify(value),
    ])();
  }
  return odd();
};

export const mutateValue = (value: Json, random: SeededRandom): Json => {
  const place = random.pick(placesIn(value));
  const isTaken = place.length > 0 && random.below(6) === 0;
  return replaced(value, place, (inner) => (isTaken ? undefined : change(inner, random)));
};
