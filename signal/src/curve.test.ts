import { describe, expect, test } from 'vitest';
import { concat } from './bytes.ts';
import { agree, generateKeyPair, isCanonical, keyPairOf, parsePublicKey } from './curve.ts';
import { expectCode } from './testing/signal-error.model.ts';
import { fromHex, loadVectors, recordedRandom, toHex } from './testing/vectors.model.ts';

type CurveVectors = {
  clamp: { input: string; privateKey: string; publicKey: string }[];
  agreement: { privateKey: string; publicKey: string; shared: string | null; note?: string }[];
  baseKeyCanonical: { publicKey: string; canonical: boolean; note?: string }[];
};

const vectors = loadVectors('curve') as CurveVectors;
const typed = (u: string): Uint8Array => concat(Uint8Array.of(5), fromHex(u));

describe('the vectors', () => {
  test.each(vectors.clamp)('clamp $input', ({ input, privateKey, publicKey }) => {
    const random = recordedRandom(input);
    const pair = generateKeyPair(random);
    expect(toHex(pair.privateKey)).toBe(privateKey);
    expect(toHex(pair.publicKey)).toBe(publicKey);
    expect(random.left()).toBe(0);
    expect(keyPairOf(fromHex(privateKey))).toEqual(pair);
  });

  test.each(vectors.agreement)('agree $publicKey $note', ({ privateKey, publicKey, shared }) => {
    const operation = () => agree(fromHex(privateKey), fromHex(publicKey));
    if (shared === null) expectCode('invalid-key', operation);
    else expect(toHex(operation())).toBe(shared);
  });

  test.each(vectors.baseKeyCanonical)('canonical $publicKey $note', ({ publicKey, canonical }) => {
    expect(isCanonical(fromHex(publicKey))).toBe(canonical);
  });
});

describe('RFC 7748', () => {
  test.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ])('section 5.2, %s', (scalar, u, result) => {
    expect(toHex(agree(fromHex(scalar), typed(u)))).toBe(result);
  });

  test('section 5.2, iterated 1 and 1000 times', () => {
    const nine = `09${'00'.repeat(31)}`;
    let scalar = fromHex(nine);
    let u = typed(nine);
    for (let round = 1; round <= 1000; round += 1) {
      const result = agree(scalar, u);
      if (round === 1)
        expect(toHex(result)).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
      u = concat(Uint8Array.of(5), scalar);
      scalar = result;
    }
    expect(toHex(scalar)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
  });

  test('section 6.1', () => {
    const alice = keyPairOf(fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
    const bob = keyPairOf(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
    expect(toHex(alice.publicKey)).toBe('058520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    expect(toHex(bob.publicKey)).toBe('05de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expect(toHex(agree(alice.privateKey, bob.publicKey))).toBe(shared);
    expect(toHex(agree(bob.privateKey, alice.publicKey))).toBe(shared);
  });
});

describe('keys of a wrong form', () => {
  const { publicKey, privateKey } = keyPairOf(new Uint8Array(32).fill(1));

  test.each([
    { form: 'cut short', key: publicKey.subarray(0, 32) },
    { form: 'with a byte more', key: concat(publicKey, Uint8Array.of(0)) },
    { form: 'of another type', key: Uint8Array.of(4, ...publicKey.subarray(1)) },
    { form: 'without its type', key: publicKey.subarray(1) },
    { form: 'empty', key: new Uint8Array(0) },
  ])('public key $form', ({ key }) => {
    expectCode('invalid-key', () => parsePublicKey(key));
    expectCode('invalid-key', () => agree(privateKey, key));
    expect(isCanonical(key)).toBe(false);
  });

  const p = [0xed, ...Array<number>(30).fill(0xff), 0x7f];
  test.each([
    { form: 'with bit 255 set', key: publicKey.with(32, publicKey[32]! | 0x80), same: publicKey },
    { form: 'of u = p + 9', key: Uint8Array.of(5, 0xf6, ...p.slice(1)), same: typed(`09${'00'.repeat(31)}`) },
  ])('public key $form: X25519 knows it, nothing else takes it', ({ key, same }) => {
    expect(agree(privateKey, key)).toEqual(agree(privateKey, same));
    expectCode('invalid-key', () => parsePublicKey(key));
    expect(isCanonical(key)).toBe(false);
  });

  test('public key of u = p', () => {
    expectCode('invalid-key', () => parsePublicKey(Uint8Array.of(5, ...p)));
  });

  test('private key', () => {
    for (const length of [0, 31, 33]) expectCode('invalid-key', () => keyPairOf(new Uint8Array(length)));
    expectCode('invalid-key', () => agree(new Uint8Array(31), publicKey));
  });

  test('a parsed key is a copy', () => {
    const received = concat(Uint8Array.of(0), publicKey);
    const parsed = parsePublicKey(received.subarray(1));
    received.fill(0);
    expect(parsed).toEqual(publicKey);
    expect(parsed.buffer.byteLength).toBe(33);
  });

  test('a private key is copied before it is clamped', () => {
    const given = new Uint8Array(32).fill(0xff);
    keyPairOf(given);
    expect(given).toEqual(new Uint8Array(32).fill(0xff));
  });
});
