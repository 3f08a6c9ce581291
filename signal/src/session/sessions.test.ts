import { describe, expect, test } from 'vitest';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { ALICE, BOB, NOW_MS, Peer, acquainted, strangers, textBytes, type Message } from './peer.model.ts';
import { readPreKeyMessage } from './pre-key-message.ts';
import { encodeSessionRecord, MAX_ARCHIVED } from './session-record.ts';
import { canEncrypt, decrypt, encrypt, startSession } from './session.ts';

describe('start', () => {
  test.each([true, false])('texts go both ways (one-time key: %s)', (withOneTime) => {
    const { alice, bob } = strangers();
    alice.start(bob, withOneTime);
    const first = alice.send(bob, 'one');
    const second = alice.send(bob, 'two');
    expect([first.type, second.type]).toEqual(['pre-key-message', 'pre-key-message']);
    expect(readPreKeyMessage(first.body).preKeyId).toBe(withOneTime ? 1 : null);
    expect(bob.read(alice, second)).toBe('two');
    expect(bob.read(alice, first)).toBe('one');
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = bob.send(alice, `answer ${turn}`);
      expect(answer.type).toBe('message');
      expect(alice.read(bob, answer)).toBe(`answer ${turn}`);
      const next = alice.send(bob, `next ${turn}`);
      expect(next.type).toBe('message');
      expect(bob.read(alice, next)).toBe(`next ${turn}`);
    }
  });

  test('what the other side needs goes along until it has answered', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    expect(alice.record.current?.pending).not.toBe(null);
    bob.read(alice, alice.send(bob, 'one'));
    expect(alice.send(bob, 'two').type).toBe('pre-key-message');
    alice.read(bob, bob.send(alice, 'answer'));
    expect(alice.record.current?.pending).toBe(null);
    expect(alice.send(bob, 'three').type).toBe('message');
  });

  test('a refused answer does not count', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    bob.read(alice, alice.send(bob, 'one'));
    const answer = bob.send(alice, 'answer');
    const changed = { ...answer, body: answer.body.with(-1, answer.body.at(-1)! ^ 1) };
    expectCode('invalid-message', () => alice.read(bob, changed));
    expect(alice.send(bob, 'two').type).toBe('pre-key-message');
  });

  test('a bundle of another device, or with a wrong signature, starts nothing', () => {
    const { alice, bob } = strangers();
    const bundle = bob.bundle(true);
    const start = (changed: typeof bundle) => () =>
      startSession(alice.local, BOB, alice.record, changed, NOW_MS);
    expectCode('invalid-bundle', start({ ...bundle, deviceId: 3 }));
    for (const key of ['signedPreKey', 'kyberPreKey'] as const) {
      const { signature } = bundle[key];
      for (const index of [0, 31, 32, 62]) {
        const wrong = { ...bundle[key], signature: signature.with(index, signature[index]! ^ 1) };
        expectCode('invalid-bundle', start({ ...bundle, [key]: wrong }));
      }
    }
    expectCode('invalid-bundle', start({ ...bundle, identityKey: alice.local.identity.publicKey }));
  });

  test('a one-time key of small order starts nothing', () => {
    const { alice, bob } = strangers();
    const publicKey = new Uint8Array(33).with(0, 5);
    const bundle = { ...bob.bundle(true), preKey: { id: 1, publicKey } };
    expectCode('invalid-bundle', () => startSession(alice.local, BOB, null, bundle, NOW_MS));
  });

  test.each([-1, Number.NaN, Infinity])('a start at %d ms is refused', (nowMs) => {
    const { alice, bob } = strangers();
    const bundle = bob.bundle(false);
    expectCode('invalid-argument', () => startSession(alice.local, BOB, null, bundle, nowMs));
  });
});

