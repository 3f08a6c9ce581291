import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import { toHex } from '../testing/vectors.model.ts';
import { MAX_RECEIVING_CHAINS } from './double-ratchet.ts';
import { readPreKeyMessage } from './pre-key-message.ts';
import { strangers, type Message, type Peer } from './peer.model.ts';

/**
 * Whatever is lost, late, doubled or changed on the way, in however many sessions: what is sent is read as it was
 * written, and once. No two messages are encrypted with one key.
 */

const usedKeys = vi.hoisted((): string[] => []);

vi.mock(import('../aes-cbc.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    encryptCbc: (key, iv, plaintext) => {
      usedKeys.push(`${toHex(key)} ${toHex(iv)}`);
      return original.encryptCbc(key, iv, plaintext);
    },
  };
});

beforeEach(() => {
  usedKeys.length = 0;
});

type Step = {
  readonly kind: 'send' | 'start' | 'archive' | 'deliver' | 'repeat' | 'lose' | 'change';
  /** Who does it. */
  readonly by: 0 | 1;
  /** Which of the messages on their way. */
  readonly which: number;
};

/** A message on its way. */
type Sent = {
  readonly message: Message;
  readonly text: string;
  readonly baseKey: string;
  readonly ratchetKey: string;
  wasRead: boolean;
};

/** One of the two sides, with what a model of the protocol expects of it. */
class Side {
  readonly peer: Peer;
  readonly sent: Sent[] = [];
  readCount = 0;
  /** Ratchet keys of the other side by session, in the order in which they came. */
  readonly #seen = new Map<string, string[]>();

  constructor(peer: Peer) {
    this.peer = peer;
  }

  seenIn(baseKey: string): string[] {
    const seen = this.#seen.get(baseKey) ?? [];
    this.#seen.set(baseKey, seen);
    return seen;
  }

  start(other: Side): void {
    this.peer.start(other.peer, false);
    this.seenIn(toHex(this.peer.record.current!.baseKey)).push('the signed pre-key');
  }

  send(other: Side, text: string): void {
    if (this.peer.record.current === null) this.start(other);
    const { baseKey, ratchet } = this.peer.record.current!;
    const ratchetKey = toHex(ratchet.sending.ratchetKey.publicKey);
    const message = this.peer.send(other.peer, text);
    this.sent.push({ message, text, baseKey: toHex(baseKey), ratchetKey, wasRead: false });
  }

  receive(other: Side, sent: Sent): void {
    const seen = this.seenIn(sent.baseKey);
    const isTooOld =
      seen.includes(sent.ratchetKey) && !seen.slice(-MAX_RECEIVING_CHAINS).includes(sent.ratchetKey);
    if (sent.wasRead || isTooOld) {
      this.refuse(other, sent.message);
      return;
    }
    expect(this.peer.read(other.peer, sent.message)).toBe(sent.text);
    sent.wasRead = true;
    this.readCount += 1;
    if (!seen.includes(sent.ratchetKey)) seen.push(sent.ratchetKey);
  }

  refuse(other: Side, message: Message): void {
    const before = this.peer.stored;
    expect(errorCodeOf(() => this.peer.read(other.peer, message))).not.toBe(null);
    expect(this.peer.stored).toBe(before);
  }
}

/** Only the MAC: not every other byte of a first message counts when its session is known. */
const withWrongMac = ({ type, body }: Message, which: number): Message => {
  const inner = type === 'message' ? body : readPreKeyMessage(body).message;
  const end = Buffer.from(body).indexOf(inner) + inner.length;
  const at = end - 1 - (which % 8);
  return { type, body: body.with(at, body[at]! ^ (1 << (which % 7))) };
};

const take = (self: Side, other: Side, { kind, which }: Step): void => {
  if (kind === 'send') self.send(other, `text ${usedKeys.length}`);
  else if (kind === 'start') self.start(other);
  else if (kind === 'archive') self.peer.archive();
  else {
    const index = which % Math.max(1, other.sent.length);
    const sent = other.sent[index];
    if (sent === undefined) return;
    if (kind === 'change') self.refuse(other, withWrongMac(sent.message, which));
    else if (kind !== 'lose') self.receive(other, sent);
    if (kind === 'lose' || kind === 'deliver') other.sent.splice(index, 1);
  }
};

const kinds = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step['kind']>('send') },
  { weight: 8, arbitrary: fc.constant<Step['kind']>('deliver') },
  { weight: 2, arbitrary: fc.constantFrom<Step['kind'][]>('repeat', 'lose', 'change') },
  { weight: 1, arbitrary: fc.constantFrom<Step['kind'][]>('start', 'archive') },
);
const steps = fc.array(
  fc.record<Step>({ kind: kinds, by: fc.constantFrom(0, 1), which: fc.nat({ max: 1000 }) }),
  { minLength: 20, maxLength: 120, size: 'max' },
);

test('any interleaving of sending, loss, delay, repetition, damage and new sessions', () => {
  let read = 0;
  fc.assert(
    fc.property(steps, (script) => {
      usedKeys.length = 0;
      const { alice, bob } = strangers();
      const sides = [new Side(alice), new Side(bob)] as const;
      for (const step of script) take(sides[step.by], sides[1 - step.by]!, step);
      for (const side of sides) {
        const other = sides[side === sides[0] ? 1 : 0];
        for (const sent of other.sent) side.receive(other, sent);
        read += side.readCount;
      }
      expect(new Set(usedKeys).size).toBe(usedKeys.length);
    }),
    { numRuns: 12 },
  );
  expect(read).toBeGreaterThan(100);
});
