import { describe, expect, test } from 'vitest';
import type { DeviceAddress, KeyBundle } from '@restante/protocol';
import {
  handshakeKey,
  type AvailableKeys,
  type Ciphertext,
  type CreatedKeys,
  type CreatedPreKeys,
  type DecryptResult,
  type Ratchet,
  type RatchetSession,
} from './ratchet.ts';

const NOW = Date.UTC(2030, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (result: DecryptResult | undefined): string =>
  result?.ok ? new TextDecoder().decode(result.plaintext) : (result?.reason ?? 'no result');

/** One device with all its state, as the vault would hold it. */
class Party {
  readonly ratchet: Ratchet;
  readonly address: DeviceAddress;
  readonly created: CreatedKeys;
  readonly oneTime: CreatedPreKeys;
  session: RatchetSession | null = null;
  readonly preKeys: Map<number, Uint8Array>;
  readonly signedPreKeys: Map<number, Uint8Array>;
  readonly kyberPreKeys: Map<number, Uint8Array>;
  readonly usedHandshakes = new Set<string>();

  private constructor(
    ratchet: Ratchet,
    address: DeviceAddress,
    created: CreatedKeys,
    oneTime: CreatedPreKeys,
  ) {
    this.ratchet = ratchet;
    this.address = address;
    this.created = created;
    this.oneTime = oneTime;
    this.preKeys = new Map(oneTime.preKeys.map(({ keyId }, index) => [keyId, oneTime.preKeyRecords[index]!]));
    this.signedPreKeys = new Map([[1, created.signedPreKeyRecord]]);
    this.kyberPreKeys = new Map(
      oneTime.kyberPreKeys.map(({ keyId }, index) => [keyId, oneTime.kyberPreKeyRecords[index]!]),
    );
    this.kyberPreKeys.set(1, created.lastResortKyberPreKeyRecord);
  }

  static async create(ratchet: Ratchet, accountId: string, deviceId = 1): Promise<Party> {
    const created = await ratchet.createKeys({ signedPreKeyId: 1, lastResortKyberPreKeyId: 1 }, NOW);
    const oneTime = await ratchet.createPreKeys(
      created.identity,
      { first: 2, preKeys: 3, kyberPreKeys: 3 },
      NOW,
    );
    return new Party(ratchet, { accountId, deviceId }, created, oneTime);
  }

  bundle(oneTime: boolean): KeyBundle {
    const { registrationId, identityKey, signedPreKey, lastResortKyberPreKey } = this.created.keys;
    return {
      ...{ deviceId: this.address.deviceId, registrationId, identityKey, signedPreKey },
      ...(oneTime
        ? { preKey: this.oneTime.preKeys[0]!, kyberPreKey: this.oneTime.kyberPreKeys[0]! }
        : { kyberPreKey: lastResortKyberPreKey }),
    };
  }

  parties(remote: Party) {
    return {
      ...{ identity: this.created.identity, local: this.address, remote: remote.address },
      remoteKey: remote.created.keys.identityKey,
    };
  }

  async start(remote: Party, oneTime = true): Promise<void> {
    this.session = await this.ratchet.startSession(
      this.parties(remote),
      this.session,
      remote.bundle(oneTime),
      NOW,
    );
  }

  async encrypt(remote: Party, text: string, nowMs = NOW): Promise<Ciphertext | null> {
    const result = await this.ratchet.encrypt(this.parties(remote), this.session!, bytes(text), nowMs);
    if (result === null) return null;
    this.session = result.session;
    return { type: result.type, payload: result.payload };
  }

  async decrypt(remote: Party, ...messages: Ciphertext[]): Promise<readonly DecryptResult[]> {
    const keys: AvailableKeys = {
      preKeys: this.preKeys,
      kyberPreKeys: this.kyberPreKeys,
      signedPreKeys: this.signedPreKeys,
      usedHandshakes: this.usedHandshakes,
    };
    const { session, results } = await this.ratchet.decrypt(
      this.parties(remote),
      this.session,
      keys,
      messages,
    );
    this.session = session;
    for (const result of results) {
      if (!result.ok || result.used === null) continue;
      if (result.used.preKeyId !== null) this.preKeys.delete(result.used.preKeyId);
      if (result.used.kyberPreKeyId === 1) this.usedHandshakes.add(handshakeKey(result.used));
      else this.kyberPreKeys.delete(result.used.kyberPreKeyId);
    }
    return results;
  }
}

/**
 * What every ratchet must do; `left` and `right` may be two implementations that talk to each other.
 */
export const ratchetContract = (name: string, left: () => Ratchet, right: () => Ratchet = left): void => {
  const pair = async (): Promise<[Party, Party]> => [
    await Party.create(left(), '11111111-1111-4111-8111-111111111111'),
    await Party.create(right(), '22222222-2222-4222-8222-222222222222', 2),
  ];

  describe(`ratchet: ${name}`, () => {
    test.each([true, false])(
      'starts a session and carries texts both ways (one-time keys: %s)',
      async (oneTime) => {
        const [alice, bob] = await pair();
        await alice.start(bob, oneTime);
        expect(alice.session).toMatchObject({
          registrationId: bob.created.keys.registrationId,
          identityKey: bob.created.keys.identityKey,
        });
        const first = (await alice.encrypt(bob, 'one'))!;
        const second = (await alice.encrypt(bob, 'two'))!;
        expect([first.type, second.type]).toEqual(['prekey-message', 'prekey-message']);
        const results = await bob.decrypt(alice, first, second);
        expect(results.map(textOf)).toEqual(['one', 'two']);
        expect(results.map((result) => result.ok && result.used !== null)).toEqual([true, false]);
        expect(bob.session).toMatchObject({
          registrationId: alice.created.keys.registrationId,
          identityKey: alice.created.keys.identityKey,
        });
        for (let turn = 0; turn < 5; turn += 1) {
          const answer = (await bob.encrypt(alice, `answer ${turn}`))!;
          expect(answer.type).toBe('message');
          expect((await alice.decrypt(bob, answer)).map(textOf)).toEqual([`answer ${turn}`]);
          const next = (await alice.encrypt(bob, `next ${turn}`))!;
          expect(next.type).toBe('message');
          expect((await bob.decrypt(alice, next)).map(textOf)).toEqual([`next ${turn}`]);
        }
      },
    );

    test('names the keys that a first message wants, and no keys for others', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      const first = (await alice.encrypt(bob, 'one'))!;
      const { preKey, kyberPreKey } = bob.bundle(true);
      expect(await bob.ratchet.neededKeys(first)).toMatchObject({
        preKeyId: preKey!.keyId,
        kyberPreKeyId: kyberPreKey.keyId,
        signedPreKeyId: 1,
      });
      await bob.decrypt(alice, first);
      expect(await alice.ratchet.neededKeys((await bob.encrypt(alice, 'two'))!)).toBeNull();
      expect(await bob.ratchet.neededKeys({ type: 'prekey-message', payload: bytes('nonsense') })).toBeNull();
      expect(await bob.ratchet.neededKeys({ type: 'prekey-message', payload: new Uint8Array() })).toBeNull();
    });

    test('decrypts in any order, each message once', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      const messages: Ciphertext[] = [];
      for (const text of ['0', '1', '2', '3', '4']) messages.push((await alice.encrypt(bob, text))!);
      const shuffled = [3, 0, 4, 1, 2].map((index) => messages[index]!);
      expect((await bob.decrypt(alice, ...shuffled)).map(textOf)).toEqual(['3', '0', '4', '1', '2']);
      expect((await bob.decrypt(alice, ...messages)).map(textOf)).toEqual(Array(5).fill('duplicate'));
    });

    test('a sender whose session was put back repeats itself: duplicates, nothing is read, until there is a fresh session', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      const unanswered = alice.session;
      expect((await bob.decrypt(alice, (await alice.encrypt(bob, 'first'))!)).map(textOf)).toEqual(['first']);
      alice.session = unanswered;
      const repeated = (await alice.encrypt(bob, 'another first'))!;
      expect(repeated.type).toBe('prekey-message');
      expect((await bob.decrypt(alice, repeated)).map(textOf)).toEqual(['duplicate']);

      await alice.decrypt(bob, (await bob.encrypt(alice, 'answer'))!);
      const old = alice.session;
      for (const text of ['1', '2']) await bob.decrypt(alice, (await alice.encrypt(bob, text))!);
      alice.session = old;
      const before = bob.session;
      const repetition = (await alice.encrypt(bob, 'another 1'))!;
      expect((await bob.decrypt(alice, repetition)).map(textOf)).toEqual(['duplicate']);
      const [next] = await bob.decrypt(alice, (await alice.encrypt(bob, 'another 2'))!);
      expect(next).toMatchObject({ ok: false });
      expect(bob.session).toEqual(before);

      await bob.start(alice);
      await alice.decrypt(bob, (await bob.encrypt(alice, 'a fresh session'))!);
      expect((await bob.decrypt(alice, (await alice.encrypt(bob, '3'))!)).map(textOf)).toEqual(['3']);
    });

    test('a reader whose session was put back finds no duplicates: what it has no keys for is undecryptable', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      await bob.decrypt(alice, (await alice.encrypt(bob, 'first'))!);
      const old = bob.session;
      const missed = (await alice.encrypt(bob, 'read before it was put back'))!;
      await bob.decrypt(alice, missed);
      for (const turn of ['1', '2']) {
        await alice.decrypt(bob, (await bob.encrypt(alice, turn))!);
        await bob.decrypt(alice, (await alice.encrypt(bob, turn))!);
      }
      const next = (await alice.encrypt(bob, 'after the answers'))!;
      bob.session = old;
      const results = await bob.decrypt(alice, next, missed);
      expect(results.map(textOf)).toEqual(['undecryptable', 'read before it was put back']);
    });

    test('a refused message changes nothing, and does not stop the others of its batch', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      const first = (await alice.encrypt(bob, 'one'))!;
      for (let index = 0; index < first.payload.length; index += 97) {
        const payload = first.payload.slice();
        payload[index]! ^= 0x40;
        const stranger = await Party.create(left(), bob.address.accountId);
        const [result] = await stranger.decrypt(alice, { ...first, payload });
        expect(result).toEqual({ ok: false, reason: 'undecryptable' });
        expect(stranger.session).toBeNull();
      }
      await bob.decrypt(alice, first);
      const before = bob.session;
      const second = (await alice.encrypt(bob, 'two'))!;
      const broken = { ...second, payload: second.payload.slice(0, -1) };
      expect((await bob.decrypt(alice, broken)).map(textOf)).toEqual(['undecryptable']);
      expect(bob.session).toEqual(before);
      expect((await bob.decrypt(alice, broken, second, broken)).map(textOf)).toEqual([
        'undecryptable',
        'two',
        'undecryptable',
      ]);
    });

    test('a message of somebody else is refused', async () => {
      const [alice, bob] = await pair();
      const mallory = await Party.create(left(), '33333333-3333-4333-8333-333333333333');
      await alice.start(bob);
      const first = (await alice.encrypt(bob, 'one'))!;
      const [refused] = (await bob.decrypt(mallory, first)).map(textOf);
      expect(['other-key', 'undecryptable']).toContain(refused);
      expect(bob.session).toBeNull();
    });

    test('a handshake with the last-resort key starts a session once, even when the session is gone', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob, false);
      const first = (await alice.encrypt(bob, 'one'))!;
      expect((await bob.decrypt(alice, first)).map(textOf)).toEqual(['one']);
      bob.session = null;
      expect((await bob.decrypt(alice, first)).map(textOf)).toEqual(['undecryptable']);
      expect(bob.session).toBeNull();
    });

    test('a one-time key is used once', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      const first = (await alice.encrypt(bob, 'one'))!;
      await bob.decrypt(alice, first);
      bob.session = null;
      expect((await bob.decrypt(alice, first)).map(textOf)).toEqual(['undecryptable']);
    });

    test('a bundle whose signature is wrong starts nothing', async () => {
      const [alice, bob] = await pair();
      const mallory = await Party.create(left(), bob.address.accountId);
      const forged = { ...bob.bundle(true), signedPreKey: mallory.bundle(true).signedPreKey };
      const start = alice.ratchet.startSession(alice.parties(bob), null, forged, NOW);
      await expect(start).rejects.toThrow();
      const forgedKyber = { ...bob.bundle(true), kyberPreKey: mallory.bundle(true).kyberPreKey };
      await expect(alice.ratchet.startSession(alice.parties(bob), null, forgedKyber, NOW)).rejects.toThrow();
    });

    test('a fresh session replaces the old one, and late messages of the old one are still read', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      await bob.decrypt(alice, (await alice.encrypt(bob, 'one'))!);
      const late = (await alice.encrypt(bob, 'late'))!;
      await bob.start(alice);
      const renewal = (await bob.encrypt(alice, 'renewal'))!;
      expect(renewal.type).toBe('prekey-message');
      expect((await alice.decrypt(bob, renewal)).map(textOf)).toEqual(['renewal']);
      expect((await bob.decrypt(alice, late)).map(textOf)).toEqual(['late']);
      expect((await bob.decrypt(alice, (await alice.encrypt(bob, 'two'))!)).map(textOf)).toEqual(['two']);
    });

    test('a session that was never answered stops sending after 30 days', async () => {
      const [alice, bob] = await pair();
      await alice.start(bob);
      expect(await alice.encrypt(bob, 'in time', NOW + 29 * DAY_MS)).not.toBeNull();
      expect(await alice.encrypt(bob, 'too late', NOW + 31 * DAY_MS)).toBeNull();
    });

    test('signed keys that replace the first ones start sessions, and the first ones still do', async () => {
      const [alice, bob] = await pair();
      const ids = { signedPreKeyId: 9, lastResortKyberPreKeyId: 9 };
      const { keys, ...records } = await bob.ratchet.createSignedKeys(
        bob.created.identity,
        ids,
        NOW + DAY_MS,
      );
      const { signedPreKey, lastResortKyberPreKey } = keys;
      const bundle = { ...bob.bundle(false), signedPreKey, kyberPreKey: lastResortKyberPreKey };
      alice.session = await alice.ratchet.startSession(alice.parties(bob), null, bundle, NOW);
      const first = (await alice.encrypt(bob, 'new keys'))!;
      expect(await bob.ratchet.neededKeys(first)).toMatchObject({ signedPreKeyId: 9, kyberPreKeyId: 9 });
      bob.signedPreKeys.set(9, records.signedPreKeyRecord);
      bob.kyberPreKeys.set(9, records.lastResortKyberPreKeyRecord);
      expect((await bob.decrypt(alice, first)).map(textOf)).toEqual(['new keys']);
      await alice.start(bob, false);
      expect((await bob.decrypt(alice, (await alice.encrypt(bob, 'old keys'))!)).map(textOf)).toEqual([
        'old keys',
      ]);
    });

    test('what is made with another identity key is refused, alone or among others, and changes nothing', async () => {
      const [alice, bob] = await pair();
      const impostor = await Party.create(right(), bob.address.accountId, bob.address.deviceId);
      await bob.start(alice);
      const [one, two] = [(await bob.encrypt(alice, 'one'))!, (await bob.encrypt(alice, 'two'))!];
      await impostor.start(alice, false);
      const forged = (await impostor.encrypt(alice, 'forged'))!;
      expect((await alice.decrypt(bob, forged)).map(textOf)).toEqual(['other-key']);
      expect(alice.session).toBeNull();
      const results = await alice.decrypt(bob, one, forged, two);
      expect(results.map(textOf)).toEqual(['one', 'other-key', 'two']);
      expect(alice.session).toMatchObject({ identityKey: bob.created.keys.identityKey });
    });
  });
};
