import { wipe } from '../bytes.ts';
import { encryptCbc } from '../aes-cbc.ts';
import type { RandomBytes } from '../random.ts';
import { sendSpqr } from '../spqr/spqr.ts';
import { nextSeed } from './double-ratchet.ts';
import { messageKeys, wipeMessageKeys } from './message-keys.ts';
import type { SessionState } from './session-state.ts';
import { encodeSignalMessage } from './signal-message.ts';

/** Encrypts with one session: an encoded SignalMessage and the session after it. */
export const sealMessage = (
  session: SessionState,
  plaintext: Uint8Array,
  addresses: Uint8Array | null,
  random: RandomBytes,
): { readonly session: SessionState; readonly message: Uint8Array } => {
  const pq = sendSpqr(session.spqr, random);
  const { ratchet, seed } = nextSeed(session.ratchet);
  const keys = messageKeys(seed, pq.key);
  const { ratchetKey, counter } = session.ratchet.sending;
  const message = encodeSignalMessage(
    {
      ...{ ratchetKey: ratchetKey.publicKey, counter, addresses, pqRatchet: pq.message },
      previousCounter: ratchet.previousCounter,
      ciphertext: encryptCbc(keys.cipherKey, keys.iv, plaintext),
    },
    keys.macKey,
    { sender: session.localIdentity, receiver: session.remoteIdentity },
  );
  wipe(seed, pq.key);
  wipeMessageKeys(keys);
  return { session: { ...session, ratchet, spqr: pq.state }, message };
};
