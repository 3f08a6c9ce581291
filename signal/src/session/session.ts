import { equalBytes } from '../bytes.ts';
import { verifyBundle, type PreKeyBundle } from '../pre-keys.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { wipeUnshared } from '../wipe-unshared.ts';
import type { Address, LocalDevice } from './address.ts';
import { findSession, promote, withCurrent } from './archive.ts';
import { invalidKeyAs } from './invalid-key-as.ts';
import { messageAddresses } from './message-addresses.ts';
import {
  acceptSession,
  handshakeOf,
  initiateSession,
  type Handshake,
  type PreKeyLookup,
} from './new-session.ts';
import { openMessage, type Route } from './open-message.ts';
import { encodePreKeyMessage, readPreKeyMessage } from './pre-key-message.ts';
import { sealMessage } from './seal-message.ts';
import type { SessionRecord } from './session-record.ts';
import { isStale, type SessionState } from './session-state.ts';
import { sessionsToTry } from './sessions-to-try.ts';
import { decodeSignalMessage } from './signal-message.ts';

/**
 * Sessions with one other device. Every function takes a record and answers with the one that follows; the given one
 * stays as it was, whatever happens. Calls for one device must follow each other: two messages that are encrypted
 * with one record use one key twice.
 */

export type TrustOptions = {
  /** Whether a remote identity key may be used; without it every one may. */
  readonly isTrusted?: (identityKey: Uint8Array) => boolean;
};

const isTrusted = (options: TrustOptions, identityKey: Uint8Array): boolean =>
  options.isTrusted?.(identityKey) !== false;

const checkTrust = (options: TrustOptions, identityKey: Uint8Array): void => {
  if (!isTrusted(options, identityKey)) throw new SignalError('untrusted-identity');
};

/**
 * Starts a session; what was the current one is archived.
 *
 * @throws SignalError `invalid-bundle`, `untrusted-identity`, `invalid-argument` for a time before 1970
 */
export const startSession = (
  local: LocalDevice,
  remote: Address,
  record: SessionRecord | null,
  bundle: PreKeyBundle,
  nowMs: number,
  random: RandomBytes = systemRandom,
  options: TrustOptions = {},
): SessionRecord => {
  const createdSeconds = Math.floor(nowMs / 1000);
  if (!Number.isSafeInteger(createdSeconds) || createdSeconds < 0) throw new SignalError('invalid-argument');
  checkTrust(options, bundle.identityKey);
  verifyBundle(bundle);
  if (bundle.deviceId !== remote.deviceId) throw new SignalError('invalid-bundle');
  const session = invalidKeyAs('invalid-bundle', () =>
    initiateSession(local, bundle, createdSeconds, random),
  );
  return withCurrent(record ?? { current: null, archived: [] }, session);
};

/** Whether there is a session to send with; else fetch a bundle and start one. */
export const canEncrypt = ({ current }: SessionRecord, nowMs: number): boolean =>
  current !== null && !isStale(current, nowMs);

/**
 * A message for the other side, to be carried with its type.
 *
 * @throws SignalError `no-session`, `untrusted-identity`
 */
export const encrypt = (
  local: LocalDevice,
  remote: Address,
  { current, archived }: SessionRecord,
  plaintext: Uint8Array,
  nowMs: number,
  random: RandomBytes = systemRandom,
  options: TrustOptions = {},
): {
  readonly record: SessionRecord;
  readonly type: 'message' | 'pre-key-message';
  readonly body: Uint8Array;
} => {
  if (current === null || isStale(current, nowMs)) throw new SignalError('no-session');
  const { pending } = current;
  const addresses = pending === null ? null : messageAddresses(local.address, remote);
  checkTrust(options, current.remoteIdentity);
  const { session, message } = sealMessage(current, plaintext, addresses, random);
  const record = { current: session, archived };
  if (pending === null) return { record, type: 'message', body: message };
  const body = encodePreKeyMessage({
    ...pending,
    ...{ registrationId: current.localRegistrationId, identityKey: current.localIdentity },
    ...{ baseKey: current.baseKey, message },
  });
  return { record, type: 'pre-key-message', body };
};

