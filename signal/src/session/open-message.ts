import { decryptCbc } from '../aes-cbc.ts';
import { equalBytes, wipe } from '../bytes.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { receiveSpqr } from '../spqr/spqr.ts';
import type { Address } from './address.ts';
import { ratchetTo, withChain } from './double-ratchet.ts';
import { messageAddresses } from './message-addresses.ts';
import { messageKeys, wipeMessageKeys } from './message-keys.ts';
import { takeSeed } from './receiving-chain.ts';
import { serviceIdOf } from './service-id.ts';
import type { SessionState } from './session-state.ts';
import { hasValidMac, type SignalMessage } from './signal-message.ts';

/** Sender and recipient of a message as this device knows them. */
export type Route = { readonly sender: Address; readonly recipient: Address };

/** Between devices of one account: messages to oneself may be skipped without limit. */
const isWithOneself = (session: SessionState, { sender, recipient }: Route): boolean => {
  if (!equalBytes(session.localIdentity, session.remoteIdentity)) return false;
  const senderId = serviceIdOf(sender.name);
  const recipientId = serviceIdOf(recipient.name);
  return senderId !== null && recipientId !== null && equalBytes(senderId, recipientId);
};

const areAddressesRight = (addresses: Uint8Array | null, { sender, recipient }: Route): boolean => {
  if (addresses === null) return true;
  const expected = messageAddresses(sender, recipient);
  return expected !== null && equalBytes(expected, addresses);
};

/**
 * Decrypts with one session. Nothing of the message is believed before its MAC is right; a state that was reached
 * with it is dropped when it is not.
 *
 * @throws SignalError `duplicate-message`, `invalid-message`, `invalid-key`
 */
export const openMessage = (
  session: SessionState,
  message: SignalMessage,
  bytes: Uint8Array,
  route: Route,
  random: RandomBytes,
): { readonly session: SessionState; readonly plaintext: Uint8Array } => {
  const options = { withoutJumpLimit: isWithOneself(session, route) };
  const reached = ratchetTo(session.ratchet, message.ratchetKey, random);
  const { chain, seed } = takeSeed(reached.chain, message.counter, options);
  const pq = receiveSpqr(session.spqr, message.pqRatchet, options);
  const keys = messageKeys(seed, pq.key);
  wipe(seed);
  if (pq.key !== null) wipe(pq.key);
  try {
    const identities = { sender: session.remoteIdentity, receiver: session.localIdentity };
    if (!hasValidMac(bytes, keys.macKey, identities) || !areAddressesRight(message.addresses, route)) {
      throw new SignalError('invalid-message');
    }
    const plaintext = decryptCbc(keys.cipherKey, keys.iv, message.ciphertext);
    const ratchet = withChain(reached.ratchet, reached.chain, chain);
    return { session: { ...session, ratchet, spqr: pq.state, pending: null }, plaintext };
  } finally {
    wipeMessageKeys(keys);
  }
};
