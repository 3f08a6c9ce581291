import * as official from '@signalapp/libsignal-client';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascii, concat } from './bytes.ts';
import { generateKeyPair } from './curve.ts';
import { compareScannable, safetyNumber } from './fingerprint.ts';
import { systemRandom } from './random.ts';
import { errorCodeOf, expectCode } from './testing/signal-error.model.ts';
import { flipBit, fromHex, loadVectors, toHex } from './testing/vectors.model.ts';

type FingerprintVectors = {
  cases: {
    iterations: number;
    version: number;
    localId: string;
    localKey: string;
    remoteId: string;
    remoteKey: string;
    displayable: string;
    scannable: string;
    scannableOfPeer: string;
  }[];
  compare: { mine: string; theirs: string; result: boolean | 'error' }[];
  invalidIterations: number[];
};

const vectors = loadVectors('fingerprints') as FingerprintVectors;
const ownerOf = (id: string, key: string) => ({ id: fromHex(id), identityKey: fromHex(key) });
const fresh = (name: string) => ({ id: ascii(name), identityKey: generateKeyPair(systemRandom).publicKey });
const quick = { iterations: 2 };

describe('the vectors', () => {
  test.each(vectors.cases)('case %#, $iterations iterations, version $version', (vector) => {
    const local = ownerOf(vector.localId, vector.localKey);
    const remote = ownerOf(vector.remoteId, vector.remoteKey);
    const { iterations, version } = vector;
    const mine = safetyNumber(local, remote, { iterations, version });
    const theirs = safetyNumber(remote, local, { iterations, version });
    expect(mine.displayable).toBe(vector.displayable);
    expect(theirs.displayable).toBe(vector.displayable);
    expect(toHex(mine.scannable)).toBe(vector.scannable);
    expect(toHex(theirs.scannable)).toBe(vector.scannableOfPeer);
    expect(compareScannable(mine.scannable, theirs.scannable)).toBe(true);
  });

  test.each(vectors.compare)('compare %#: $result', ({ mine, theirs, result }) => {
    const compare = () => compareScannable(fromHex(mine), fromHex(theirs));
    if (result === 'error') expectCode('invalid-fingerprint', compare);
    else expect(compare()).toBe(result);
  });

  test.each([...vectors.invalidIterations, -1, 2.5, Number.NaN])(
    '%s iterations are refused',
    (iterations) => {
      expectCode('invalid-argument', () => safetyNumber(fresh('a'), fresh('b'), { iterations }));
    },
  );
});

test('by default it is version 2 with 5,200 iterations, as the official package makes it', () => {
  const [local, remote] = [fresh('local'), fresh('remote')];
  const key = (bytes: Uint8Array) => official.PublicKey.deserialize(new Uint8Array(bytes));
  const theirs = official.Fingerprint.new(
    5200,
    2,
    new Uint8Array(local.id),
    key(local.identityKey),
    new Uint8Array(remote.id),
    key(remote.identityKey),
  );
  const ours = safetyNumber(local, remote);
  expect(ours.displayable).toBe(theirs.displayableFingerprint().toString());
  expect(toHex(ours.scannable)).toBe(toHex(theirs.scannableFingerprint().toBuffer()));
});

describe('with the official package, a few iterations', () => {
  test('any names and keys', () => {
    const key = fc.constantFrom(...Array.from({ length: 6 }, () => generateKeyPair(systemRandom).publicKey));
    const owner = fc.record({ id: fc.uint8Array({ maxLength: 60 }), identityKey: key });
    const publicKey = (bytes: Uint8Array) => official.PublicKey.deserialize(new Uint8Array(bytes));
    fc.assert(
      fc.property(owner, owner, fc.integer({ min: 2, max: 8 }), fc.nat(300), (a, b, iterations, version) => {
        const theirs = official.Fingerprint.new(
          iterations,
          version,
          new Uint8Array(a.id),
          publicKey(a.identityKey),
          new Uint8Array(b.id),
          publicKey(b.identityKey),
        );
        const ours = safetyNumber(a, b, { iterations, version });
        expect(ours.displayable).toBe(theirs.displayableFingerprint().toString());
        expect(toHex(ours.scannable)).toBe(toHex(theirs.scannableFingerprint().toBuffer()));
      }),
    );
  });

  test('every changed bit of a scanned code gets the same answer', () => {
    const [a, b] = [fresh('a'), fresh('b')];
    const mine = safetyNumber(a, b, quick).scannable;
    const scanned = safetyNumber(b, a, quick).scannable;
    const answer = (compare: () => boolean) => {
      try {
        return compare();
      } catch {
        return 'error';
      }
    };
    const officially = (bytes: Uint8Array) =>
      answer(() =>
        official.ScannableFingerprint._fromBuffer(new Uint8Array(mine)).compare(
          official.ScannableFingerprint._fromBuffer(new Uint8Array(bytes)),
        ),
      );
    const differing: number[] = [];
    for (let bit = 0; bit < 8 * scanned.length; bit += 1) {
      const changed = flipBit(scanned, bit);
      const ours = answer(() => compareScannable(mine, changed));
      if (ours !== officially(changed)) differing.push(bit);
      if (ours === 'error')
        expect(errorCodeOf(() => compareScannable(mine, changed))).toBe('invalid-fingerprint');
      expect(ours).not.toBe(true);
    }
    expect(differing).toEqual([]);
    expect(officially(scanned)).toBe(true);
  });
});

describe('a scanned code', () => {
  const [a, b, c] = [fresh('a'), fresh('b'), fresh('c')];
  const mine = safetyNumber(a, b, quick).scannable;

  test('of another pair is false', () => {
    expect(compareScannable(mine, safetyNumber(b, c, quick).scannable)).toBe(false);
    expect(compareScannable(mine, safetyNumber(c, a, quick).scannable)).toBe(false);
    expect(compareScannable(mine, mine)).toBe(false);
  });

  test('that is cut short, empty or nonsense is an error', () => {
    const scanned = safetyNumber(b, a, quick).scannable;
    for (let length = 0; length < scanned.length; length += 1)
      expectCode('invalid-fingerprint', () => compareScannable(mine, scanned.subarray(0, length)));
    expectCode('invalid-fingerprint', () => compareScannable(mine, ascii('https://example.org')));
    expectCode('invalid-fingerprint', () => compareScannable(new Uint8Array(0), scanned));
  });
});

test('an identity key of a wrong form is refused', () => {
  const wrong = { id: ascii('x'), identityKey: concat(Uint8Array.of(4), new Uint8Array(32)) };
  expectCode('invalid-key', () => safetyNumber(wrong, fresh('y'), quick));
  expectCode('invalid-key', () => safetyNumber(fresh('y'), wrong, quick));
});
