import {
  handshakeKey,
  type AvailableKeys,
  type Ciphertext,
  type NeededKeys,
  type Parties,
} from '@restante/client';
import { signalRatchet } from '@restante/client/signal';
import type { KeyBundle } from '@restante/protocol';
import { load, save, type Vault } from './vault.ts';

/** This device in a conversation with the peer behind the page's own server. All state is read and kept step by step. */

const LOCAL = { accountId: '11111111-1111-4111-8111-111111111111', deviceId: 1 };
const REMOTE = { accountId: '22222222-2222-4222-8222-222222222222', deviceId: 2 };
const LAST_RESORT_ID = 1;
/** Messages that one side sends before the other has its turn. */
const TURNS = [1, 3, 2, 5, 1, 1, 4];

/** A message in JSON: bytes as an array of numbers. `by`: its sender's identity key. */
type Letter = { readonly by: string; readonly type: Ciphertext['type']; readonly payload: readonly number[] };

const post = async <T>(path: string, body: unknown): Promise<T> => {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
};

export const conversation = async (opening: Promise<Vault>) => {
  const vault = await opening;
  const ratchet = signalRatchet();
  const parties = async (remoteKey: string): Promise<Parties> => ({
    identity: await load(vault, 'identity'),
    ...{ local: LOCAL, remote: REMOTE, remoteKey },
  });

  const without = (keys: AvailableKeys, used: NeededKeys | null): AvailableKeys => {
    if (used === null) return keys;
    const preKeys = new Map(keys.preKeys);
    if (used.preKeyId !== null) preKeys.delete(used.preKeyId);
    const usedHandshakes = new Set(keys.usedHandshakes).add(handshakeKey(used));
    return { ...keys, preKeys, usedHandshakes };
  };

  const send = async (count: number): Promise<void> => {
    const session = await load(vault, 'session');
    if (session === null) throw new Error('no session');
    const text = new TextEncoder().encode(`browser ${count}`);
    const message = await ratchet.encrypt(await parties(session.identityKey), session, text, Date.now());
    if (message === null) throw new Error('the session cannot send');
    await save(vault, { session: message.session, sent: count + 1 });
    const { identityKey: by } = await load(vault, 'identity');
    const letter: Letter = { by, type: message.type, payload: [...message.payload] };
    await post('/peer/receive', letter);
  };

  const receive = async (count: number): Promise<string> => {
    const { by, type, payload } = await post<Letter>('/peer/send', {});
    const message = { type, payload: Uint8Array.from(payload) };
    const keys = await load(vault, 'keys');
    const before = await load(vault, 'session');
    const { session, results } = await ratchet.decrypt(await parties(by), before, keys, [message]);
    const [result] = results;
    if (!result?.ok) throw new Error(`message ${count}: ${result?.reason ?? 'no result'}`);
    await save(vault, { session, received: count + 1, keys: without(keys, result.used) });
    return new TextDecoder().decode(result.plaintext);
  };

  return {
    createDevice: async (oneTimeKeys: number): Promise<KeyBundle> => {
      const now = Date.now();
      const created = await ratchet.createKeys(
        { signedPreKeyId: 1, lastResortKyberPreKeyId: LAST_RESORT_ID },
        now,
      );
      const { identity, keys } = created;
      const oneTime = await ratchet.createPreKeys(
        identity,
        { first: 2, preKeys: oneTimeKeys, kyberPreKeys: oneTimeKeys },
        now,
      );
      const byId = (public_: readonly { keyId: number }[], records: readonly Uint8Array[]) =>
        public_.flatMap(({ keyId }, index): [number, Uint8Array][] => {
          const record = records[index];
          return record === undefined ? [] : [[keyId, record]];
        });
      await save(vault, {
        ...{ identity, session: null, sent: 0, received: 0 },
        keys: {
          preKeys: new Map(byId(oneTime.preKeys, oneTime.preKeyRecords)),
          signedPreKeys: new Map([[1, created.signedPreKeyRecord]]),
          kyberPreKeys: new Map([
            [LAST_RESORT_ID, created.lastResortKyberPreKeyRecord],
            ...byId(oneTime.kyberPreKeys, oneTime.kyberPreKeyRecords),
          ]),
          usedHandshakes: new Set(),
        },
      });
      const { registrationId, identityKey, signedPreKey, lastResortKyberPreKey } = keys;
      const [preKey] = oneTime.preKeys;
      return {
        ...{ deviceId: LOCAL.deviceId, registrationId, identityKey, signedPreKey },
        ...(preKey ? { preKey } : {}),
        kyberPreKey: oneTime.kyberPreKeys[0] ?? lastResortKyberPreKey,
      };
    },

    start: async (bundle: KeyBundle): Promise<null> => {
      const session = await ratchet.startSession(
        await parties(bundle.identityKey),
        await load(vault, 'session'),
        bundle,
        Date.now(),
      );
      await save(vault, { session });
      return null;
    },

    converse: async (messagesEach: number): Promise<readonly string[]> => {
      const texts: string[] = [];
      let [sent, received] = [await load(vault, 'sent'), await load(vault, 'received')];
      // Whoever has no session yet listens first.
      let mine = (await load(vault, 'session')) !== null;
      for (let turn = 0; sent < messagesEach || received < messagesEach; turn += 1) {
        for (let count = TURNS[turn % TURNS.length] ?? 1; count > 0; count -= 1) {
          if (mine && sent < messagesEach) await send(sent++);
          else if (!mine && received < messagesEach) texts.push(await receive(received++));
        }
        mine = !mine;
      }
      return texts;
    },
  };
};
