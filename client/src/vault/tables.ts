import type {
  AccountId,
  BlobId,
  DeviceId,
  EnvelopeType,
  ErrorCode,
  MessageId,
  Session,
  SignedDeviceList,
} from '@restante/protocol';
import type { MessageReference, Standing } from '../content/parts.ts';
import type { StoredArchive } from '../content/stored-archive.ts';
import type { ChosenProfile } from '../content/chosen-profile.ts';
import type { ChosenTimer } from '../content/chosen-timer.ts';
import type { ChosenSettings, ConversationSettings } from '../content/conversation-settings.ts';
import type { ConversationId } from './conversation-id.ts';

/** This device's account, and the credential that gets it tokens. */
export type Self = {
  readonly accountId: AccountId;
  readonly deviceId: DeviceId;
  readonly username: string;
  readonly deviceSecret: string;
  /** Server time, where this vault has noted it. */
  readonly registeredAt?: number;
};

/** This device's long-term keys. */
export type LocalIdentity = {
  readonly registrationId: number;
  /** Base64 of the public key. */
  readonly identityKey: string;
  /** In the ratchet's own serialization. */
  readonly keyPair: Uint8Array;
};

/** The last tokens from a master; `mailboxNodes` are absolute URLs here, and `masters` those that a session named last. */
export type Tokens = Session;

export type Clock = {
  /** Server time minus this machine's time. */
  readonly offsetMs: number;
  /** Time in the newest message id that this device has minted. */
  readonly lastMessageTimeMs: number;
  /** Server time until which all mail has been taken: what comes now was accepted later. */
  readonly takenUntilMs?: number;
};

/** See `settled-time.ts`. Milliseconds since 1970. */
export type SettledTime = {
  /** This time has certainly passed. */
  readonly settledMs: number;
  /** The reading that becomes the settled time, unless an earlier one follows. */
  readonly readingMs: number;
};

/** This vault has learnt that it is older than what its device has sent. See `outdated-vault.ts`. */
export type Outdated = {
  /** How often. Sessions of an earlier generation are not encrypted with. */
  readonly generation: number;
  /** Server time. */
  readonly learntAt: number;
};

/** Private half of a pre-key, in the ratchet's own serialization. */
export type PreKeyRecord = { readonly record: Uint8Array; readonly createdAt: number };

export type KeyRing = {
  readonly nextKeyId: number;
  /** Last-resort keys whose private halves are kept, the newest last. */
  readonly lastResortKyberPreKeyIds: readonly number[];
  /** When the signed keys were made that the masters have. */
  readonly signedAt: number;
};

/** Ratchet state with one other device. Inactive: the device is gone, but mail of it may still come. */
export type SessionRow = {
  readonly record: Uint8Array;
  readonly registrationId: number;
  /** Base64 of the device's identity key. */
  readonly identityKey: string;
  readonly active: boolean;
  /** See `Outdated`. */
  readonly generation: number;
};

export type MessageState = 'received' | 'seen' | 'queued' | 'accepted' | 'delivered' | 'read' | 'failed';

/** By account; the later id wins. `emoji: null` is a reaction that was taken back. */
export type Reactions = Readonly<
  Record<AccountId, { readonly emoji: string | null; readonly id: MessageId }>
>;

/** Words of a text. `id`: of the edit that they are of; of the first ones, that of the text. */
export type Wording = { readonly id: MessageId; readonly text: string };

/** A file of a message. Its bytes are a blob, and as far as this device has them, in `files/`. */
export type MessageFile = {
  /** Without folders and what cannot be seen. */
  readonly name: string;
  /** What its sender takes it for, as a media type. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** Base64 of 32 bytes, drawn for this file. */
  readonly key: string;
  /** Where it is, and base64 of what it is; missing as long as it is not stored. */
  readonly blob?: { readonly id: BlobId; readonly digest: string };
  /** Of a picture or film, as it is shown. */
  readonly width?: number;
  readonly height?: number;
  /** Of a film or recording. */
  readonly seconds?: number;
  /** Base64 of a small picture of it. */
  readonly preview?: string;
  /** Base64 of how loud a voice message is, from its beginning to its end. */
  readonly waveform?: string;
  /** No node had it, and whoever may have it was asked then to store it again. Milliseconds since 1970, server's clock. */
  readonly askedAt?: number;
};

