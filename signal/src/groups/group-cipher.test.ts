import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascii, concat } from '../bytes.ts';
import { generateKeyPair } from '../curve.ts';
import { systemRandom } from '../random.ts';
import { takeSeed } from '../session/receiving-chain.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { flipBit, recordedRandom } from '../testing/vectors.model.ts';
import { decodeDistribution, encodeDistribution } from './distribution-message.ts';
import {
  createDistribution,
  decryptGroup,
  encryptGroup,
  processDistribution,
  readDistributionId,
  readGroupDistributionId,
} from './group-cipher.ts';
import { newMember, type Member } from './member.model.ts';
import { decodeSenderKeyMessage } from './sender-key-message.ts';
import { decodeSenderKeyRecord } from './sender-key-record.ts';
import type { SenderKeyRecord } from './sender-key-state.ts';

const distributionId = Uint8Array.from({ length: 16 }, (_, index) => 16 * index);
const text = (index: number) => ascii(`letter ${index}`);

const newPair = (): { sender: Member; receiver: Member } => {
  const [sender, receiver] = [newMember(), newMember()];
  receiver.process(sender.distribution(distributionId));
  return { sender, receiver };
};

/** The newest chain of a sender moved on, without the messages in between. */
const movedTo = (record: SenderKeyRecord, iteration: number): SenderKeyRecord => {
  const [state, ...others] = record.states;
  const { chain } = iteration === 0 ? state! : takeSeed(state!.chain, iteration - 1);
  return { ...record, states: [{ ...state!, chain }, ...others] };
};

/** The newest chain of a sender at a counter that was not walked to. */
const claimedAt = (record: SenderKeyRecord, counter: number): SenderKeyRecord => {
  const [state] = record.states;
  return { ...record, states: [{ ...state!, chain: { ...state!.chain, counter } }] };
};

const newRecord = () => createDistribution(null, distributionId, systemRandom).record;
const distributionOf = (record: SenderKeyRecord) =>
  createDistribution(record, distributionId, systemRandom).message;

