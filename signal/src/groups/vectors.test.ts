import { describe, expect, test } from 'vitest';
import { keyPairOf } from '../curve.ts';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import { fromHex, loadVectors, recordedRandom, toHex } from '../testing/vectors.model.ts';
import { decodeDistribution, encodeDistribution } from './distribution-message.ts';
import { createDistribution, encryptGroup } from './group-cipher.ts';
import { newMember } from './member.model.ts';
import type { SenderKeyRecord } from './sender-key-state.ts';

type SenderKeyVectors = {
  distributionId: string;
  senderState: {
    chainId: number;
    iteration: number;
    chainKey: string;
    signingPublic: string;
    signingPrivate: string;
  };
  distributions: {
    body: string;
    chainId: number;
    iteration: number;
    chainKey: string;
    signingPublic: string;
  }[];
  messages: { plaintext: string; random: string; body: string }[];
  ops: (
    | { receiver: string; op: 'processDistribution'; distribution: number }
    | {
        receiver: string;
        op: 'decrypt';
        message: number;
        patch?: { offset: number; xor: number }[];
        result: 'ok' | 'refused';
        error?: string;
      }
  )[];
};

const vectors = loadVectors('sender-keys') as SenderKeyVectors;
const distributionId = fromHex(vectors.distributionId.replaceAll('-', ''));
const { senderState } = vectors;

const sender: SenderKeyRecord = {
  distributionId,
  states: [
    {
      chainId: senderState.chainId,
      signingKey: { isOwn: true, privateKey: fromHex(senderState.signingPrivate) },
      chain: {
        chainKey: fromHex(senderState.chainKey),
        counter: senderState.iteration,
        skipped: new Uint8Array(0),
      },
    },
  ],
};

const noRandom = recordedRandom();

test('the sender makes these messages and distributions byte for byte', () => {
  let record = sender;
  const distributions = new Map(vectors.distributions.map(({ iteration, body }) => [iteration, body]));
  expect(toHex(keyPairOf(fromHex(senderState.signingPrivate)).publicKey)).toBe(senderState.signingPublic);
  for (const [iteration, { plaintext, random, body }] of vectors.messages.entries()) {
    const expected = distributions.get(iteration);
    if (expected !== undefined)
      expect(toHex(createDistribution(record, distributionId, noRandom).message)).toBe(expected);
    const made = encryptGroup(record, fromHex(plaintext), recordedRandom(random));
    expect(toHex(made.body)).toBe(body);
    record = made.record;
  }
});

test.each(vectors.distributions)('distribution at $iteration', (vector) => {
  const decoded = decodeDistribution(fromHex(vector.body));
  expect(decoded.chainId).toBe(vector.chainId);
  expect(decoded.iteration).toBe(vector.iteration);
  expect(toHex(decoded.chainKey)).toBe(vector.chainKey);
  expect(toHex(decoded.signingKey)).toBe(vector.signingPublic);
  expect(toHex(encodeDistribution(decoded))).toBe(vector.body);
});

describe.each(['bob', 'carol'])('receiver %s', (name) => {
  test('reads and refuses as recorded', () => {
    const member = newMember(noRandom);
    for (const operation of vectors.ops.filter(({ receiver }) => receiver === name)) {
      if (operation.op === 'processDistribution') {
        member.process(fromHex(vectors.distributions[operation.distribution]!.body));
        continue;
      }
      const message = vectors.messages[operation.message]!;
      const body = fromHex(message.body);
      for (const { offset, xor } of operation.patch ?? []) body[offset]! ^= xor;
      if (operation.result === 'ok') {
        expect(toHex(member.decrypt(body))).toBe(message.plaintext);
      } else {
        const before = member.stored();
        const isDuplicate = operation.error?.startsWith('message with old counter') === true;
        const code = isDuplicate ? 'duplicate-message' : 'invalid-message';
        expect(errorCodeOf(() => member.decrypt(body))).toBe(code);
        expect(member.stored()).toEqual(before);
      }
    }
  });
});
