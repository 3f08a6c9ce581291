import {
  named,
  type Conversation,
  type ConversationId,
  type Message,
  type Messenger,
} from '@restante/client';
import { codeOf } from '../history/error-code.ts';
import type { DeviceState, Reference, SeenMessage } from '../history/line.ts';
import { fileDigest } from './file-digest.ts';

type Self = { readonly self: { readonly accountId: string } };

/** The account that a conversation is with. */
const accountOf = (conversation: ConversationId): string => named(conversation).accountId;

/** Who wrote a message. */
const authorOf = ({ self }: Self, { direction, conversation }: Message): string =>
  direction === 'out' ? self.accountId : accountOf(conversation);

export const referenceOf = (self: Self, message: Message): Reference => ({
  author: authorOf(self, message),
  id: message.id,
});

/** A message in the words of a history. */
export const seen = (self: Self, message: Message): SeenMessage => ({
  ...referenceOf(self, message),
  conversation: accountOf(message.conversation),
  direction: message.direction,
  kind: message.kind,
  text: message.text,
  ...(message.timer !== undefined && { timer: message.timer }),
  ...(message.edited && { former: message.edited.former.map(({ text }) => text) }),
  state: message.state,
  ...(message.copies !== undefined && { copies: message.copies }),
  reactions: Object.fromEntries(
    Object.entries(message.reactions ?? {}).flatMap(([accountId, { emoji }]) =>
      emoji === null ? [] : [[accountId, emoji]],
    ),
  ),
});

const PAGE = 500;

const allOf = async (messenger: Messenger, { id }: Conversation): Promise<Message[]> => {
  const all: Message[] = [];
  for (;;) {
    const [first] = all;
    const page = await messenger.messages(id, { limit: PAGE, ...(first && { before: first }) });
    all.unshift(...page);
    if (page.length < PAGE) return all;
  }
};

/** The files of a message, each read as a whole. */
const filesOf = (messenger: Messenger, self: DeviceState['self'], message: Message): Promise<string[]> =>
  Promise.all(
    (message.files ?? []).map(async (_, index) => {
      try {
        const { whole } = await messenger.openFile(
          message.conversation,
          referenceOf({ self }, message),
          index,
        );
        const pieces: Uint8Array<ArrayBuffer>[] = [];
        for await (const piece of whole()) pieces.push(piece);
        return await fileDigest(pieces);
      } catch (error) {
        return `?${codeOf(error)}`;
      }
    }),
  );

const seenWithFiles = async (
  messenger: Messenger,
  self: DeviceState['self'],
  messages: readonly Message[],
): Promise<SeenMessage[]> => {
  const all: SeenMessage[] = [];
  for (const message of messages) {
    const row = seen({ self }, message);
    all.push(message.files ? { ...row, files: await filesOf(messenger, self, message) } : row);
  }
  return all;
};

/** All that a person can see on a device. */
export const visibleState = async (
  messenger: Messenger,
  self: DeviceState['self'],
): Promise<DeviceState['conversations']> => {
  const conversations = await messenger.conversations();
  return Promise.all(
    conversations.map(async (conversation) => ({
      accountId: accountOf(conversation.id),
      standing: conversation.standing,
      unread: conversation.unread,
      timer: conversation.timer ?? null,
      messages: await seenWithFiles(messenger, self, await allOf(messenger, conversation)),
    })),
  );
};
