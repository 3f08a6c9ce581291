export { type KeyPair, generateKeyPair } from './curve.ts';
export {
  compareScannable,
  fingerprintDigits,
  safetyNumber,
  type FingerprintOptions,
  type FingerprintOwner,
  type SafetyNumber,
} from './fingerprint.ts';
export {
  createDistribution,
  decryptGroup,
  encryptGroup,
  processDistribution,
  readDistributionId,
  readGroupDistributionId,
} from './groups/group-cipher.ts';
export { decodeSenderKeyRecord, encodeSenderKeyRecord } from './groups/sender-key-record.ts';
export type { SenderKeyRecord } from './groups/sender-key-state.ts';
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
export type { CertificateTrust } from './sealed-sender/certificate-trust.ts';
export type { ContentHint, SealedContent, SealedType } from './sealed-sender/sealed-content.ts';
export {
  decryptSealed,
  encryptSealed,
  openSealed,
  seal,
  type OpenedSeal,
  type SealOptions,
} from './sealed-sender/sealed-sender.ts';
export {
  decodeSenderCertificate,
  issueSenderCertificate,
  type SenderCertificate,
} from './sealed-sender/sender-certificate.ts';
export { issueServerCertificate, type ServerCertificate } from './sealed-sender/server-certificate.ts';
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
