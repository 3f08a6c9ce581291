import {
  archiveCurrent,
  decodeSessionRecord,
  decrypt,
  decryptPreKeyMessage,
  encodeSessionRecord,
  encrypt,
  SignalError,
  startSession,
  type Address,
  type SessionRecord,
} from '@restante/signal';

/** Replays a transcript of the official package (signal/vectors) as both parties, in the public interface. */

type Keys = Readonly<
  Record<'identityPrivate' | 'identityPublic' | 'signedPreKeyPrivate' | 'signedPreKeyPublic', string>
> &
  Readonly<Record<'signedPreKeySignature' | 'preKeyPrivate' | 'preKeyPublic' | 'kyberPreKeySecret', string>> &
  Readonly<Record<'kyberPreKeyPublic' | 'kyberPreKeySignature' | 'name', string>> &
  Readonly<Record<'deviceId' | 'registrationId' | 'signedPreKeyId' | 'preKeyId' | 'kyberPreKeyId', number>>;

type PartyName = 'alice' | 'bob';

type Operation = {
  readonly party: PartyName;
  readonly op: 'processBundle' | 'encrypt' | 'decrypt' | 'archive';
  readonly oneTime?: boolean;
  readonly message?: number;
  readonly plaintext?: string;
  readonly result?: 'ok' | 'refused';
  readonly random?: readonly string[];
  readonly patch?: readonly { readonly offset: number; readonly xor: number }[];
};

export type Transcript = {
  readonly parties: Readonly<Record<PartyName, Keys>>;
  readonly messages: readonly { readonly type: number; readonly plaintext: string; readonly body: string }[];
  readonly ops: readonly Operation[];
};

const NOW_MS = 1_900_000_000_000;

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const same = (given: string, wanted: string, what: string): void => {
  if (given !== wanted) throw new Error(`${what} is another than in the transcript`);
};

const party = (own: Keys, other: Keys, messages: Transcript['messages']) => {
  const addressOf = ({ name, deviceId }: Keys): Address => ({ name, deviceId });
  const remote = addressOf(other);
  const pair = (publicKey: string, privateKey: string) => ({
    ...{ publicKey: fromHex(publicKey), privateKey: fromHex(privateKey) },
  });
  const identity = pair(own.identityPublic, own.identityPrivate);
  const local = { identity, registrationId: own.registrationId, address: addressOf(own) };
  const used = new Set<string>();
  let stored = encodeSessionRecord({ current: null, archived: [] });
  let hasPreKey = true;
  const keep = ({ record }: { readonly record: SessionRecord }): void => {
    stored = encodeSessionRecord(record);
  };

  const keys = {
    preKey: (id: number) =>
      hasPreKey && id === own.preKeyId ? pair(own.preKeyPublic, own.preKeyPrivate) : undefined,
    signedPreKey: (id: number) =>
      id === own.signedPreKeyId ? pair(own.signedPreKeyPublic, own.signedPreKeyPrivate) : undefined,
    kyberPreKey: (id: number) =>
      id === own.kyberPreKeyId
        ? { publicKey: fromHex(own.kyberPreKeyPublic), secretKey: fromHex(own.kyberPreKeySecret) }
        : undefined,
    isUsed: ({ baseKey }: { readonly baseKey: Uint8Array }) => used.has(toHex(baseKey)),
  };
  const bundle = (oneTime: boolean) => ({
    ...{ registrationId: other.registrationId, deviceId: other.deviceId },
    identityKey: fromHex(other.identityPublic),
    signedPreKey: {
      id: other.signedPreKeyId,
      publicKey: fromHex(other.signedPreKeyPublic),
      signature: fromHex(other.signedPreKeySignature),
    },
    kyberPreKey: {
      id: other.kyberPreKeyId,
      publicKey: fromHex(other.kyberPreKeyPublic),
      signature: fromHex(other.kyberPreKeySignature),
    },
    preKey: oneTime ? { id: other.preKeyId, publicKey: fromHex(other.preKeyPublic) } : null,
  });

  return (operation: Operation): void => {
    const drawn = (operation.random ?? []).map(fromHex);
    // The package also draws a ratchet key in each session that it tries in vain before.
    const draws = operation.op === 'decrypt' ? drawn.slice(-1) : drawn;
    const random = (length: number): Uint8Array => draws.shift() ?? new Uint8Array(length).fill(length);
    const record = decodeSessionRecord(stored);
    const message = messages[operation.message ?? -1];
    if (operation.op === 'archive') {
      keep({ record: archiveCurrent(record) });
    } else if (operation.op === 'processBundle') {
      keep({
        record: startSession(local, remote, record, bundle(operation.oneTime === true), NOW_MS, random),
      });
    } else if (operation.op === 'encrypt') {
      const plaintext = fromHex(message?.plaintext ?? operation.plaintext ?? '');
      const sent = encrypt(local, remote, record, plaintext, NOW_MS, random);
      same(toHex(sent.body), message?.body ?? '', 'the message');
      keep(sent);
    } else {
      const body = fromHex(message?.body ?? '');
      for (const { offset, xor } of operation.patch ?? []) body[offset] = (body[offset] ?? 0) ^ xor;
      if (message?.type === 2) {
        const opened = decrypt(local, remote, record, body, random);
        same(toHex(opened.plaintext), message.plaintext, 'the plaintext');
        keep(opened);
      } else {
        const opened = decryptPreKeyMessage(local, remote, record, keys, body, random);
        same(toHex(opened.plaintext), message?.plaintext ?? '', 'the plaintext');
        if (opened.used !== null) used.add(toHex(opened.used.baseKey));
        if (opened.used?.preKeyId === own.preKeyId) hasPreKey = false;
        keep(opened);
      }
    }
  };
};

/** How many operations were done. @throws Error at the first difference */
export const replay = ({ parties: { alice, bob }, messages, ops }: Transcript): number => {
  const does = { alice: party(alice, bob, messages), bob: party(bob, alice, messages) };
  for (const operation of ops) {
    if (operation.result !== 'refused') {
      does[operation.party](operation);
      continue;
    }
    try {
      does[operation.party](operation);
    } catch (error) {
      if (error instanceof SignalError) continue;
      throw error;
    }
    throw new Error('what the transcript refuses was done');
  }
  return ops.length;
};
