import { begun } from '../content/expiry.ts';
import { mergeEdits, withEdits } from '../content/wordings.ts';
import type { Annotation, Message, MessageState, Reactions, Starred } from '../vault/tables.ts';

/**
 * What is said about a message after it was written. Annotations can be said again and in any order: a state only goes
 * forward, of two reactions of a person the one with the later id stays, of edits and stars too, and nothing is undone (law 2).
 */

/** Order of the states of a message: a late `accepted` does not undo `read`. */
const RANK: Record<MessageState, number> = {
  received: 0,
  seen: 1,
  queued: 0,
  failed: 1,
  accepted: 2,
  delivered: 3,
  read: 4,
};

export const isLater = (state: MessageState, than: MessageState): boolean => RANK[state] > RANK[than];

const mergeReactions = (first: Reactions, second: Reactions): Reactions => {
  const news = Object.entries(second).filter(([accountId, { id }]) => id > (first[accountId]?.id ?? ''));
  return news.length === 0 ? first : { ...first, ...Object.fromEntries(news) };
};

const laterStar = (first: Starred | undefined, second: Starred | undefined): Starred | undefined =>
  first === undefined || (second !== undefined && second.id > first.id) ? second : first;

/** Both together. Of what was taken back or hidden no words are kept. */
export const mergeAnnotations = (first: Annotation, second: Annotation): Annotation => {
  const starred = laterStar(first.starred, second.starred);
  const { edits, ...merged } = {
    ...first,
    ...second,
    ...(starred && { starred }),
    ...(first.reactions && { reactions: mergeReactions(first.reactions, second.reactions ?? {}) }),
    ...(first.seenAt !== undefined && { seenAt: Math.min(first.seenAt, second.seenAt ?? Infinity) }),
    ...(first.edits && { edits: mergeEdits(first.edits, second.edits ?? []) }),
  };
  return edits === undefined || merged.deleted || merged.hidden ? merged : { ...merged, edits };
};

/** What is left of it disappears when it would have. */
const takenBack = ({ id, conversation, direction, sentAt, state, timer, expiresAt }: Message): Message => ({
  ...{ id, conversation, direction, sentAt, state },
  ...{ kind: 'deleted', text: '' },
  ...(timer && { timer }),
  ...(expiresAt !== undefined && { expiresAt }),
});

/** The message as it is then; the same object when that changes nothing. `hidden` is not its business. */
export const annotated = (
  message: Message,
  { reactions = {}, edits = [], starred, state, seenAt, deleted }: Annotation,
): Message => {
  let result = message;
  const fits = (state === 'seen') === (message.direction === 'in');
  if (state && fits && isLater(state, message.state)) result = { ...result, state };
  // Nothing is read before it is there.
  if (seenAt !== undefined && fits) result = begun(result, Math.max(seenAt, message.sentAt));
  if (deleted && message.kind === 'text') return takenBack(result);
  if (message.kind === 'text') result = withEdits(result, edits);
  const merged = mergeReactions(message.reactions ?? {}, reactions);
  if (message.kind === 'text' && merged !== message.reactions && Object.keys(merged).length > 0)
    result = { ...result, reactions: merged };
  const star = laterStar(message.starred, starred);
  if (message.kind === 'text' && star !== undefined && star !== message.starred)
    result = { ...result, starred: star };
  return result;
};

/** A message that has failed, or whose edit has, on its way once more. */
export const queuedAgain = (failed: Message): Message => {
  const {
    id,
    conversation,
    direction,
    sentAt,
    kind,
    text,
    files,
    edited,
    replyTo,
    reactions,
    timer,
    starred,
  } = failed;
  const sentAgain = edited && { edited: { id: edited.id, former: edited.former } };
  if (failed.state !== 'failed') return { ...failed, ...sentAgain };
  return {
    ...{ id, conversation, direction, sentAt, kind, text, state: 'queued' },
    ...(files && { files }),
    ...(timer && { timer }),
    ...sentAgain,
    ...(replyTo && { replyTo }),
    ...(reactions && { reactions }),
    ...(starred && { starred }),
  };
};
