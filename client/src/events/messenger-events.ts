import type { AccountId, DeviceId, ErrorCode, ListedDevice, MessageId } from '@restante/protocol';
import type { ConnectionState } from '../connection/machine.ts';
import type { Profile } from '../content/profile.ts';
import type { Events } from './events.ts';
import type { ConversationId } from '../vault/conversation-id.ts';
import type { Conversation, Message, Preferences } from '../vault/tables.ts';

/** What a catch-up has brought so far. `complete`: enough mailbox nodes have been read to the end (law 11). */
export type CatchUpProgress = {
  readonly running: boolean;
  /** Messages fetched since this catch-up began, each counted once. */
  readonly received: number;
  readonly nodesAnswered: number;
  readonly nodesNeeded: number;
  readonly nodes: number;
  readonly complete: boolean;
  /** Messages that expired unread since the last time this was told. */
  readonly expired: number;
};

/**
 * Where this device stands with its account. `unknown`: no master has told yet. `listed`: it is on the list. `waiting`: others have to
 * let it in; messages neither come nor go. `replaced`: it is on the list, and somebody with the password has begun another account key
 * with a list of its own, which others see by now.
 */
export type Listing = 'unknown' | 'listed' | 'waiting' | 'replaced';

/** A device of the own account that is not on its list: it has signed in with the password. */
export type WaitingDevice = ListedDevice & { readonly name: string; readonly createdAt: number };
/** Why there is no room: the mailbox is full, or what this account may have waiting there. */
export type NoRoom = 'mailbox-full' | 'sender-share-full';

/** How far the files of an own message have got. */
export type UploadProgress = {
  readonly conversation: ConversationId;
  readonly id: MessageId;
  /** Bytes at the nodes, and of all its files together, filled up as they are sent. */
  readonly storedBytes: number;
  readonly bytes: number;
  /** Why it does not go on by now; null: it does. */
  readonly waits: ErrorCode | 'unreachable' | 'paused' | null;
};

/** How much of a file that is read as a whole has come. */
export type DownloadProgress = {
  readonly conversation: ConversationId;
  readonly author: AccountId;
  readonly id: MessageId;
  /** Which file of the message. */
  readonly index: number;
  readonly readBytes: number;
  readonly bytes: number;
};

/** How much of what another own device has is here by now. */
export type HistoryProgress = {
  /** `asking`: no device has answered yet. */
  readonly state: 'none' | 'asking' | 'running' | 'paused' | 'done';
  /** Messages that have come. */
  readonly messages: number;
  /** Messages that the other device has, as it said last. */
  readonly total: number;
  /** Why it is `paused`, where its person has not said so. */
  readonly failure?: 'bad-history';
};

export type MessengerEvents = {
  connection: ConnectionState;
  /** A message has been kept: a new one, or one sent from here or from another own device. */
  message: Message;
  /** A message has another state, other words, other reactions, or was taken back. */
  'message-changed': Message;
  /** A message has been deleted for this person alone, or has disappeared. */
  'message-removed': {
    readonly conversation: ConversationId;
    readonly author: AccountId;
    readonly id: MessageId;
  };
  /** Messages of another own device come. */
  history: HistoryProgress;
  upload: UploadProgress;
  download: DownloadProgress;
  conversation: Conversation;
  'conversation-removed': { readonly conversation: ConversationId };
  preferences: Preferences;
  /** The own profile was changed, here or on another own device. */
  profile: Profile;
  'catch-up': CatchUpProgress;
  typing: {
    readonly conversation: ConversationId;
    readonly accountId: AccountId;
    readonly active: boolean;
  };
  presence: { readonly accountId: AccountId; readonly state: 'online' | 'away' | 'offline' };
  /** An account has another device list; of the own account also: somebody has begun another key. */
  'device-list': { readonly accountId: AccountId };
  listing: Listing;
  /** Devices that have signed in to the own account and are not on its list; oldest first. */
  'waiting-devices': readonly WaitingDevice[];
  /** A message was set aside; its sender is asked for it again. */
  undecryptable: {
    readonly id: MessageId;
    readonly senderId: AccountId;
    readonly senderDeviceId: DeviceId;
    readonly sentAt: number;
  };
  /**
   * Whether this device can keep what comes. `full`: there is no room. `failing`: it cannot be read or written. Then what comes
   * waits on the servers, and is asked for again.
   */
  storage: 'working' | 'full' | 'failing';
  /** What is written in a conversation waits, for there is no room where it goes, told with each attempt; null: it goes again. */
  'held-up': { readonly conversation: ConversationId; readonly code: NoRoom | null };
  /** Something in the background failed and is tried again. */
  fault: Error;
};

export type MessengerEventSource = Events<MessengerEvents>;