/** Whether a message is to be found again. Of two choices the later id stands. */
export type Starred = { readonly value: boolean; readonly id: MessageId };

/** An edit of an own text. */
export type EditReference = { readonly target: MessageId; readonly id: MessageId };

/**
 * Why something could not be sent for good. `keys-changed`: a verified contact has an account key that nobody has verified. `file-lost`: this
 * device does not have a file any more.
 */
export type Failure = ErrorCode | 'keys-changed' | 'file-lost';

/** One message of a conversation, as a person sees it. */
export type Message = {
  /** Logical id: stays the same when the message is sent again. Unique for its author. */
  readonly id: MessageId;
  readonly conversation: ConversationId;
  readonly direction: 'in' | 'out';
  /** Where it stands: when its author says it was written, or when it arrived. Milliseconds since 1970, server's clock. */
  readonly sentAt: number;
  /** When its author says it was written, if that is another time. */
  readonly writtenAt?: number;
  /**
   * `deleted`: its author took it back. `unknown`: made by a newer version of the messenger. `keys-changed`: a note of
   * this device's own, that the other account has another account key. `timer`: its author has chosen after what messages disappear. All
   * but `text` have an empty text.
   */
  readonly kind: 'text' | 'deleted' | 'unknown' | 'keys-changed' | 'timer';
  readonly text: string;
  /** After so many seconds it disappears; of a `timer`, those that it is about do. Missing: not at all. */
  readonly timer?: number;
  /** When it disappears, once its time has begun. Milliseconds since 1970, server's clock. */
  readonly expiresAt?: number;
  /** Of a `text`, which may be empty then. */
  readonly files?: readonly MessageFile[];
  /**
   * Its author has said it in other words since. `id`: of the edit that `text` is of. `former`: what it said before, its first
   * words first, as far as that is kept. `failure`: why this edit could not be sent.
   */
  readonly edited?: {
    readonly id: MessageId;
    readonly former: readonly Wording[];
    readonly failure?: Failure;
  };
  readonly replyTo?: MessageReference;
  readonly reactions?: Reactions;
  /** By this person, who alone knows. */
  readonly starred?: Starred;
  /** In: `received`, `seen`. Out: the others, in their order. */
  readonly state: MessageState;
  /** Mailbox nodes that had an accepted message on disk. */
  readonly copies?: number;
  /** Why sending failed for good; of a `deleted` one: sending the deletion. */
  readonly failure?: Failure;
};

/** What is known about a message beside what its author wrote. */
export type Annotation = {
  readonly reactions?: Reactions;
  /** Its author said it in other words. */
  readonly edits?: readonly Wording[];
  /** `seen` on another own device; the others by the other account. */
  readonly state?: 'seen' | 'delivered' | 'read';
  /** When it was seen first, where that is known. Milliseconds since 1970, server's clock. */
  readonly seenAt?: number;
  /** By this person, as own devices say. */
  readonly starred?: Starred;
  /** Its author took it back. */
  readonly deleted?: true;
  /** Deleted for this person alone: its row goes, and it never comes back. */
  readonly hidden?: true;
};

export type Conversation = {
  readonly id: ConversationId;
  /** Known once it has been looked up, or told by the other side and verified. */
  readonly username: string | null;
  /** The account has ended (`gone`) or is called otherwise (`renamed`): `username` is what its name was. */
  readonly former?: 'gone' | 'renamed' | null;
  /** `request`: a stranger has written. Nothing tells them of this person until they are accepted. */
  readonly standing: Standing;
  readonly unread: number;
  readonly lastMessageAt: number;
  /** The newest message; its text is cut. */
  readonly preview: Pick<Message, 'id' | 'kind' | 'direction' | 'text' | 'timer'> | null;
  /** Messages that could not be decrypted and have not come again yet. */
  readonly unreadable: number;
  /** What has been written and not sent. */
  readonly draft: string;
  /** `changed`: verified once, but the account has another key now, which nobody has verified. */
  readonly verification: 'none' | 'verified' | 'changed';
  readonly settings: ConversationSettings;
  /** Messages that are written here disappear after so many seconds; null, or missing: not at all. */
  readonly timer?: number | null;
  /** What the other one calls themselves, and the id of their picture, if they have said. */
  readonly profile?: { readonly name: string | null; readonly picture: MessageId | null };
};

