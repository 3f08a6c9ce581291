import type { AccountId, DeviceAddress, DeviceId, MessageId } from '@restante/protocol';
import type * as z from 'zod/mini';
import type { ConversationId } from '../vault/conversation-id.ts';
import type { Annotation, Message, MessageFile } from '../vault/tables.ts';
import type { FileInBlob, MessageReference } from './parts.ts';
import type { ChosenProfile } from './chosen-profile.ts';
import type { ChosenTimer } from './chosen-timer.ts';

/** Where a content belongs, and how a message begins there. */
export type Place = Pick<Message, 'conversation' | 'direction' | 'state'> & {
  readonly author: AccountId;
  /** Where a message with this id stands. */
  readonly timeOf: (id: MessageId) => Pick<Message, 'sentAt' | 'writtenAt'>;
  /** When it went out, as far as is known. Milliseconds since 1970, server's clock. */
  readonly wentOutAt: number;
};

/** What a content may do where it arrives: all of it in the transaction that takes it. */
export type Applying = {
  readonly self: AccountId;
  readonly from: DeviceAddress;
  readonly place: Place;
  /** Where a copy for own devices belongs of what was sent to an account. */
  readonly placeOfCopy: (to: AccountId) => Place;
  readonly add: (author: AccountId, message: Message) => Promise<unknown>;
  readonly annotate: (
    conversation: ConversationId,
    target: MessageReference,
    annotation: Annotation,
  ) => Promise<unknown>;
  /** Messages of a conversation disappear from now on after this, unless a later choice is known. */
  readonly takeTimer: (conversation: ConversationId, timer: ChosenTimer) => Promise<void>;
  /** How a message is shown that its reader says has been read. */
  readonly stateWhenRead: () => 'delivered' | 'read';
  /** An author says this is their name. */
  readonly onNameHint: (author: AccountId, username: string) => void;
  /** An author says in a message that their device list is of this generation at least. */
  readonly expectList: (author: AccountId, generation: number, id: MessageId) => Promise<void>;
  /** An author lets this account in: with this it writes to them. */
  readonly keepAccess: (author: AccountId, token: string) => Promise<void>;
  /** An author says this is their profile. */
  readonly takeProfile: (author: AccountId, profile: ChosenProfile) => Promise<void>;
  /** An author says in a message that their profile is this one, which has been told. */
  readonly expectProfile: (author: AccountId, id: MessageId) => Promise<void>;
  /** An author asks this device of the own account for the profile. */
  readonly tellProfile: (author: AccountId, device: DeviceId) => Promise<void>;
  /** An account needs a file of a message, which the nodes do not have any more. */
  readonly storeAgain: (by: AccountId, request: FileInBlob) => Promise<void>;
  /** A device of this account has stored a file of a message again. */
  readonly moveFile: (by: AccountId, stored: FileInBlob) => Promise<void>;
  /** Kept until this messenger is one that knows it; null: there is no place for a note. */
  readonly keepUnknown: (place: Place | null) => Promise<void>;
};

/** Who has sent a content, to whom, and as which stored id. */
export type Sent = { readonly author: AccountId; readonly self: AccountId; readonly id: MessageId };

/** What contents are written with. `edit`: this edit of a text is wanted, not the text. */
export type Writing = {
  readonly username: string;
  readonly mint: () => Promise<MessageId>;
  readonly edit?: MessageId | undefined;
};

/** The row in which a person sees what a content has said. */
export type RowKind<Content> = {
  readonly kind: Message['kind'];
  /** What the conversation shows of it as its newest message. */
  readonly preview: (message: Message) => string;
  /** What an export tells of it, field by field, so that nothing gets out that is added to a row some day. */
  readonly exported: (message: Message) => Pick<
    Message,
    'text' | 'edited' | 'replyTo' | 'reactions' | 'timer'
  > & {
    readonly starred?: true;
    readonly files?: readonly Pick<MessageFile, 'name' | 'type' | 'size'>[];
  };
  /** What is sent when it is to be sent again; null: that is not kept any more. */
  readonly again: (message: Message, writing: Writing) => Promise<Content | null>;
};

/** `from-then-on`: a device that came later is not told it, as a message of before it was there. `always`: what is said of a message, which may come late. */
export type Lasting = 'always' | 'from-then-on' | 'no';

/** All that depends on the kind of a content. */
export type Kind<Schema extends z.ZodMiniType, Needs = Applying> = {
  readonly schema: Schema;
  /** Who sends it: from others it means nothing. */
  readonly from: 'others' | 'own devices' | 'anyone';
  /** The conversation it belongs to, when that is not the one with its author. */
  readonly conversation?: (content: z.infer<Schema>) => ConversationId;
  /** Messages that it adds or speaks of: they are read together before it is applied. */
  readonly references: (content: z.infer<Schema>, sent: Sent) => readonly MessageReference[];
  /** What it means. Answers whether its sender is owed a receipt. */
  readonly apply: (applying: Needs, content: z.infer<Schema>) => Promise<boolean>;
  /** False: it holds something that this messenger does not know yet. */
  readonly isKnown?: (content: z.infer<Schema>) => boolean;
  /** Whether it says the same however often and late it is told, so that a new own device is told it. Left out: it does not. */
  readonly lasting?: (content: z.infer<Schema>) => Lasting;
};
