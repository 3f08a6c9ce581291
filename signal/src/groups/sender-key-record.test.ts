import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { generateKeyPair } from '../curve.ts';
import { openRecord, sealRecord } from '../record-seal.ts';
import { systemRandom } from '../random.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { createDistribution, decryptGroup, encryptGroup, processDistribution } from './group-cipher.ts';
import { decodeSenderKeyRecord, encodeSenderKeyRecord } from './sender-key-record.ts';
import type { SenderKeyRecord, SenderKeyState } from './sender-key-state.ts';

const distributionId = new Uint8Array(16).fill(0xd1);

/** Five chains of another device, one with skipped seeds, and the own one of a sender. */
const samples = (): { own: SenderKeyRecord; others: SenderKeyRecord } => {
  let own = createDistribution(null, distributionId, systemRandom).record;
  let others: SenderKeyRecord | null = null;
  for (let count = 0; count < 5; count += 1) {
    const { record, message } = createDistribution(null, distributionId, systemRandom);
    others = processDistribution(others, message);
    own = record;
  }
  own = encryptGroup(
    encryptGroup(own, new Uint8Array(1), systemRandom).record,
    new Uint8Array(1),
    systemRandom,
  ).record;
  const third = encryptGroup(own, new Uint8Array(1), systemRandom);
  return { own: third.record, others: decryptGroup(others, third.body).record };
};

const { own, others } = samples();
const { signingKey: otherKey, chain: otherChain } = others.states[0]!;

describe.each([
  { name: 'own', record: own },
  { name: "another's", record: others },
])('$name record', ({ record }) => {
  const bytes = encodeSenderKeyRecord(record);

  test('is the same when it is read back', () => {
    expect(decodeSenderKeyRecord(bytes)).toEqual(record);
    expect(encodeSenderKeyRecord(decodeSenderKeyRecord(bytes))).toEqual(bytes);
  });

  test('cut short or longer is refused', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expectCode('invalid-record', () => decodeSenderKeyRecord(bytes.subarray(0, length)));
    expectCode('invalid-record', () => decodeSenderKeyRecord(concat(bytes, Uint8Array.of(0))));
  });

  test('of another version is refused', () => {
    for (const version of [0, 2, 255])
      expectCode('invalid-record', () =>
        decodeSenderKeyRecord(sealRecord(openRecord(bytes).with(0, version))),
      );
  });

  test('with any byte changed is refused', () => {
    for (const [offset, byte] of bytes.entries())
      expectCode('invalid-record', () => decodeSenderKeyRecord(bytes.with(offset, byte ^ 0x10)));
  });

  test('written with any byte wrong is refused or written the same way again', () => {
    const content = openRecord(bytes);
    fc.assert(
      fc.property(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), (offset, xor) => {
        const changed = sealRecord(content.with(offset, content[offset]! ^ xor));
        const code = errorCodeOf(() => decodeSenderKeyRecord(changed));
        if (code === null) expect(encodeSenderKeyRecord(decodeSenderKeyRecord(changed))).toEqual(changed);
        else expect(code).toBe('invalid-record');
      }),
      { numRuns: 500 },
    );
  });
});

test("another's record has the skipped seeds of two messages", () => {
  expect(otherChain.skipped.length).toBe(2 * 36);
  expect(otherChain.counter).toBe(3);
});

describe('what no operation makes is refused', () => {
  const withState = (changes: Partial<SenderKeyState>): SenderKeyRecord => ({
    ...others,
    states: [{ ...others.states[0]!, ...changes }],
  });
  const unclamped = generateKeyPair(systemRandom).privateKey.map((byte) => byte | 1);
  const wrong: Record<string, SenderKeyRecord> = {
    'no state': { ...others, states: [] },
    'six states': { ...others, states: [...others.states, { ...others.states[0]!, chainId: 7 }] },
    'a chain id twice': { ...others, states: [others.states[0]!, others.states[0]!] },
    'a private key that is not clamped': withState({ signingKey: { isOwn: true, privateKey: unclamped } }),
    'a public key of another type': withState({
      signingKey: { isOwn: false, publicKey: new Uint8Array(33) },
    }),
    'skipped seeds of messages to come': withState({ chain: { ...otherChain, counter: 1 } }),
    'a part of a seed': withState({ chain: { ...otherChain, skipped: otherChain.skipped.subarray(1) } }),
    'skipped seeds out of order': withState({
      chain: {
        ...otherChain,
        skipped: concat(otherChain.skipped.subarray(36), otherChain.skipped.subarray(0, 36)),
      },
    }),
  };

  test.each(Object.entries(wrong))('%s', (_, record) => {
    expectCode('invalid-record', () => decodeSenderKeyRecord(encodeSenderKeyRecord(record)));
  });

  test('but the same with nothing wrong is read', () => {
    expect(otherKey.isOwn).toBe(false);
    expect(decodeSenderKeyRecord(encodeSenderKeyRecord(withState({})))).toEqual(withState({}));
  });
});
