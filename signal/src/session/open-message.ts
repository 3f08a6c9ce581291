import { decryptCbc } from '../aes-cbc.ts';
import { equalBytes } from '../bytes.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { receiveSpqr, takeSpqrKey } from '../spqr/spqr.ts';
import { wipeUnshared } from '../wipe-unshared.ts';
import type { Address } from './address.ts';
import { reachChain, withReached } from './double-ratchet.ts';
import { messageAddresses } from './message-addresses.ts';
import { messageKeys } from './message-keys.ts';
import { takeSeed } from './receiving-chain.ts';
import type { SessionState } from './session-state.ts';
import { hasValidMac, type SignalMessage } from './signal-message.ts';

/** Sender and recipient of a message as this device knows them. */
export type Route = { readonly sender: Address; readonly recipient: Address };

const areAddressesRight = (addresses: Uint8Array | null, { sender, recipient }: Route): boolean => {
  if (addresses === null) return true;
  const expected = messageAddresses(sender, recipient);
  return expected !== null && equalBytes(expected, addresses);
};

type Opened = { readonly session: SessionState; readonly plaintext: Uint8Array };

/**
 * Decrypts with one session. Nothing of the message is believed, and no more is made of it than its keys, before its
 * MAC is right. What was made of it and is in no state is wiped: all of it when the message is refused.
 *
 * @throws SignalError `duplicate-message`, `invalid-message`, `invalid-key`
 */
export const openMessage = (
  session: SessionState,
  message: SignalMessage,
  bytes: Uint8Array,
  route: Route,
  random: RandomBytes,
): Opened => {
  const made: unknown[] = [];
  const making = <T>(part: T): T => {
    made.push(part);
    return part;
  };
  let opened: Opened | null = null;
  try {
    const reached = making(reachChain(session.ratchet, message.ratchetKey));
    const { chain, seed } = making(takeSeed(reached.chain, message.counter));
    const pq = making(takeSpqrKey(session.spqr, message.pqRatchet));
    const keys = making(messageKeys(seed, pq.key));
    const identities = { sender: session.remoteIdentity, receiver: session.localIdentity };
    if (!hasValidMac(bytes, keys.macKey, identities) || !areAddressesRight(message.addresses, route)) {
      throw new SignalError('invalid-message');
    }
    const plaintext = making(decryptCbc(keys.cipherKey, keys.iv, message.ciphertext));
    const spqr = making(receiveSpqr(session.spqr, pq));
    const ratchet = withReached(session.ratchet, reached, chain, random);
    opened = { session: { ...session, ratchet, spqr, pending: null }, plaintext };
    return opened;
  } finally {
    wipeUnshared(made, [session, message, opened]);
  }
};
