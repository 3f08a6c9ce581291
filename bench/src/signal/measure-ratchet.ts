import type { Ciphertext, Ratchet, RatchetSession } from '@restante/client';
import type { DeviceAddress } from '@restante/protocol';

/** What a ratchet does, by one that runs in Node and in a page alike. */
export type RatchetFigures = {
  readonly encryptsPerSecond: number;
  readonly decryptsPerSecond: number;
  /** From a bundle to the first message. */
  readonly startMs: number;
  /** A new device's long-term keys and one one-time key of each kind. */
  readonly keysMs: number;
  /** Largest session record of a conversation in strict alternation. */
  readonly recordBytes: number;
};

/** Size of a padded short text. */
const TEXT_BYTES = 160;
const ALTERNATIONS = 100;
const NO_KEYS = {
  preKeys: new Map(),
  signedPreKeys: new Map(),
  kyberPreKeys: new Map(),
  usedHandshakes: new Set<string>(),
};

const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
};

const createDevice = async (ratchet: Ratchet, accountId: string) => {
  const now = Date.now();
  const { ms, result } = await timed(async () => {
    const created = await ratchet.createKeys({ signedPreKeyId: 1, lastResortKyberPreKeyId: 2 }, now);
    return {
      created,
      oneTime: await ratchet.createPreKeys(created.identity, { first: 3, preKeys: 1, kyberPreKeys: 1 }, now),
    };
  });
  const address: DeviceAddress = { accountId, deviceId: 1 };
  return { ...result, address, ms, session: null as RatchetSession | null };
};
type Device = Awaited<ReturnType<typeof createDevice>>;

const parties = (local: Device, remote: Device) => ({
  identity: local.created.identity,
  local: local.address,
  remote: remote.address,
  remoteKey: remote.created.keys.identityKey,
});

const send = async (ratchet: Ratchet, from: Device, to: Device, text: Uint8Array): Promise<Ciphertext> => {
  const sent = await ratchet.encrypt(parties(from, to), from.session!, text, Date.now());
  if (sent === null) throw new Error('the session cannot send');
  from.session = sent.session;
  return { type: sent.type, payload: sent.payload };
};

const read = async (ratchet: Ratchet, from: Device, at: Device, message: Ciphertext): Promise<void> => {
  const needed = await ratchet.neededKeys(message);
  const keys =
    needed === null
      ? NO_KEYS
      : {
          ...NO_KEYS,
          preKeys: new Map([[3, at.oneTime.preKeyRecords[0]!]]),
          signedPreKeys: new Map([[1, at.created.signedPreKeyRecord]]),
          kyberPreKeys: new Map([[3, at.oneTime.kyberPreKeyRecords[0]!]]),
        };
  const { session, results } = await ratchet.decrypt(parties(at, from), at.session, keys, [message]);
  if (!results.every(({ ok }) => ok)) throw new Error('a message could not be decrypted');
  at.session = session;
};

/** Both ends of a conversation by one ratchet: a session, alternation, then `messages` in one direction. */
export const measureRatchet = async (ratchet: Ratchet, messages: number): Promise<RatchetFigures> => {
  const alice = await createDevice(ratchet, '11111111-1111-4111-8111-111111111111');
  const bob = await createDevice(ratchet, '22222222-2222-4222-8222-222222222222');
  const text = crypto.getRandomValues(new Uint8Array(TEXT_BYTES));
  const { keys } = bob.created;

  const start = await timed(async () => {
    const bundle = {
      deviceId: bob.address.deviceId,
      registrationId: keys.registrationId,
      identityKey: keys.identityKey,
      signedPreKey: keys.signedPreKey,
      kyberPreKey: bob.oneTime.kyberPreKeys[0]!,
      preKey: bob.oneTime.preKeys[0]!,
    };
    alice.session = await ratchet.startSession(parties(alice, bob), null, bundle, Date.now());
    return send(ratchet, alice, bob, text);
  });
  await read(ratchet, alice, bob, start.result);

  let recordBytes = 0;
  for (let turn = 0; turn < ALTERNATIONS; turn += 1) {
    await read(ratchet, bob, alice, await send(ratchet, bob, alice, text));
    await read(ratchet, alice, bob, await send(ratchet, alice, bob, text));
    recordBytes = Math.max(recordBytes, alice.session!.record.length, bob.session!.record.length);
  }

  const sent: Ciphertext[] = [];
  const encrypts = await timed(async () => {
    for (let count = 0; count < messages; count += 1) sent.push(await send(ratchet, alice, bob, text));
  });
  const decrypts = await timed(async () => {
    for (const message of sent) await read(ratchet, alice, bob, message);
  });
  return {
    encryptsPerSecond: (messages / encrypts.ms) * 1000,
    decryptsPerSecond: (messages / decrypts.ms) * 1000,
    startMs: start.ms,
    keysMs: bob.ms,
    recordBytes,
  };
};
