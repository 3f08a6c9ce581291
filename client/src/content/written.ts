import { messageId, username } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Message } from '../vault/tables.ts';
import { timerSeconds } from './chosen-timer.ts';
import type { Applying } from './kind.ts';
import { expiryOf } from './expiry.ts';
import { access, earlier, messageReference, v } from './parts.ts';

/** What all contents have that a person has written. */
export const written = {
  v,
  /** Logical id: the client id it was first sent under. */
  id: messageId,
  /** The author's username, as a hint that the reader's client verifies. */
  from: username,
  replyTo: z.optional(messageReference),
  /** After so many seconds it disappears: from when it was sent where it was written, from when it was read where it is read. */
  timer: z.optional(timerSeconds),
  /** The choice that says so, or that nothing disappears: its reader may not have heard of it. */
  timerId: z.optional(messageId),
  /** Generation of the author's device list at that time: there is one that is as new, whatever a server gives. */
  list: z.optional(z.int().check(z.positive())),
  access,
  /** The author's profile, which the reader has been told. */
  profile: z.optional(messageId),
  earlier,
};
export type Written = z.infer<z.ZodMiniObject<typeof written>>;

/** What an author says beside what they write. Answers whether they are owed a receipt. */
export const hearAuthor = async (
  { place, onNameHint, expectList, keepAccess, expectProfile }: Applying,
  { id, from, list, access: token, profile }: Omit<Written, 'replyTo' | 'timer' | 'timerId'>,
): Promise<boolean> => {
  const { author, direction } = place;
  if (direction === 'out') return false;
  onNameHint(author, from);
  if (list !== undefined) await expectList(author, list, id);
  if (token !== undefined) await keepAccess(author, token);
  if (profile !== undefined) await expectProfile(author, profile);
  return true;
};

/** Keeps the row of what was written. Answers whether its sender is owed a receipt. */
export const applyWritten = async (
  applying: Applying,
  content: Written,
  said: Pick<Message, 'text' | 'files'>,
): Promise<boolean> => {
  const { id, replyTo, timer, timerId } = content;
  const { author, conversation, direction, state, timeOf, wentOutAt } = applying.place;
  await applying.add(author, {
    ...{ id, conversation, direction, state, kind: 'text', ...said, ...timeOf(id) },
    ...(replyTo && { replyTo }),
    ...(timer && { timer }),
    ...(timer && direction === 'out' && { expiresAt: expiryOf(timer, wentOutAt) }),
  });
  if (timerId !== undefined && direction === 'in')
    await applying.takeTimer(conversation, { seconds: timer ?? null, id: timerId });
  return hearAuthor(applying, content);
};
