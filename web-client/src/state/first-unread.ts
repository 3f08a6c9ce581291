import type { ConversationId, Message } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import { isUnread, PAGE_SIZE, WINDOW_SIZE } from './message-window.ts';

/** Messages above the first unread one that are shown with it. */
const CONTEXT = 30;

export type Opening = {
  readonly messages: readonly Message[];
  readonly firstUnread: Message | null;
  readonly atStart: boolean;
  readonly atEnd: boolean;
};

/** The window a conversation is opened at: around its oldest unread message, or its newest ones. */
export const findFirstUnread = async (
  calls: Pick<Calls, 'messages'>,
  conversation: ConversationId,
  unread: number,
): Promise<Opening> => {
  const limit = Math.min(WINDOW_SIZE, Math.max(PAGE_SIZE, unread + CONTEXT));
  let missing = unread;
  let newer: readonly Message[] = [];
  let messages: readonly Message[] = await calls.messages(conversation, { limit });
  let atEnd = true;
  let firstUnread = messages.find(isUnread) ?? null;
  missing -= messages.filter(isUnread).length;
  while (missing > 0 && messages.length === limit) {
    const before = messages[0];
    if (before === undefined) break;
    newer = messages;
    messages = await calls.messages(conversation, { before, limit });
    missing -= messages.filter(isUnread).length;
    firstUnread = messages.find(isUnread) ?? firstUnread;
    atEnd = false;
  }
  const atStart = messages.length < limit;
  // The first unread message shall not be the last of what is shown.
  return { messages: [...messages, ...newer].slice(0, WINDOW_SIZE), firstUnread, atStart, atEnd: atEnd };
};
