import {
  named,
  type Conversation,
  type ConversationId,
  type Message,
  type Messenger,
} from '@restante/client';
import type { DeviceState, Reference, SeenMessage } from '../history/line.ts';

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
      messages: (await allOf(messenger, conversation)).map((message) => seen({ self }, message)),
    })),
  );
};
