import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from './row-codec.ts';

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\0', 'b', 'n', '0', ':', '1') }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array(),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
}));

test('what is data comes back as it was, bytes as bytes of its own', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(decodeValue(encodeValue(given))).toEqual(given);
    }),
  );
  const bytes = new Uint8Array([1, 2]);
  const encoded = encodeValue({ bytes });
  const { bytes: one } = decodeValue(encoded) as { bytes: Uint8Array };
  one[0] = 9;
  expect(decodeValue(encoded)).toEqual({ bytes });
});

test.each([
  ['a function', { key: () => undefined }],
  ['nothing', undefined],
  ['a map', [new Map()]],
  ['a large integer', 1n],
])('%s is refused', (_, given) => {
  expect(() => encodeValue(given)).toThrow();
});
