export { LIMITS } from './limits.ts';
export { ERRORS, deviceMismatch, errorBody, errorCode } from './errors.ts';
export type { DeviceMismatch, ErrorBody, ErrorCode, ErrorRow } from './errors.ts';
export { accountId, base64, deviceId, deviceKey, messageId, timestamp, username } from './ids.ts';
export type { AccountId, DeviceAddress, DeviceId, MessageId, Username } from './ids.ts';
export { deriveMessageId, messageTime, mintMessageId, nextMessageTime } from './message-id.ts';
export { accountKey, deviceListBytes, formerDevice, listedDevice, signedDeviceList } from './device-list.ts';
export type { DeviceList, FormerDevice, ListedDevice, SignedDeviceList } from './device-list.ts';
export {
  documentId,
  envelopeDocument,
  envelopeRevision,
  firstRevision,
  foreignTombstoneDocument,
  mailboxRange,
  parseDocumentId,
  tombstoneDocument,
  tombstoneRevision,
} from './document.ts';
export type { EnvelopeDocument, TombstoneDocument } from './document.ts';
export {
  blobBytes,
  blobId,
  bytesOfPart,
  mintBlobId,
  parsePartId,
  partDocument,
  partDocumentId,
  partRevision,
  partsOf,
  partsRange,
  UPLOAD_MS,
} from './blob.ts';
export type { BlobId, PartDocument } from './blob.ts';
export { blobBytesFor, paddedBytes, PLAIN_PART_BYTES, TAG_BYTES } from './blob-size.ts';
export { blobParts, blobTicket, newBlob, partPlace, partStored } from './http/blobs.ts';
export type { BlobParts, BlobTicket, NewBlob, PartPlace, PartStored } from './http/blobs.ts';
export { bucketKindOf, buckets } from './bucket.ts';
export { directoryDatabase, nodeDatabase } from './databases.ts';
export type { BucketKind, Buckets } from './bucket.ts';
export { envelope, envelopeFields, envelopeType, payload, storedEnvelope } from './envelope.ts';
export type { Envelope, EnvelopeType, StoredEnvelope } from './envelope.ts';
export { AUDIENCES, blobClaims, deviceClaims, grantClaims } from './token.ts';
export type { BlobClaims, DeviceClaims, GrantClaims } from './token.ts';
export { mintRendezvousId, rendezvousId, rendezvousSlot, RENDEZVOUS_MS } from './rendezvous.ts';
export type { RendezvousId, RendezvousSlot } from './rendezvous.ts';
export { changed, commonVersion, createVersions } from './dialect.ts';
export type { Body, BodyName, Dialect, NamedBody, Versions, VersionStep } from './dialect.ts';
export {
  PROTOCOL_HISTORY,
  PROTOCOL_VERSION,
  subprotocol,
  tokenFromSubprotocols,
  tokenSubprotocol,
  VERSION_HEADER,
  VERSIONS,
  VERSIONS_HEADER,
} from './version.ts';
export { upstream } from './upstream/index.ts';
export type { Upstream } from './upstream/index.ts';
export type { Acknowledge } from './upstream/acknowledge.ts';
export type { PresenceUp } from './upstream/presence.ts';
export type { OutgoingEnvelope, Recipient, Send } from './upstream/send.ts';
export type { TypingUp } from './upstream/typing.ts';
export { downstream } from './downstream/index.ts';
export type { Downstream } from './downstream/index.ts';
export type { Accepted } from './downstream/accepted.ts';
export type { Acknowledged } from './downstream/acknowledged.ts';
export type { EnvelopeFrame } from './downstream/envelope.ts';
export type { KeysLow } from './downstream/keys-low.ts';
export type { PresenceDown } from './downstream/presence.ts';
export type { Receipt } from './downstream/receipt.ts';
export type { Refused } from './downstream/refused.ts';
export type { TypingDown } from './downstream/typing.ts';
export type { Welcome } from './downstream/welcome.ts';
export {
  account,
  changePassword,
  deleteAccount,
  deviceName,
  devices,
  inviteCode,
  linkedDevice,
  newAccount,
  newDevice,
  password,
  putDeviceList,
  registeredDevice,
  replaceAccountKey,
  session,
  signingIn,
  tokenRequest,
} from './http/accounts.ts';
export type {
  Account,
  ChangePassword,
  Devices,
  LinkedDevice,
  NewAccount,
  NewDevice,
  RegisteredDevice,
  ReplaceAccountKey,
  Session,
  SigningIn,
  TokenRequest,
} from './http/accounts.ts';
export {
  deviceKeys,
  keyBundle,
  keyBundles,
  keyStock,
  kyberPreKey,
  preKey,
  replenishKeys,
  signedPreKey,
} from './http/keys.ts';
export type {
  DeviceKeys,
  KeyBundle,
  KeyBundles,
  KeyStock,
  KyberPreKey,
  PreKey,
  ReplenishKeys,
  SignedPreKey,
} from './http/keys.ts';
export {
  deviceGrant,
  grantToken,
  heardSealedMessage,
  newDeviceGrant,
  rendezvous,
  sealedMessage,
} from './http/linking.ts';
export type {
  DeviceGrant,
  HeardSealedMessage,
  NewDeviceGrant,
  Rendezvous,
  SealedMessage,
} from './http/linking.ts';
export {
  deleteRequest,
  deleteResponse,
  mailboxEvent,
  mailboxIds,
  mailboxPage,
  storeRequest,
  storeResponse,
  storeResult,
} from './http/messages.ts';
export type {
  DeleteRequest,
  DeleteResponse,
  MailboxIds,
  MailboxPage,
  StoreRequest,
  StoreResponse,
  StoreResult,
} from './http/messages.ts';
export { serverStatus } from './http/server-status.ts';
export { accessKey, accessToken, accessTokenBytes } from './access.ts';
export { leadingZeroBits, workDemand, workDone, workText } from './work.ts';
export type { WorkDemand, WorkDone } from './work.ts';
