import { expect, test } from 'vitest';
import { bytesField, decodeFields, encodeFields, uint32Field } from './protobuf.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('fields are written in the given order, and absent ones left out', () => {
  expect(
    encodeFields([
      [1, 300],
      [2, undefined],
      [3, hex('aabb')],
      [4, 5n],
    ]),
  ).toEqual(hex('08 ac02 1a 02 aabb 21 0500000000000000'));
});

test('unknown fields are skipped, and the last occurrence of a field wins', () => {
  const fields = decodeFields(hex('08 01 7d 00000000 08 02 79 0000000000000000 7a 01 00 78 00 12 01 ff'));
  expect(uint32Field(fields, 1)).toBe(2);
  expect(bytesField(fields, 2)).toEqual(hex('ff'));
  expect([uint32Field(fields, 3), bytesField(fields, 3)]).toEqual([undefined, undefined]);
});

test('a byte field is a copy', () => {
  const bytes = hex('0a 01 07');
  const field = bytesField(decodeFields(bytes), 1);
  bytes.fill(0);
  expect(field).toEqual(hex('07'));
});

test.each([
  ['field number 0', '00 01'],
  ['cut off in a tag', '80'],
  ['cut off behind a tag', '08'],
  ['cut off in bytes', '0a 02 00'],
  ['bytes longer than anything', '0a ffffffff0f'],
  ['four bytes cut off', '0d 000000'],
  ['eight bytes cut off', '09 00000000000000'],
  ['a group', '0b 0c'],
  ['wire type 6', '0e'],
  ['a tag above 32 bits', '8880808010 00'],
  ['a number above 64 bits', '08 ffffffffffffffffff02'],
  ['a number of 11 bytes', '08 8080808080808080808000'],
])('%s is refused', (_, text) => {
  expect(() => decodeFields(hex(text))).toThrow('cannot be decrypted');
});

test.each([
  ['bytes', '0a 01 00'],
  ['four bytes', '0d 00000000'],
  ['eight bytes', '09 0000000000000000'],
  ['bytes before the number', '0a 01 00 08 01'],
  ['four bytes before the number', '0d 00000000 08 01'],
  ['more than 32 bits', '08 8080808010'],
])('a number that is %s is refused', (_, text) => {
  const fields = decodeFields(hex(text));
  expect(() => uint32Field(fields, 1)).toThrow('cannot be decrypted');
});

test.each([
  ['a number', '08 01'],
  ['four bytes', '0d 00000000'],
  ['a number before the bytes', '08 01 0a 01 00'],
])('a byte field that is %s is refused', (_, text) => {
  const fields = decodeFields(hex(text));
  expect(() => bytesField(fields, 1)).toThrow('cannot be decrypted');
});