export type OutboxEnvelope = {
  readonly deviceId: DeviceId;
  readonly registrationId: number;
  readonly type: EnvelopeType;
  /** Base64 ciphertext. */
  readonly payload: string;
};

export type OutboxRecipient = {
  readonly accountId: AccountId;
  /** What each device of the account gets, padded. */
  readonly plaintext: Uint8Array;
  /** Empty until sessions exist. */
  readonly envelopes: readonly OutboxEnvelope[];
};

/** A message on its way: the same bytes are sent until it is accepted or refused for good. Key: its client id. */
export type OutboxEntry = {
  readonly recipients: readonly OutboxRecipient[];
  /** What this account's other devices get, should it turn out that there are any. */
  readonly ownCopy: Uint8Array | null;
  /** Devices whose session must be started anew before encrypting. */
  readonly renew: readonly DeviceId[];
  /** Key of the row in `messages` that shows its state. */
  readonly messageKey: string | null;
  /** May be encrypted for keys of a verified contact that nobody has verified. */
  readonly despiteKeys?: boolean;
  /** The own message that it takes back: there is shown when it cannot be sent. */
  readonly takesBack?: MessageId;
  /** The edit that it is: at its text is shown when it cannot be sent. */
  readonly edit?: EditReference;
};

/** Files of an own message that are to be stored before it goes out. Key: the message's id. */
export type Upload = {
  /** May be encrypted for keys of a verified contact that nobody has verified. */
  readonly despiteKeys: boolean;
  /** Those that masters have given, by the file: what was begun is gone on with. */
  readonly tickets: Readonly<
    Record<
      number,
      {
        readonly id: BlobId;
        readonly ticket: string;
        readonly nodes: readonly string[];
        /** Origin of the object store in which nodes tell where its parts may be put. */
        readonly placesAt?: string;
      }
    >
  >;
  /** Its person has said so. */
  readonly paused?: true;
};

/** A file that is to be stored again, since the nodes do not have it any more. Key: the message's `authoredKey`, and which of its files. */
export type DueFile = {
  readonly author: AccountId;
  readonly message: MessageId;
  readonly index: number;
  /** The other one of the conversation is told, too, where it is then; own devices are. */
  readonly tellsOther: boolean;
  /** What was begun is gone on with. */
  readonly ticket?: Upload['tickets'][number];
};

/** What an account has had stored again. Milliseconds since 1970, server's clock. */
export type StoredAgain = { readonly sinceMs: number; readonly bytes: number };

/** A file of which this device has something. Key: its name in the store of parts. */
export type KeptFile = { readonly author: AccountId; readonly message: MessageId };

/** What has been sent, so that a reader who could not decrypt it gets it again. Key: its stored id. */
export type SentId = {
  /** Key of the row in `messages` that holds it and shows its state. */
  readonly messageKey: string | null;
  /** The edit that it is: the row of its text holds it. */
  readonly edit?: EditReference;
  /** Padded, as it was sent, when no row holds it. */
  readonly contents:
    | (Pick<OutboxEntry, 'ownCopy'> & {
        readonly to: Pick<OutboxRecipient, 'accountId' | 'plaintext'> | null;
      })
    | null;
  /** Stored ids that it was sent under before. */
  readonly earlier: readonly MessageId[];
  /** Accounts to whose devices it has been sent again, under another id. */
  readonly sentAgain?: readonly AccountId[];
};

/** A content that this messenger does not know yet. Key: its envelope's id. */
export type UnknownContent = {
  readonly senderId: AccountId;
  readonly senderDeviceId: DeviceId;
  /** Where its note stands. */
  readonly sentAt: number;
  readonly plaintext: Uint8Array;
};

/** A message that this device has kept and the cluster shall forget. Key: its envelope's id. */
export type PendingDelete = {
  readonly senderId: AccountId;
  readonly senderDeviceId: DeviceId;
  /** Whether the sender gets a receipt. */
  readonly receipt: boolean;
  /** The mailbox nodes have been told; only the receipt is owed. */
  readonly deleted: boolean;
  /** The receipt waits until it is known whether the sender is let in. */
  readonly held?: true;
};

