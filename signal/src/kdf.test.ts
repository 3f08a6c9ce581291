import { describe, expect, test } from 'vitest';
import { ascii } from './bytes.ts';
import { hkdf, hmac } from './kdf.ts';
import { fromHex, loadVectors, toHex } from './testing/vectors.model.ts';

type KdfVectors = {
  hkdf: { name: string; salt: string | null; ikm: string; info: string; length: number; output: string }[];
  hmac: { name: string; key: string; message: string; output: string }[];
};

const vectors = loadVectors('kdf') as KdfVectors;
const repeated = (byte: string, count: number) => byte.repeat(count);
const range = (from: number, to: number) =>
  toHex(Uint8Array.from({ length: to - from + 1 }, (_, index) => from + index));

describe('the vectors', () => {
  test.each(vectors.hkdf)('HKDF $name', ({ salt, ikm, info, length, output }) => {
    expect(toHex(hkdf(salt === null ? null : fromHex(salt), fromHex(ikm), fromHex(info), length))).toBe(
      output,
    );
  });

  test.each(vectors.hmac)('HMAC $name', ({ key, message, output }) => {
    expect(toHex(hmac(fromHex(key), fromHex(message)))).toBe(output);
  });
});

describe('RFC 5869, appendix A', () => {
  test.each([
    {
      name: 'A.1',
      ikm: repeated('0b', 22),
      salt: range(0x00, 0x0c),
      info: range(0xf0, 0xf9),
      output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: 'A.2',
      ikm: range(0x00, 0x4f),
      salt: range(0x60, 0xaf),
      info: range(0xb0, 0xff),
      output:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
        '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
        'cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      name: 'A.3',
      ikm: repeated('0b', 22),
      salt: null,
      info: '',
      output: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('$name', ({ ikm, salt, info, output }) => {
    const made = hkdf(salt === null ? null : fromHex(salt), fromHex(ikm), fromHex(info), output.length / 2);
    expect(toHex(made)).toBe(output);
  });
});

test('no salt is a salt of 32 zero bytes', () => {
  const input = fromHex(repeated('0b', 22));
  expect(hkdf(null, input, ascii('label'), 80)).toEqual(hkdf(new Uint8Array(32), input, ascii('label'), 80));
});

describe('RFC 4231', () => {
  test.each([
    {
      name: '4.2',
      key: repeated('0b', 20),
      data: toHex(ascii('Hi There')),
      mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    },
    {
      name: '4.3',
      key: toHex(ascii('Jefe')),
      data: toHex(ascii('what do ya want for nothing?')),
      mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    },
    {
      name: '4.4',
      key: repeated('aa', 20),
      data: repeated('dd', 50),
      mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    },
    {
      name: '4.5',
      key: range(0x01, 0x19),
      data: repeated('cd', 50),
      mac: '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    },
    {
      name: '4.7',
      key: repeated('aa', 131),
      data: toHex(ascii('Test Using Larger Than Block-Size Key - Hash Key First')),
      mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    },
    {
      name: '4.8',
      key: repeated('aa', 131),
      data: toHex(
        ascii(
          'This is a test using a larger than block-size key and a larger than block-size data. ' +
            'The key needs to be hashed before being used by the HMAC algorithm.',
        ),
      ),
      mac: '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    },
  ])('$name', ({ key, data, mac }) => {
    expect(toHex(hmac(fromHex(key), fromHex(data)))).toBe(mac);
  });
});
