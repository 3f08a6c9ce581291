import { describe, expect, test } from 'vitest';
import { ascii, concat } from '../bytes.ts';
import { agree } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import { decapsulate } from '../kyber1024.ts';
import { bytesField, decodeFields, uint32Field } from '../protobuf.ts';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import { fromHex, loadVectors, recordedRandom, toHex } from '../testing/vectors.model.ts';
import { encodeSpqr, receive, stored } from './spqr-pair.model.ts';
import { initSpqr, sendSpqr, type SpqrState } from './spqr.ts';

/** The post-quantum layer alone of conversations between two instances of the official package. */

type PartyName = 'alice' | 'bob';
type Transcript = {
  parties: Record<
    PartyName,
    { identityPrivate: string; signedPreKeyPrivate: string; preKeyPrivate: string; kyberPreKeySecret: string }
  >;
  messages: { from: PartyName; type: 2 | 3; body: string }[];
  ops: {
    party: PartyName;
    op: 'processBundle' | 'encrypt' | 'decrypt';
    message: number;
    result?: 'ok' | 'refused';
    reason?: string;
    random?: string[];
    patch?: { offset: number; xor: number }[];
    trace?: { spqrKey?: string; pqrKey?: string };
    after?: { spqrState: string; spqrEpoch: number; spqrChainEpoch: number; spqrSendEpoch: number };
  }[];
};

/** Without its version byte. */
const fieldsOf = (body: Uint8Array) => decodeFields(body.subarray(1));

/** Field 5 of a message; a first message has it inside field 4. */
const spqrMessageOf = (body: Uint8Array, type: 2 | 3): Uint8Array => {
  const message = type === 3 ? bytesField(fieldsOf(body), 4)! : body;
  return bytesField(fieldsOf(message.subarray(0, -8)), 5)!;
};

/** As the responder finds it from the first message. */
const pqrKeyOf = (
  { identityPrivate, signedPreKeyPrivate, preKeyPrivate, kyberPreKeySecret }: Transcript['parties']['bob'],
  firstBody: Uint8Array,
): Uint8Array => {
  const fields = fieldsOf(firstBody);
  const baseKey = bytesField(fields, 2)!;
  const signedPreKey = fromHex(signedPreKeyPrivate);
  const secret = concat(
    new Uint8Array(32).fill(0xff),
    agree(signedPreKey, bytesField(fields, 3)!),
    agree(fromHex(identityPrivate), baseKey),
    agree(signedPreKey, baseKey),
    uint32Field(fields, 1) === undefined ? new Uint8Array() : agree(fromHex(preKeyPrivate), baseKey),
    decapsulate(fromHex(kyberPreKeySecret), bytesField(fields, 8)!),
  );
  return hkdf(null, secret, ascii('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024'), 96).slice(64);
};

const patched = (body: Uint8Array, patch: { offset: number; xor: number }[] = []): Uint8Array => {
  const copy = body.slice();
  for (const { offset, xor } of patch) copy[offset]! ^= xor;
  return copy;
};

describe.each(['basic', 'no-one-time-prekey', 'bursts', 'chaos'])('transcript %s', (name) => {
  const { parties, messages, ops } = loadVectors(`transcript-${name}`) as Transcript;
  const bodies = messages.map(({ body }) => fromHex(body));
  const initiator = messages[0]!.from;
  const pqrKey = pqrKeyOf(parties[initiator === 'alice' ? 'bob' : 'alice'], bodies[0]!);

  test('sends the same bytes and finds the same keys', () => {
    const states: Record<PartyName, SpqrState> = {
      alice: initSpqr(pqrKey, initiator === 'alice' ? 'a-to-b' : 'b-to-a'),
      bob: initSpqr(pqrKey, initiator === 'bob' ? 'a-to-b' : 'b-to-a'),
    };
    const keys: string[] = [];
    for (const { party, op, message, result, reason, random, patch, trace, after } of ops) {
      if (op === 'processBundle') {
        if (trace?.pqrKey) expect(toHex(pqrKey)).toBe(trace.pqrKey);
        continue;
      }
      const { type } = messages[message]!;
      if (op === 'encrypt') {
        const draws = recordedRandom(...random!);
        const sent = sendSpqr(states[party], draws);
        expect(draws.left()).toBe(0);
        expect(toHex(sent.message)).toBe(toHex(spqrMessageOf(bodies[message]!, type)));
        keys[message] = toHex(sent.key);
        states[party] = stored(sent.state);
      } else if (result === 'ok') {
        const received = receive(states[party], spqrMessageOf(patched(bodies[message]!, patch), type));
        expect(toHex(received.key!)).toBe(keys[message]);
        states[party] = stored(received.state);
      } else {
        const before = toHex(encodeSpqr(states[party]));
        const code = errorCodeOf(() =>
          receive(states[party], spqrMessageOf(patched(bodies[message]!, patch), type)),
        );
        // The rest is refused by the layers above.
        if (reason?.startsWith('spqr') === true) expect(code).toBe('invalid-message');
        else expect([null, 'invalid-message']).toContain(code);
        expect(toHex(encodeSpqr(states[party]))).toBe(before);
      }
      if (trace?.spqrKey) expect(keys[message]).toBe(trace.spqrKey);
      if (after) {
        const { braid, chains } = states[party];
        expect({
          spqrState: braid.kind,
          spqrEpoch: braid.epoch,
          spqrChainEpoch: chains.currentEpoch,
          spqrSendEpoch: chains.sendEpoch,
        }).toEqual({
          spqrState: after.spqrState,
          spqrEpoch: after.spqrEpoch,
          spqrChainEpoch: after.spqrChainEpoch,
          spqrSendEpoch: after.spqrSendEpoch,
        });
      }
    }
  });
});