export type Decrypted = {
  readonly record: SessionRecord;
  readonly plaintext: Uint8Array;
  /** The sender's, 33 bytes, as the message was authenticated with. */
  readonly identityKey: Uint8Array;
};

/** Null when the message is not one of this session. @throws SignalError `duplicate-message` */
const tryToOpen = (
  session: SessionState,
  bytes: Uint8Array,
  message: ReturnType<typeof decodeSignalMessage>,
  route: Route,
  random: RandomBytes,
): ReturnType<typeof openMessage> | null => {
  try {
    return openMessage(session, message, bytes, route, random);
  } catch (error) {
    if (error instanceof SignalError && error.code !== 'duplicate-message') return null;
    throw error;
  }
};

/**
 * Decrypts a message of type 'message' with the first session that can, which is the current one then.
 *
 * @throws SignalError `duplicate-message` when it was decrypted before, `invalid-message`, `untrusted-identity`
 */
export const decrypt = (
  local: LocalDevice,
  remote: Address,
  record: SessionRecord,
  body: Uint8Array,
  random: RandomBytes = systemRandom,
  options: TrustOptions = {},
): Decrypted => {
  const message = decodeSignalMessage(body);
  const route = { sender: remote, recipient: local.address };
  for (const session of sessionsToTry(record, message)) {
    const opened = tryToOpen(session, body, message, route, random);
    if (opened === null) continue;
    const identityKey = session.remoteIdentity;
    if (!isTrusted(options, identityKey)) {
      wipeUnshared(opened, [record, message]);
      throw new SignalError('untrusted-identity');
    }
    return { record: promote(record, session, opened.session), plaintext: opened.plaintext, identityKey };
  }
  throw new SignalError('invalid-message');
};

/** What `open` makes of a session that nobody has seen yet; what is not in its answer or in `kept` is wiped. */
const openingNew = <T>(session: SessionState, kept: unknown, open: (session: SessionState) => T): T => {
  let opened: T | null = null;
  try {
    opened = open(session);
    return opened;
  } finally {
    wipeUnshared(session, [kept, opened]);
  }
};

/**
 * Decrypts a message of type 'pre-key-message', with a new session unless there is one with its base key. `used` is
 * the handshake when the session is new: store with the record that its one-time keys are gone, or for a last-resort
 * Kyber key that the handshake was used.
 *
 * @throws SignalError `duplicate-message`, `invalid-message`, `unknown-pre-key`, `untrusted-identity`
 */
export const decryptPreKeyMessage = (
  local: LocalDevice,
  remote: Address,
  record: SessionRecord | null,
  keys: PreKeyLookup,
  body: Uint8Array,
  random: RandomBytes = systemRandom,
  options: TrustOptions = {},
): Decrypted & { readonly used: Handshake | null } => {
  const outer = readPreKeyMessage(body);
  const message = decodeSignalMessage(outer.message);
  const { baseKey, identityKey } = outer;
  checkTrust(options, identityKey);
  const before = record ?? { current: null, archived: [] };
  const known = findSession(before, baseKey);
  if (known !== undefined && !equalBytes(known.remoteIdentity, identityKey)) {
    throw new SignalError('invalid-message');
  }
  const route = { sender: remote, recipient: local.address };
  const open = (session: SessionState): ReturnType<typeof openMessage> =>
    openMessage(session, message, outer.message, route, random);
  const { session, plaintext } = invalidKeyAs('invalid-message', () =>
    known === undefined ? openingNew(acceptSession(local, keys, outer), [local, outer], open) : open(known),
  );
  return {
    record: known === undefined ? withCurrent(before, session) : promote(before, known, session),
    ...{ plaintext, identityKey },
    used: known === undefined ? handshakeOf(outer) : null,
  };
};
