export { createMessenger } from './messenger.ts';
export type { Messenger } from './messenger.ts';
export { MAX_TIMER_SECONDS, MIN_TIMER_SECONDS, OFFERED_TIMERS } from './content/message-timer.ts';
export type { ConversationSettings } from './content/conversation-settings.ts';
export type { TextOptions } from './conversations/conversing.ts';
export type { FilesOptions, GivenFile, OpenedFile } from './conversations/filing.ts';
export type { StoredFiles } from './files/stored-files.ts';
export { MAX_FILES, MAX_PREVIEW_BYTES } from './files/limits.ts';
export { memoryPartStore } from './files/memory-part-store.ts';
export type { PartStore } from './files/part-store.ts';
export type { MessagePage } from './conversations/reading.ts';
export type { StarredPage } from './conversations/starring.ts';
export { MAX_TEXT_BYTES } from './content/parts.ts';
export type { MessageReference } from './content/parts.ts';
export { DEFAULT_PACE } from './options.ts';
export type { MessengerOptions } from './options.ts';
export type { Credentials } from './account/enroll.ts';
export type {
  CatchUpProgress,
  DownloadProgress,
  MessengerEvents,
  HistoryProgress,
  UploadProgress,
} from './events/messenger-events.ts';
export { MAX_PROFILE_NAME_LENGTH, MAX_PROFILE_PICTURE_BYTES, type Profile } from './content/profile.ts';
export { MessengerError } from './messenger-error.ts';
export type { LocalErrorCode } from './messenger-error.ts';
export type { Backoff } from './connection/backoff.ts';
export type { ConnectionState } from './connection/machine.ts';
export { conversationWith, named } from './vault/conversation-id.ts';
export type { ConversationId, Named } from './vault/conversation-id.ts';
export { memoryVault } from './vault/memory-vault.ts';
export { readRow } from './vault/rows.ts';
export { inRange } from './vault/vault.ts';
export type { Change, Range, Row, Vault } from './vault/vault.ts';
export type {
  Conversation,
  LocalIdentity,
  Message,
  MessageFile,
  MessageState,
  Preferences,
  Reactions,
  TableName,
  Tables,
} from './vault/tables.ts';
export { handshakeKey } from './ratchet/ratchet.ts';
export type {
  AvailableKeys,
  Ciphertext,
  CreatedKeys,
  CreatedPreKeys,
  CreatedSignedKeys,
  DecryptResult,
  NeededKeys,
  Parties,
  Ratchet,
  RatchetSession,
  SignedKeyIds,
} from './ratchet/ratchet.ts';
export type { DataKey } from './vault/sealing/data-keys.ts';
export type { OpenVault, PassphraseChange, VaultSecret } from './vault/sealing/open-vault.ts';
