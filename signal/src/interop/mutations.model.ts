import type { SeededRandom } from '@restante/testkit/seeded-random';
import { concat } from '../bytes.ts';
import { rawVarint, type RawField } from './raw-fields.model.ts';

/** A change to the fields of a message, with its name for the table of known differences. */
export type Mutation = { readonly name: string; readonly fields: readonly RawField[] };

const NUMBERS = [
  ...[0n, 1n, 2n, 127n, 128n, 255n, 2n ** 16n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 2n, 2n ** 32n - 1n],
];
/** Do not fit in 32 bits. */
const WIDE_NUMBERS = [2n ** 32n, 2n ** 32n + 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const flip = (random: SeededRandom, bytes: Uint8Array): Uint8Array => {
  const flipped = bytes.slice();
  const index = random.below(flipped.length);
  flipped[index] = (flipped[index] ?? 0) ^ (1 << random.below(8));
  return flipped;
};

/** One change of each kind that there is to one field. */
const KINDS: Readonly<Record<string, (random: SeededRandom, field: RawField) => readonly RawField[] | null>> =
  {
    missing: () => [],
    twice: (_, field) => [field, field],
    'other value first': (random, field) =>
      field.value.length === 0 ? null : [{ ...field, value: flip(random, field.value) }, field],
    'other value last': (random, field) =>
      field.value.length === 0 || field.wireType === 0
        ? null
        : [field, { ...field, value: flip(random, field.value) }],
    'other wire type first': (random, field) => [anyValue(random, field.number, field.wireType), field],
    'other wire type': (random, field) => [anyValue(random, field.number, field.wireType)],
    'another number': (random, field) =>
      field.wireType === 0 ? [{ ...field, value: rawVarint(pick(random, NUMBERS)) }] : null,
    'a wide number': (random, field) =>
      field.wireType === 0 ? [{ ...field, value: rawVarint(pick(random, WIDE_NUMBERS)) }] : null,
    'a long varint': (random, field) =>
      field.wireType === 0 ? [{ ...field, value: lengthen(field.value, 2 + random.below(9)) }] : null,
    'a varint of 11 bytes': (_, field) =>
      field.wireType === 0 ? [{ ...field, value: lengthen(field.value, 11) }] : null,
    flipped: (random, field) =>
      field.wireType === 2 && field.value.length > 0
        ? [{ ...field, value: flip(random, field.value) }]
        : null,
    shorter: (random, field) =>
      field.wireType === 2 && field.value.length > 0
        ? [{ ...field, value: field.value.subarray(0, random.below(field.value.length)) }]
        : null,
    longer: (random, field) =>
      field.wireType === 2
        ? [{ ...field, value: concat(field.value, random.bytes(1 + random.below(20))) }]
        : null,
    empty: (_, field) => (field.wireType === 2 ? [{ ...field, value: new Uint8Array(0) }] : null),
    random: (random, field) =>
      field.wireType === 2 ? [{ ...field, value: random.bytes(field.value.length) }] : null,
    'an unknown field before': (random, field) => [anyValue(random, 20 + random.below(5_000), -1), field],
    'the largest field number before': (random, field) => [anyValue(random, 2 ** 29 - 1, -1), field],
    'a field number too large before': (random, field) => [anyValue(random, 2 ** 29, -1), field],
    'field number 0 before': (random, field) => [anyValue(random, 0, -1), field],
    'an unknown number above 64 bits before': (random, field) => [
      {
        number: 40,
        wireType: 0,
        value: Uint8Array.of(...Array<number>(9).fill(0xff), 2 + random.below(126)),
      },
      field,
    ],
    'a group before': (_, field) => [...GROUP, field],
    'a group that does not end before': (_, field) => [...GROUP.slice(0, 1), field],
    'the end of a group before': (_, field) => [...GROUP.slice(1), field],
    'wire type 6 before': (_, field) => [{ number: 30, wireType: 6, value: new Uint8Array(0) }, field],
  };

const GROUP: readonly RawField[] = [
  { number: 31, wireType: 3, value: new Uint8Array(0) },
  { number: 31, wireType: 4, value: new Uint8Array(0) },
];

const pick = <T>(random: SeededRandom, items: readonly [T, ...T[]] | readonly T[]): T =>
  items[random.below(items.length)] as T;

/** The same number in a longer form. */
const lengthen = (varint: Uint8Array, length: number): Uint8Array => {
  if (varint.length >= length) return varint;
  const longer = new Uint8Array(length).fill(0x80);
  longer.set(varint.map((byte) => byte | 0x80));
  longer[length - 1] = 0;
  return longer;
};

/** A right field of any wire type but the given one. */
const anyValue = (random: SeededRandom, number: number, notWireType: number): RawField => {
  const wireType = pick(
    random,
    [0, 1, 2, 5].filter((type) => type !== notWireType),
  );
  const lengths: Readonly<Record<number, number>> = { 1: 8, 2: random.below(40), 5: 4 };
  const value =
    wireType === 0
      ? rawVarint(pick(random, [...NUMBERS, ...WIDE_NUMBERS]))
      : random.bytes(lengths[wireType] ?? 0);
  return { number, wireType, value };
};

export const MUTATION_KINDS: readonly string[] = Object.keys(KINDS);

/** A change of this kind to one of the fields; null when the kind does not fit the field that was drawn. */
export const mutate = (random: SeededRandom, fields: readonly RawField[], kind: string): Mutation | null => {
  const index = random.below(fields.length);
  const field = fields[index];
  const changed = field && KINDS[kind]?.(random, field);
  if (!field || !changed) return null;
  const mutated = [...fields.slice(0, index), ...changed, ...fields.slice(index + 1)];
  return {
    name: `field ${field.number}: ${kind}`,
    fields: random.below(4) === 0 ? random.shuffled(mutated) : mutated,
  };
};