describe('pre-keys', () => {
  test('are not asked for when the session is known', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    const messages = ['one', 'two', 'three'].map((text) => alice.send(bob, text));
    expect(bob.read(alice, messages[1]!)).toBe('two');
    const nothing = () => {
      throw new Error('asked for a key');
    };
    bob.lookup = { preKey: nothing, signedPreKey: nothing, kyberPreKey: nothing, isUsed: nothing };
    expect(bob.read(alice, messages[0]!)).toBe('one');
    bob.archive();
    expect(bob.read(alice, messages[2]!)).toBe('three');
  });

  test.each(['preKey', 'signedPreKey', 'kyberPreKey'] as const)('without the %s nothing is read', (key) => {
    const { alice, bob } = strangers();
    alice.start(bob);
    const message = alice.send(bob, 'one');
    const before = bob.stored;
    bob.lookup = { ...bob.lookup, [key]: () => undefined };
    expectCode('unknown-pre-key', () => bob.read(alice, message));
    expect(bob.stored).toBe(before);
  });

  test.each([true, false])('an old first message starts nothing again (one-time key: %s)', (withOneTime) => {
    const { alice, bob } = strangers();
    const blank = bob.stored;
    alice.start(bob, withOneTime);
    const first = alice.send(bob, 'one');
    bob.read(alice, first);
    bob.stored = blank;
    expectCode(withOneTime ? 'unknown-pre-key' : 'invalid-message', () => bob.read(alice, first));
    expect(bob.stored).toBe(blank);
  });

  test('the handshake is named in full', () => {
    const { alice, bob } = strangers();
    alice.start(bob, false);
    const message = alice.send(bob, 'one');
    const { baseKey } = readPreKeyMessage(message.body);
    const asked: unknown[] = [];
    bob.lookup = { ...bob.lookup, isUsed: (handshake) => asked.push(handshake) === 0 };
    bob.read(alice, message);
    expect(asked).toEqual([{ preKeyId: null, signedPreKeyId: 11, kyberPreKeyId: 33, baseKey }]);
  });

  test('the identity of a known session cannot be changed in the wrapper', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    bob.read(alice, alice.send(bob, 'one'));
    const { body } = alice.send(bob, 'two');
    const at = Buffer.from(body).indexOf(alice.local.identity.publicKey);
    const changed = body.slice();
    changed.set(bob.local.identity.publicKey, at);
    expectCode('invalid-message', () => bob.read(alice, { type: 'pre-key-message', body: changed }));
    expect(bob.read(alice, { type: 'pre-key-message', body })).toBe('two');
  });
});

describe('refusal', () => {
  const allRefused = (reader: Peer, from: Peer, changed: readonly Message[]): void => {
    const before = reader.stored;
    for (const message of changed) {
      expect(errorCodeOf(() => reader.read(from, message))).toMatch(/^(invalid-message|unknown-pre-key)$/);
    }
    expect(reader.stored).toBe(before);
  };
  const withChangedByte = ({ type, body }: Message, index: number): Message => ({
    type,
    body: body.with(index, body[index]! ^ (1 << (index % 8))),
  });
  const cutOff = ({ type, body }: Message): Message[] =>
    Array.from(body, (_, length) => ({ type, body: body.slice(0, length) }));

  test('every byte of a message changed, and every length cut off', () => {
    const { alice, bob } = acquainted();
    const message = alice.send(bob, 'the one and only');
    const lowVersion = 0;
    const changed = Array.from(message.body, (_, index) => withChangedByte(message, index));
    allRefused(bob, alice, [...changed.filter((_, index) => index !== lowVersion), ...cutOff(message)]);
    const otherVersion = { ...message, body: message.body.with(0, 0x34) };
    const otherLowVersion = { ...message, body: message.body.with(0, 0x45) };
    allRefused(bob, alice, [otherVersion, otherLowVersion]);
    expect(bob.read(alice, message)).toBe('the one and only');
  });

  test('every byte of a first message changed, and lengths cut off', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    const message = alice.send(bob, 'first');
    const { registrationId } = readPreKeyMessage(message.body);
    const isRegistrationId = ({ body }: Message): boolean => {
      try {
        return readPreKeyMessage(body).registrationId !== registrationId;
      } catch {
        return false;
      }
    };
    const changed = Array.from(message.body, (_, index) => withChangedByte(message, index))
      .filter((_, index) => index !== 0)
      .filter((changedMessage) => !isRegistrationId(changedMessage));
    expect(changed.length).toBeGreaterThan(message.body.length - 6);
    allRefused(bob, alice, [...changed.filter((_, index) => index % 5 === 0), ...cutOff(message)]);
    expect(bob.read(alice, message)).toBe('first');
  });

  test('a message of one type as the other', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    const first = alice.send(bob, 'first');
    expectCode('invalid-message', () => bob.read(alice, { ...first, type: 'message' }));
    bob.read(alice, first);
    const answer = bob.send(alice, 'answer');
    expectCode('invalid-message', () => alice.read(bob, { ...answer, type: 'pre-key-message' }));
    expect(alice.read(bob, answer)).toBe('answer');
  });

  test('a message that was read is a duplicate, at once and later', () => {
    const { alice, bob } = acquainted();
    const message = alice.send(bob, 'once');
    bob.read(alice, message);
    expectCode('duplicate-message', () => bob.read(alice, message));
    alice.read(bob, bob.send(alice, 'more'));
    bob.read(alice, alice.send(bob, 'and more'));
    const before = bob.stored;
    expectCode('duplicate-message', () => bob.read(alice, message));
    expect(bob.stored).toBe(before);
  });

  test('a refused copy of a late message leaves its keys where they are, also in memory', () => {
    const { alice, bob } = acquainted();
    const late = alice.send(bob, 'late');
    bob.read(alice, alice.send(bob, 'in time'));
    const { record } = bob;
    const wrong = late.body.with(-1, late.body.at(-1)! ^ 1);
    expectCode('invalid-message', () => decrypt(bob.local, ALICE, record, wrong));
    expect(encodeSessionRecord(record)).toEqual(bob.stored);
    expect(decrypt(bob.local, ALICE, record, late.body).plaintext).toEqual(textBytes('late'));
    expect(decrypt(bob.local, ALICE, record, late.body).plaintext).toEqual(textBytes('late'));
    expect(encodeSessionRecord(record)).toEqual(bob.stored);
  });

  test('an own message sent back', () => {
    const { alice, bob } = acquainted();
    expectCode('invalid-message', () => alice.read(bob, alice.send(bob, 'mirror')));
  });
});

