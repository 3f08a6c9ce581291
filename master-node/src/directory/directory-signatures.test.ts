import { describe, expect, it } from 'vitest';
import { ConfigError } from '@restante/service-kit';
import { testKeys } from '../testing/test-nodes.model.ts';
import { createDirectorySignatures } from './directory-signatures.ts';

const [first, second] = [testKeys(), testKeys()];
const by = (privateKey: string, ...publicKeys: string[]) =>
  createDirectorySignatures({ privateKey, publicKeys: publicKeys.join('') });
const one = by(first.privateKey, first.publicKey);

const ID = 'account:a';
const content = { b: { d: 1, c: [{ f: 'é', e: null }] }, a: 2 };

describe('signatures of the directory', () => {
  it('hold for the id, generation and content, in whatever order its fields are, beside those of CouchDB', () => {
    const signed = one.sign(ID, 3, { ...content, _rev: '2-x', signature: 'an earlier one' });
    expect(Object.keys(signed)).toEqual(['b', 'a', 'signature']);
    const again = { ...signed, a: 2, b: { c: content.b.c, d: 1 }, _id: ID, _rev: '3-x' };
    expect(by(first.privateKey, first.publicKey).isSigned(ID, 3, again)).toBe(true);
    expect(one.isSigned(ID, 4, signed)).toBe(false);
    expect(one.isSigned('account:b', 3, signed)).toBe(false);
    expect(one.isSigned(ID, 3, { ...signed, a: 3 })).toBe(false);
    expect(one.isSigned(ID, 3, { ...signed, more: 1 })).toBe(false);
    expect(one.isSigned(ID, 3, content)).toBe(false);
    for (const signature of [null, 'x', {}, { key: 1, value: 2 }, { key: 'x', value: 'AAAA' }])
      expect(one.isSigned(ID, 3, { ...content, signature })).toBe(false);
  });

  it('are the same whichever master makes them: two that write the same write one revision', () => {
    expect(by(first.privateKey, first.publicKey).sign(ID, 1, content)).toEqual(one.sign(ID, 1, content));
  });

  it('are accepted of every public key that is named, and made by one', () => {
    const both = by(second.privateKey, first.publicKey, second.publicKey);
    const old = one.sign(ID, 1, content);
    const fresh = both.sign(ID, 1, content);
    expect([both.isSigned(ID, 1, old), both.isSigned(ID, 1, fresh)]).toEqual([true, true]);
    expect([both.isByEarlierKey(old), both.isByEarlierKey(fresh), both.hasEarlierKeys]).toEqual([
      true,
      false,
      true,
    ]);
    // A master that has not changed over yet leaves alone what one that has signed.
    const waiting = by(first.privateKey, first.publicKey, second.publicKey);
    expect([waiting.isByEarlierKey(fresh), waiting.hasEarlierKeys]).toEqual([false, false]);
    expect(one.isSigned(ID, 1, fresh)).toBe(false);
  });

  it('need keys that fit, and name the variable whose keys do not', () => {
    const escaped = first.publicKey.replaceAll('\n', '\\n');
    expect(by(first.privateKey.replaceAll('\n', '\\n'), escaped, escaped)).toBeDefined();
    const refusals: [string, string, RegExp][] = [
      ['nonsense', first.publicKey, /^DIRECTORY_PRIVATE_KEY is not/],
      [first.privateKey, '', /^DIRECTORY_PUBLIC_KEYS is not/],
      [first.privateKey, `${first.publicKey},${second.publicKey}`, /^DIRECTORY_PUBLIC_KEYS is not/],
      [
        first.privateKey,
        `${first.publicKey.slice(0, 60)}\n-----END PUBLIC KEY-----`,
        /^DIRECTORY_PUBLIC_KEYS is not/,
      ],
      [first.privateKey, second.publicKey, /^DIRECTORY_PUBLIC_KEYS lacks/],
    ];
    for (const [privateKey, publicKey, message] of refusals) {
      expect(() => by(privateKey, publicKey)).toThrow(ConfigError);
      expect(() => by(privateKey, publicKey)).toThrow(message);
    }
  });
});
