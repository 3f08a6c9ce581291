import {
  decodeKyberPreKey,
  decodePreKey,
  decodeSignedPreKey,
  type Handshake,
  type PreKeyLookup,
} from '@restante/signal';
import { toBase64 } from '../base64.ts';
import { handshakeKey, type AvailableKeys, type NeededKeys } from '../ratchet/ratchet.ts';

export const neededKeysOf = ({
  preKeyId,
  signedPreKeyId,
  kyberPreKeyId,
  baseKey,
}: Handshake): NeededKeys => ({
  ...{ preKeyId, signedPreKeyId, kyberPreKeyId },
  baseKey: toBase64(baseKey),
});

/** The vault's keys for one batch of messages. */
export type BatchKeys = PreKeyLookup & {
  /** From here on the handshake's one-time pre-key is gone, and the handshake is not done again. */
  readonly use: (handshake: NeededKeys) => void;
};

export const batchKeys = (keys: AvailableKeys): BatchKeys => {
  const usedPreKeys = new Set<number>();
  const usedHandshakes = new Set(keys.usedHandshakes);
  const find = <K>(
    records: ReadonlyMap<number, Uint8Array>,
    id: number,
    decode: (record: Uint8Array) => K,
  ): K | undefined => {
    const record = records.get(id);
    return record && decode(record);
  };
  return {
    preKey: (id) => (usedPreKeys.has(id) ? undefined : find(keys.preKeys, id, decodePreKey)),
    signedPreKey: (id) => find(keys.signedPreKeys, id, decodeSignedPreKey),
    kyberPreKey: (id) => find(keys.kyberPreKeys, id, decodeKyberPreKey),
    isUsed: (handshake) => usedHandshakes.has(handshakeKey(neededKeysOf(handshake))),
    use: (handshake) => {
      if (handshake.preKeyId !== null) usedPreKeys.add(handshake.preKeyId);
      usedHandshakes.add(handshakeKey(handshake));
    },
  };
};