/** A message that could not be decrypted: what it takes to have it sent again. Key: its envelope's id. */
export type SetAside = {
  readonly senderId: AccountId;
  readonly senderDeviceId: DeviceId;
  /** Where it would stand. */
  readonly sentAt: number;
  /** The sender has been asked to send it again. */
  readonly requested: boolean;
  /** The ratchet calls it a repetition of what it has read. */
  readonly repeats?: true;
};

/** A person has compared the safety number with this account key (base64). Key: the account. */
export type VerificationRow = {
  readonly accountKey: string;
  /** The account has had another key since. */
  readonly changed: boolean;
};

/** The account key of this device's account. No server has it. */
export type AccountKey = {
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Base64 of the public half. */
  readonly accountKey: string;
};

/** The newest device list of an account that was seen here: never an older one from then on. Key: the account. */
export type DeviceListRow = SignedDeviceList & {
  /** A device on it says, in the message with this id, of which generation it is: until that has come nothing is encrypted by an older one. */
  readonly expected?: { readonly generation: number; readonly id: MessageId };
  /** Devices on it that a master does not have. */
  readonly absent: readonly DeviceId[];
  /** Of the own account: devices that were to end with the password, and come off the list when they have. */
  readonly leaving?: readonly DeviceId[];
  /** Of the own account: a list that follows, by another account key. Nobody here has said that this is right. */
  readonly successor?: SignedDeviceList;
};

/** This device is new to its account. Milliseconds since 1970, server's clock. */
export type Introduction = {
  readonly since: number;
  /** When the other devices were asked what they know. */
  readonly askedAt: number | null;
  /** Parts of their answers that have come, by device. */
  readonly heard: Readonly<Record<DeviceId, readonly number[]>>;
};

/**
 * Another device has linked this one, which is not on the list of its account yet: it puts itself there, by this account key, and takes no list of
 * another one or of an earlier generation. Goes when it is listed, has been taken off, or a day has passed since (milliseconds since 1970, server's clock).
 */
export type JoiningRow = {
  readonly accountKey: string;
  readonly generation: number;
  readonly since: number;
};

/** What is still to be told to a new own device: what was sent from here since it is there. Key: its number. */
export type Newcomer = {
  readonly since: number;
  /** Stored ids below it are told, those up to `after` have been. Null: the state has not been told yet. */
  readonly before: MessageId | null;
  readonly after: string;
};

/**
 * What a device lacks that is on its account's list and was not there for a master: what was sent to its account in these times.
 * Milliseconds since 1970, in the ids. See `making-good.ts`.
 */
export type LeftOut = { readonly fromMs: number; readonly toMs: number };

/** What a person has chosen on this device. */
export type Preferences = {
  /** Tells others what has been read here, and shows what they have read. */
  readonly readReceipts: boolean;
  readonly typing: boolean;
  readonly presence: boolean;
};

/** What an own device has asked this one for: the messages before a place among those of all conversations; null: the newest. Key: its number. */
export type HistoryDue = { readonly before: string | null };

/** How far the messages of other own devices have been taken. Milliseconds since 1970, server's clock. */
export type HistoryTaken = {
  readonly state: 'running' | 'paused' | 'done';
  /** Who gives; null: whoever answers. */
  readonly from: DeviceId | null;
  /** From here back is to be asked for, or has been; null: from the newest on. */
  readonly place: string | null;
  /** Null: it has not been asked for yet. */
  readonly askedAt: number | null;
  /** How often nobody has answered. */
  readonly asks: number;
  /** The place that all were asked about last, and who has answered, each once; null: none yet. Who has more than the first one may still do so. */
  readonly open: { readonly place: string | null; readonly heard: readonly DeviceId[] } | null;
  /** Why it is paused, where its person has not said so. */
  readonly failure?: 'bad-history';
  /** There is nothing before the last part. */
  readonly isTold: boolean;
  /** Parts that have come and are not kept yet, the next one first. */
  readonly parts: readonly { readonly before: string | null; readonly archive: StoredArchive }[];
  /** Messages of the first part that are kept. */
  readonly kept: number;
  /** Conversations that have been deleted here since it began. */
  readonly without: readonly ConversationId[];
  /** So many messages have come. */
  readonly messages: number;
  /** So many the giver has. */
  readonly total: number;
};

/** A row that nobody could read, as it was. */
export type UnfitRow = { readonly table: string; readonly key: string; readonly value: unknown };