describe('trust', () => {
  const nobody = { isTrusted: () => false };

  test('is asked before a start, before a first message is read and before anything is given out', () => {
    const { alice, bob } = strangers();
    const bundle = bob.bundle(true);
    const { local } = alice;
    expectCode('untrusted-identity', () => startSession(local, BOB, null, bundle, NOW_MS, undefined, nobody));
    alice.start(bob);
    const { record } = alice;
    const text = textBytes('one');
    expectCode('untrusted-identity', () => encrypt(local, BOB, record, text, NOW_MS, undefined, nobody));
    const first = alice.send(bob, 'one');
    expectCode('untrusted-identity', () => bob.read(alice, first, undefined, nobody));
    expect(bob.read(alice, first)).toBe('one');
    const answer = bob.send(alice, 'answer');
    expectCode('untrusted-identity', () => alice.read(bob, answer, undefined, nobody));
    expect(alice.read(bob, answer)).toBe('answer');
  });

  test('is asked about the identity that the message is from', () => {
    const { alice, bob } = acquainted();
    const asked: Uint8Array[] = [];
    const options = { isTrusted: (key: Uint8Array) => asked.push(key) > 0 };
    bob.read(alice, alice.send(bob, 'one'), undefined, options);
    expect(asked).toEqual([alice.local.identity.publicKey]);
  });
});

describe('addresses', () => {
  const elsewhere = { name: '11111111-1111-4111-8111-111111111111', deviceId: 1 };

  test.each([
    ['another sender', BOB, elsewhere],
    ['another device of the sender', BOB, { ...ALICE, deviceId: 3 }],
    ['another recipient', elsewhere, ALICE],
    ['another device of the recipient', { ...BOB, deviceId: 1 }, ALICE],
    ['a sender without a service id', BOB, { name: 'alice', deviceId: 1 }],
    ['a recipient without a service id', { name: 'bob', deviceId: 2 }, ALICE],
  ])('a first message delivered with %s is refused', (_, recipient, sender) => {
    const { alice, bob } = strangers();
    alice.start(bob);
    const first = alice.send(bob, 'one');
    expectCode('invalid-message', () => bob.readAs(recipient, sender, first));
    expect(bob.read(alice, first)).toBe('one');
  });

  test('are in first messages only', () => {
    const { alice, bob } = acquainted();
    expect(bob.readAs(elsewhere, elsewhere, alice.send(bob, 'later'))).toBe('later');
  });

  test('are left out when a name is no service id', () => {
    const alice = new Peer({ name: 'alice', deviceId: 1 });
    const bob = new Peer(BOB);
    alice.start(bob);
    expect(bob.readAs(elsewhere, elsewhere, alice.send(bob, 'one'))).toBe('one');
  });
});

