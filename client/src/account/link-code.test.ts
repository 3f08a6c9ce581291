import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64, toBase64Url } from '../base64.ts';
import { linkCodeText, readLinkCode, type LinkCode } from './link-code.ts';

const count = (bytes: number, first: number) =>
  Uint8Array.from({ length: bytes }, (_, index) => first + index);
const rendezvous = '0190a000-0000-7000-8000-0000000000ff';
const ofListed: LinkCode = { rendezvous, publicKey: count(32, 1), applicant: null };
const ofNew: LinkCode = {
  ...ofListed,
  applicant: { identityKey: toBase64(count(33, 100)), name: 'Büro 💻' },
};

/** As they were shown first: each stays readable. */
const RECORDED: readonly (readonly [string, LinkCode])[] = [
  ['restante-device:AQEBkKAAAABwAIAAAAAAAAD_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA', ofListed],
  [
    'restante-device:AQABkKAAAABwAIAAAAAAAAD_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyBkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5_gIGCg4RCw7xybyDwn5K7',
    ofNew,
  ],
];

const bytes = (...values: readonly number[]): string =>
  `restante-device:${toBase64Url(Uint8Array.from(values))}`;

describe('a code of a device', () => {
  test.each(RECORDED)('is written and read as it always was: %s', (text, code) => {
    expect(linkCodeText(code)).toBe(text);
    expect(readLinkCode(text)).toEqual(code);
    const broken = `\n ${text.slice(0, 30)}\r\n\t${text.slice(30)} `;
    expect(readLinkCode(broken)).toEqual(code);
  });

  test.each([
    ['nothing', ''],
    ['a link', 'https://restante.example/#/add/alice'],
    ['its prefix alone', 'restante-device:'],
    ['what is no base64', 'restante-device:$'],
    ['a part of one', RECORDED[0]![0].slice(0, -2)],
    ['more than one', `${RECORDED[0]![0]}AA`],
    ['a code without a name', RECORDED[1]![0].slice(0, 16 + 110)],
    ['a later version', bytes(2, ...count(81, 1))],
    ['an unknown side', bytes(1, 2, ...count(81, 1))],
    ['a rendezvous that is no UUIDv7', bytes(1, 1, ...count(48, 1))],
  ])('is not %s', (_, text) => {
    expect(() => readLinkCode(text)).toThrow(expect.objectContaining({ code: 'bad-link-code' }));
  });

  test('refuses whatever else by the same name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (given) => {
        try {
          readLinkCode(`restante-device:${toBase64Url(given)}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-link-code' });
        }
      }),
    );
  });
});
