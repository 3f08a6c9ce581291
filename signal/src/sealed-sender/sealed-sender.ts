import { equalBytes } from '../bytes.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import type { Address, LocalDevice } from '../session/address.ts';
import type { Handshake, PreKeyLookup } from '../session/new-session.ts';
import type { SessionRecord } from '../session/session-record.ts';
import {
  decrypt,
  decryptPreKeyMessage,
  encrypt,
  type Decrypted,
  type TrustOptions,
} from '../session/session.ts';
import { SignalError } from '../signal-error.ts';
import { checkSenderCertificate, type CertificateTrust } from './certificate-trust.ts';
import { openEnvelope, sealEnvelope } from './envelope.ts';
import {
  decodeSealedContent,
  encodeSealedContent,
  type ContentHint,
  type SealedContent,
} from './sealed-content.ts';
import { decodeSenderCertificate } from './sender-certificate.ts';

/**
 * Messages that do not show the server who sent them. The recipient opens the seal first and learns the sender, then
 * decrypts the message inside with the session (or the sender key) of that sender.
 */

export type SealOptions = { readonly hint?: ContentHint; readonly groupId?: Uint8Array | null };

/**
 * Seals a message of any type, for example one to a group, for one recipient with this identity key (33 bytes). Draws
 * 32 bytes.
 *
 * @throws SignalError `invalid-certificate` when the certificate is not this device's, `invalid-key`
 */
export const seal = (
  local: LocalDevice,
  recipientIdentityKey: Uint8Array,
  content: SealedContent,
  random: RandomBytes = systemRandom,
): Uint8Array => {
  const { sender, identityKey } = decodeSenderCertificate(content.certificate);
  const isOwn = isSameAddress(sender, local.address) && equalBytes(identityKey, local.identity.publicKey);
  if (!isOwn) throw new SignalError('invalid-certificate');
  return sealEnvelope(local.identity, recipientIdentityKey, encodeSealedContent(content), random);
};

/**
 * A sealed message of the current session. `certificate` is this device's, encoded.
 *
 * @throws SignalError what `encrypt` and {@link seal} throw
 */
export const encryptSealed = (
  local: LocalDevice,
  remote: Address,
  record: SessionRecord,
  certificate: Uint8Array,
  plaintext: Uint8Array,
  nowMs: number,
  random: RandomBytes = systemRandom,
  { hint = 'default', groupId = null, ...trust }: SealOptions & TrustOptions = {},
): { readonly record: SessionRecord; readonly body: Uint8Array } => {
  const recipientKey = record.current?.remoteIdentity;
  if (recipientKey === undefined) throw new SignalError('no-session');
  const message = encrypt(local, remote, record, plaintext, nowMs, random, trust);
  const content = { type: message.type, body: message.body, certificate, hint, groupId };
  return { record: message.record, body: seal(local, recipientKey, content, random) };
};

/** What was inside, and who sent it by a valid certificate. */
export type OpenedSeal = Omit<SealedContent, 'certificate'> & {
  readonly sender: Address;
  readonly senderE164: string | null;
  /** The sender's, 33 bytes. */
  readonly identityKey: Uint8Array;
};

const isSameAddress = (a: Address, b: Address): boolean => a.name === b.name && a.deviceId === b.deviceId;

/**
 * Opens the seal and checks the sender's certificate. `localE164` is this account's phone number, if it has one.
 *
 * @throws SignalError `invalid-message`, `invalid-certificate`, `self-send` when this device sent it itself,
 *   `unsupported-version` for a message that is not of version 1
 */
export const openSealed = (
  local: LocalDevice,
  body: Uint8Array,
  trust: CertificateTrust & { readonly localE164?: string | null },
): OpenedSeal => {
  const { content, senderKey } = openEnvelope(local.identity, body);
  const { certificate, ...message } = decodeSealedContent(content);
  const sender = decodeSenderCertificate(certificate);
  if (!equalBytes(sender.identityKey, senderKey)) throw new SignalError('invalid-certificate');
  checkSenderCertificate(sender, trust);
  const { address } = local;
  const hasOwnNumber = sender.senderE164 !== null && sender.senderE164 === trust.localE164;
  const isOwnAccount = hasOwnNumber || sender.sender.name === address.name;
  if (isOwnAccount && sender.sender.deviceId === address.deviceId) throw new SignalError('self-send');
  const { senderE164, identityKey } = sender;
  return { ...message, sender: sender.sender, senderE164, identityKey };
};

/**
 * Decrypts what was inside, with the record of its sender (null when there is none). Messages to groups and plain ones
 * are not for this function.
 *
 * @throws SignalError `no-session`, and what `decrypt` and `decryptPreKeyMessage` throw
 */
export const decryptSealed = (
  local: LocalDevice,
  { type, body, sender }: OpenedSeal,
  record: SessionRecord | null,
  keys: PreKeyLookup,
  random: RandomBytes = systemRandom,
  options: TrustOptions = {},
): Decrypted & { readonly used: Handshake | null } => {
  if (type === 'pre-key-message') {
    return decryptPreKeyMessage(local, sender, record, keys, body, random, options);
  }
  if (type !== 'message') throw new SignalError('invalid-message');
  if (record === null) throw new SignalError('no-session');
  return { ...decrypt(local, sender, record, body, random, options), used: null };
};