/** Name and row type of every table, which `rows.ts` has a schema for. Tables with one row keep it under {@link ONLY}. */
export type Tables = {
  self: Self;
  identity: LocalIdentity;
  tokens: Tokens;
  clock: Clock;
  settledTime: SettledTime;
  outdated: Outdated;
  keyRing: KeyRing;
  /** A master has told this account's devices, and there are sessions with all others on its list. */
  ownDevicesKnown: true;
  introduction: Introduction;
  joining: JoiningRow;
  newcomers: Newcomer;
  /** `<accountId>:<deviceId>`. */
  leftOut: LeftOut;
  /** Expired messages that have been reported already. */
  expired: number;
  /** `ec:<id>`, `kyber:<id>`, `signed:<id>`. */
  preKeys: PreKeyRecord;
  /** Triples of the last-resort Kyber replay check, `<kyber id>:<signed id>:<base key>`. */
  kyberUses: number;
  /** `<accountId>:<deviceId>`. */
  sessions: SessionRow;
  accountKey: AccountKey;
  deviceLists: DeviceListRow;
  verifications: VerificationRow;
  preferences: Preferences;
  /** Whether an account is let in that has no row in `conversations`. */
  standings: Standing;
  /** The id of the choice by which an account stands as it does, where somebody has chosen. */
  standingChoices: MessageId;
  /** What rows in `conversations` show of it, and is known of accounts without one. */
  conversationSettings: ChosenSettings;
  /** After what messages of a conversation disappear, also of one without a row. */
  timers: ChosenTimer;
  ownProfile: ChosenProfile;
  /** What others say of themselves. */
  profiles: ChosenProfile;
  /** When an account was last asked for its profile, and told the own one because it had asked. Milliseconds since 1970, server's clock. */
  profilesAsked: number;
  profilesAnswered: number;
  /** These are to be told the own one. */
  profilesDue: true;
  /** What an account has given to this one, which it has let in: shown when it is written to. */
  accessTokens: string;
  /** When a device was last asked for a fresh session. */
  renewals: number;
  /** `<conversation>:<time of the message, 12 hex>:<id>:<direction>`. */
  messages: Message;
  /** `<author's accountId>:<id>` to the key in `messages`. */
  messageKeys: string;
  /** When messages disappear, by the time; see `expiry-index.ts`. The value names the message, as `messageKeys` does. */
  expiries: string;
  /** Messages whose time may be over, by one clock alone: nobody is shown them. Keys as in `messages`. */
  putAway: Message;
  /** See `confirmed-time.ts`. Milliseconds since 1970. */
  confirmedTime: number;
  /** Keys in `messages` of those that are starred. */
  stars: true;
  /**
   * Annotations that came before their message, `<id>:<author's accountId>`, each by the conversation that it came in:
   * nobody speaks of messages elsewhere.
   */
  annotations: Readonly<Record<ConversationId, Annotation>>;
  unknownContents: UnknownContent;
  /** By the id that a caller gave to a request: the message that came of it. */
  requests: MessageId;
  sentIds: SentId;
  uploads: Upload;
  keptFiles: KeptFile;
  dueFiles: DueFile;
  storedAgain: StoredAgain;
  historyDue: HistoryDue;
  history: HistoryTaken;
  conversations: Conversation;
  outbox: OutboxEntry;
  /** Ids of envelopes that are done with (law 2). */
  seenIds: true;
  pendingDeletes: PendingDelete;
  /** Ids of envelopes that enough nodes have deleted, and not all. */
  owedDeletes: true;
  setAside: SetAside;
  /** Rows that did not fit their table and were to be written over, `<table> <key>`. */
  unfitRows: UnfitRow;
};

export type TableName = keyof Tables;

/** Tables whose keys name something else than text. */
type Named = {
  conversations: ConversationId;
  standings: AccountId;
  standingChoices: AccountId;
  conversationSettings: AccountId;
  timers: ConversationId;
  profiles: AccountId;
  profilesAsked: AccountId;
  profilesAnswered: AccountId;
  profilesDue: AccountId;
  storedAgain: AccountId;
  accessTokens: AccountId;
  verifications: AccountId;
  deviceLists: AccountId;
};

/** What names a row of a table. */
export type KeyOf<T extends TableName> = T extends keyof Named ? Named[T] : string;

/** Key of the row in a table that has one row. */
export const ONLY = 'only';