describe('one sender, one receiver', () => {
  test('any order is read, once each', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(11), { maxLength: 30 }),
        fc.uint8Array({ maxLength: 100 }),
        (order, plaintext) => {
          const { sender, receiver } = newPair();
          const bodies = Array.from({ length: 12 }, () => sender.encrypt(plaintext));
          const read = new Set<number>();
          for (const index of order) {
            const before = receiver.stored();
            if (read.has(index)) {
              expectCode('duplicate-message', () => receiver.decrypt(bodies[index]!));
              expect(receiver.stored()).toEqual(before);
            } else {
              expect(receiver.decrypt(bodies[index]!)).toEqual(plaintext);
              read.add(index);
            }
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test('who joins later reads what is sent from then on', () => {
    const { sender, receiver } = newPair();
    const early = sender.encrypt(text(0));
    const late = newMember();
    late.process(sender.distribution(distributionId));
    const next = sender.encrypt(text(1));
    expectCode('duplicate-message', () => late.decrypt(early));
    expect(late.decrypt(next)).toEqual(text(1));
    expect(receiver.decrypt(next)).toEqual(text(1));
    expect(receiver.decrypt(early)).toEqual(text(0));
  });

  test('no two messages have a key in common', () => {
    const { sender } = newPair();
    const bodies = Array.from({ length: 40 }, () => sender.encrypt(text(7)));
    const ciphertexts = bodies.map((body) => decodeSenderKeyMessage(body).ciphertext.join());
    expect(new Set(ciphertexts).size).toBe(40);
  });

  test('the caller learns which record is needed', () => {
    const { sender } = newPair();
    expect(readDistributionId(sender.distribution(distributionId))).toEqual(distributionId);
    expect(readGroupDistributionId(sender.encrypt(text(0)))).toEqual(distributionId);
  });

  test('an operation leaves its record as it was', () => {
    const { record } = createDistribution(null, distributionId, systemRandom);
    const [before] = structuredClone([record]);
    const first = encryptGroup(record, text(0), systemRandom);
    const other = processDistribution(null, createDistribution(record, distributionId, systemRandom).message);
    const otherBefore = structuredClone(other);
    decryptGroup(other, first.body);
    expect(record).toEqual(before);
    expect(other).toEqual(otherBefore);
    const second = encryptGroup(first.record, text(1), systemRandom);
    const jumped = structuredClone(decryptGroup(other, second.body).record);
    expect(decryptGroup(jumped, first.body).plaintext).toEqual(text(0));
  });

  test('a new chain draws its id, its key and its signing key', () => {
    const random = recordedRandom('ffffffff', '22'.repeat(32), '33'.repeat(32));
    const { chainId, chainKey } = decodeDistribution(
      createDistribution(null, distributionId, random).message,
    );
    expect(random.left()).toBe(0);
    expect(chainId).toBe(0x7fff_ffff);
    expect(chainKey).toEqual(new Uint8Array(32).fill(0x22));
  });
});

describe('refused, and nothing changes', () => {
  const { sender, receiver } = newPair();
  sender.encrypt(text(0));
  const body = sender.encrypt(text(1));

  const refuse = (changed: Uint8Array) => {
    const before = receiver.stored();
    const code = errorCodeOf(() => receiver.decrypt(changed));
    expect(['invalid-message', 'no-sender-key']).toContain(code);
    expect(receiver.stored()).toEqual(before);
  };

  test('every byte changed in one bit', () => {
    // The low half of the version byte is under the signature too.
    for (let index = 0; index < body.length; index += 1) refuse(flipBit(body, 8 * index + (index % 8)));
  });

  test('every length cut short, and a byte more', () => {
    for (let length = 0; length < body.length; length += 1) refuse(body.subarray(0, length));
    refuse(concat(body, Uint8Array.of(0)));
    refuse(concat(Uint8Array.of(0x33), body));
  });

  test('by another sender of the same distribution', () => {
    const stranger = newMember();
    stranger.distribution(distributionId);
    expectCode('no-sender-key', () => receiver.decrypt(stranger.encrypt(text(0))));
  });

  test('without a record', () => {
    expectCode('no-sender-key', () => decryptGroup(null, body));
  });

  test('another distribution', () => {
    const otherId = new Uint8Array(16).fill(9);
    const other = newMember();
    const distribution = other.distribution(otherId);
    expectCode('no-sender-key', () => receiver.decrypt(other.encrypt(text(0))));
    expectCode('invalid-message', () => receiver.process(distribution));
  });

  test('the untouched message is read afterwards', () => {
    expect(receiver.decrypt(body)).toEqual(text(1));
  });

  test('sending with keys of another device', () => {
    const record = decodeSenderKeyRecord(receiver.stored()!);
    expectCode('no-sender-key', () => encryptGroup(record, text(0), systemRandom));
  });

  test('giving away the chain of another sender, alone or in front of an own one', () => {
    const { record } = createDistribution(null, distributionId, systemRandom);
    const foreign = sender.distribution(distributionId);
    for (const holding of [processDistribution(null, foreign), processDistribution(record, foreign)])
      expectCode('no-sender-key', () => createDistribution(holding, distributionId, systemRandom));
  });

  test('a distribution id of a wrong length or of another record', () => {
    expectCode('invalid-argument', () => createDistribution(null, new Uint8Array(15), systemRandom));
    const { record } = createDistribution(null, distributionId, systemRandom);
    expectCode('invalid-argument', () => createDistribution(record, new Uint8Array(16), systemRandom));
  });
});

describe('a distribution message', () => {
  const { sender } = newPair();
  const message = sender.distribution(distributionId);
  const fields = decodeDistribution(message);

  test('is refused when it is cut short or of another version', () => {
    for (let length = 0; length < message.length; length += 1)
      expectCode('invalid-message', () => decodeDistribution(message.subarray(0, length)));
    for (const version of [0x23, 0x43, 0x03])
      expectCode('invalid-message', () =>
        decodeDistribution(concat(Uint8Array.of(version), message.subarray(1))),
      );
    expect(decodeDistribution(concat(Uint8Array.of(0x3f), message.subarray(1)))).toEqual(fields);
  });

  test.each([
    { distributionId: new Uint8Array(15) },
    { distributionId: new Uint8Array(17) },
    { chainKey: new Uint8Array(31) },
    { chainKey: new Uint8Array(33) },
    { signingKey: fields.signingKey.subarray(0, 32) },
    { signingKey: concat(fields.signingKey, Uint8Array.of(0)) },
    { signingKey: flipBit(fields.signingKey, 0) },
    { chainId: 0x1_0000_0000 },
    { iteration: 0x1_0000_0000 },
  ])('is refused with %o', (wrong) => {
    expectCode('invalid-message', () => decodeDistribution(encodeDistribution({ ...fields, ...wrong })));
  });

  test('takes any 32 bits as chain id and iteration', () => {
    const most = { ...fields, chainId: 0xffff_ffff, iteration: 0xffff_ffff };
    expect(decodeDistribution(encodeDistribution(most))).toEqual(most);
  });
});

describe('limits', () => {
  test('25,000 messages may be skipped, not 25,001; the newest 2,000 of them are read', () => {
    const record = newRecord();
    const bodyAt = (iteration: number) =>
      encryptGroup(movedTo(record, iteration), text(iteration), systemRandom).body;
    const receiver = newMember();
    receiver.process(distributionOf(record));
    const before = receiver.stored();
    expectCode('invalid-message', () => receiver.decrypt(bodyAt(25_001)));
    expect(receiver.stored()).toEqual(before);
    expect(receiver.decrypt(bodyAt(25_000))).toEqual(text(25_000));
    expectCode('duplicate-message', () => receiver.decrypt(bodyAt(22_999)));
    for (const iteration of [23_000, 24_999, 25_001])
      expect(receiver.decrypt(bodyAt(iteration))).toEqual(text(iteration));
  });

  test('each further gap takes the oldest keys away', () => {
    const record = newRecord();
    const bodyAt = (iteration: number) =>
      encryptGroup(movedTo(record, iteration), text(iteration), systemRandom).body;
    const receiver = newMember();
    receiver.process(distributionOf(record));
    receiver.decrypt(bodyAt(1_999));
    receiver.decrypt(bodyAt(2_001));
    expect(receiver.decrypt(bodyAt(0))).toEqual(text(0));
    receiver.decrypt(bodyAt(2_004));
    expectCode('duplicate-message', () => receiver.decrypt(bodyAt(1)));
    expect(receiver.decrypt(bodyAt(2))).toEqual(text(2));
    expect(receiver.decrypt(bodyAt(2_000))).toEqual(text(2_000));
  });

  test('a chain ends before its counter leaves 32 bits', () => {
    const last = claimedAt(newRecord(), 0xffff_fffe);
    const receiver = newMember();
    receiver.process(distributionOf(last));
    const { record, body } = encryptGroup(last, text(0), systemRandom);
    expect(receiver.decrypt(body)).toEqual(text(0));
    expectCode('no-sender-key', () => encryptGroup(record, text(1), systemRandom));
  });

  test('five chains of a sender are known, the oldest goes first', () => {
    const senders = Array.from({ length: 6 }, newRecord);
    const bodies = senders.map((record, index) => encryptGroup(record, text(index), systemRandom).body);
    const receiver = newMember();
    for (const record of senders.slice(0, 5)) receiver.process(distributionOf(record));
    expect(receiver.decrypt(bodies[0]!)).toEqual(text(0));
    receiver.process(distributionOf(senders[5]!));
    expectCode('no-sender-key', () => receiver.decrypt(bodies[0]!));
    for (const index of [1, 2, 3, 4, 5]) expect(receiver.decrypt(bodies[index]!)).toEqual(text(index));
  });

  test('a distribution seen again moves its chain to the front, and does not rewind it', () => {
    const senders = Array.from({ length: 6 }, newRecord);
    const receiver = newMember();
    for (const record of senders.slice(0, 5)) receiver.process(distributionOf(record));
    const first = encryptGroup(senders[0]!, text(0), systemRandom);
    receiver.decrypt(first.body);
    receiver.process(distributionOf(senders[0]!));
    receiver.process(distributionOf(senders[5]!));
    expectCode('duplicate-message', () => receiver.decrypt(first.body));
    const next = encryptGroup(first.record, text(1), systemRandom);
    expect(receiver.decrypt(next.body)).toEqual(text(1));
    const dropped = encryptGroup(senders[1]!, text(2), systemRandom);
    expectCode('no-sender-key', () => receiver.decrypt(dropped.body));
  });

  test('the same chain id with another signing key replaces the chain', () => {
    const record = newRecord();
    const { privateKey } = generateKeyPair(systemRandom);
    const [state] = record.states;
    const imposter = { ...record, states: [{ ...state!, signingKey: { isOwn: true, privateKey } as const }] };
    const receiver = newMember();
    receiver.process(distributionOf(record));
    receiver.process(distributionOf(imposter));
    const [ours, theirs] = [record, imposter].map((of) => encryptGroup(of, text(3), systemRandom).body);
    expectCode('invalid-message', () => receiver.decrypt(ours!));
    expect(receiver.decrypt(theirs!)).toEqual(text(3));
    expect(decodeSenderKeyRecord(receiver.stored()!).states.length).toBe(1);
  });

  test('a sender who takes its own distribution keeps its private key and its place', () => {
    const record = newRecord();
    const { record: moved } = encryptGroup(record, text(0), systemRandom);
    expect(processDistribution(moved, distributionOf(record))).toEqual(moved);
  });
});
