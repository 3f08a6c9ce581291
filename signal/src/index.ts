export { type KeyPair, generateKeyPair } from './curve.ts';
export type { KyberKeyPair } from './kyber1024.ts';
export {
  generateKyberPreKey,
  generatePreKeyId,
  generatePreKeys,
  generateRegistrationId,
  generateSignedPreKey,
  nextPreKeyId,
  type KyberPreKey,
  type PreKey,
  type PreKeyBundle,
  type SignedPreKey,
} from './pre-keys.ts';
export {
  decodeKyberPreKey,
  decodePreKey,
  decodeSignedPreKey,
  encodeKyberPreKey,
  encodePreKey,
  encodeSignedPreKey,
} from './pre-key-records.ts';
export { systemRandom, type RandomBytes } from './random.ts';
export type { Address, LocalDevice } from './session/address.ts';
export { archiveCurrent } from './session/archive.ts';
export type { Handshake, PreKeyLookup } from './session/new-session.ts';
export { readPreKeyMessage, type PreKeyMessage } from './session/pre-key-message.ts';
export {
  canEncrypt,
  decrypt,
  decryptPreKeyMessage,
  encrypt,
  startSession,
  type Decrypted,
  type TrustOptions,
} from './session/session.ts';
export { decodeSessionRecord, encodeSessionRecord, type SessionRecord } from './session/session-record.ts';
export type { PendingHandshake, SessionState } from './session/session-state.ts';
export { SignalError, type SignalErrorCode } from './signal-error.ts';