describe('more than one session', () => {
  test('both sides start at once, and meet in one session', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    bob.start(alice);
    const [fromAlice, fromBob] = [alice.send(bob, 'from alice'), bob.send(alice, 'from bob')];
    expect(bob.read(alice, fromAlice)).toBe('from alice');
    expect(alice.read(bob, fromBob)).toBe('from bob');
    expect([alice, bob].map(({ record }) => record.archived.length)).toEqual([1, 1]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(alice.read(bob, bob.send(alice, `b${turn}`))).toBe(`b${turn}`);
      expect(bob.read(alice, alice.send(bob, `a${turn}`))).toBe(`a${turn}`);
    }
    const baseKeys = [alice, bob].map(({ record }) => record.current!.baseKey);
    expect(baseKeys[0]).toEqual(baseKeys[1]);
    expect(alice.record.archived).toHaveLength(1);
  });

  test('messages of six sessions are read in any order; the last read one is current', () => {
    const { alice, bob } = strangers();
    const late = ['0', '1', '2', '3', '4', '5'].map((text) => {
      alice.start(bob, text === '3');
      bob.read(alice, alice.send(bob, `start ${text}`));
      alice.read(bob, bob.send(alice, `answer ${text}`));
      return { text, message: alice.send(bob, text), baseKey: alice.record.current!.baseKey };
    });
    for (const index of [2, 0, 5, 1, 4, 3]) {
      const { text, message, baseKey } = late[index]!;
      const { archived } = bob.record;
      expect(bob.read(alice, message)).toBe(text);
      expect(bob.record.current?.baseKey).toEqual(baseKey);
      expect(bob.record.archived).toHaveLength(archived.length);
      expectCode('duplicate-message', () => bob.read(alice, message));
    }
  });

  test('an archived session sends nothing stale when it is current again', () => {
    const { alice, bob } = strangers();
    alice.start(bob);
    bob.read(alice, alice.send(bob, 'one'));
    const answer = bob.send(alice, 'answer');
    alice.start(bob);
    expect(alice.record.archived[0]?.pending).toBe(null);
    alice.read(bob, answer);
    const { type, body } = alice.send(bob, 'two');
    expect(type).toBe('message');
    expect(bob.read(alice, { type, body })).toBe('two');
  });

  test(`${MAX_ARCHIVED} archived ones are kept`, () => {
    const { alice, bob } = strangers();
    const late = Array.from({ length: MAX_ARCHIVED + 2 }, (_, index) => {
      alice.start(bob, false);
      const first = alice.send(bob, `start ${index}`);
      bob.read(alice, first);
      alice.read(bob, bob.send(alice, 'answer'));
      return alice.send(bob, `late ${index}`);
    });
    expect(bob.record.archived).toHaveLength(MAX_ARCHIVED);
    expectCode('invalid-message', () => bob.read(alice, late[0]!));
    expect(bob.read(alice, late[1]!)).toBe('late 1');
    expect(bob.record.archived).toHaveLength(MAX_ARCHIVED);
    expect(bob.read(alice, late.at(-1)!)).toBe(`late ${MAX_ARCHIVED + 1}`);
  });

  test('the widest gap under a new ratchet key is read in the current session, whatever is archived', () => {
    const { alice, bob } = strangers();
    for (let count = 0; count <= MAX_ARCHIVED; count += 1) {
      alice.start(bob, false);
      bob.read(alice, alice.send(bob, 'start'));
    }
    alice.read(bob, bob.send(alice, 'answer'));
    alice.lose(24_999);
    expect(bob.record.archived).toHaveLength(MAX_ARCHIVED);
    expect(bob.read(alice, alice.send(bob, 'after the gap'))).toBe('after the gap');
  });

  test('a gap of 350 under a new ratchet key is read in the oldest of 41 sessions', () => {
    const { alice, bob } = strangers();
    alice.start(bob, false);
    bob.read(alice, alice.send(bob, 'start'));
    alice.read(bob, bob.send(alice, 'answer'));
    alice.lose(350);
    const late = alice.send(bob, 'after the gap');
    for (let count = 0; count < MAX_ARCHIVED; count += 1) {
      alice.start(bob, false);
      bob.read(alice, alice.send(bob, 'start'));
    }
    expect(bob.read(alice, late)).toBe('after the gap');
  });

  test('a record without a session reads and sends nothing', () => {
    const { alice, bob } = acquainted();
    const message = alice.send(bob, 'for later');
    const empty = { current: null, archived: [] };
    expectCode('invalid-message', () => decrypt(bob.local, ALICE, empty, message.body));
    expectCode('no-session', () => encrypt(bob.local, ALICE, empty, textBytes('x'), NOW_MS));
    expect(canEncrypt(empty, NOW_MS)).toBe(false);
    bob.archive();
    expect(canEncrypt(bob.record, NOW_MS)).toBe(false);
    expectCode('no-session', () => bob.send(alice, 'x'));
    expect(bob.read(alice, message)).toBe('for later');
    expect(canEncrypt(bob.record, NOW_MS)).toBe(true);
  });
});
