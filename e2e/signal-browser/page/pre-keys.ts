import { signalRatchet } from '@restante/client/signal';

/** Fresh one-time keys, forgotten at once: what blocks the thread that calls it. */
export const createPreKeys = async (preKeys: number): Promise<number> => {
  const ratchet = signalRatchet();
  const { identity } = await ratchet.createKeys({ signedPreKeyId: 1, lastResortKyberPreKeyId: 1 }, 0);
  return (await ratchet.createPreKeys(identity, { first: 1, preKeys, kyberPreKeys: preKeys }, 0)).preKeys
    .length;
};
