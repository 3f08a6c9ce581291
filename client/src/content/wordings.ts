import type { Message, Wording } from '../vault/tables.ts';

/**
 * A text says what its author has said last. Its first words are kept, and those of the newest edits, by the edits' ids: so they are
 * the same in whatever order edits come, and however often.
 */

/** Edits of a text that are kept: each may be as long as a text. */
export const MAX_EDITS = 5;

type Text = Pick<Message, 'id' | 'text' | 'edited'>;

/** What a text said before any edit. */
export const firstWords = ({ text, edited }: Text): string => edited?.former[0]?.text ?? text;

/** The edits of a text that are kept, the one that it says now last. */
export const editsOf = ({ text, edited }: Text): readonly Wording[] =>
  edited === undefined ? [] : [...edited.former.slice(1), { id: edited.id, text }];

/** Both together; the first ones themselves when the second ones bring nothing that is kept. */
export const mergeEdits = (first: readonly Wording[], second: readonly Wording[]): readonly Wording[] => {
  const news = second.filter(({ id }) => first.every((known) => known.id !== id));
  const kept = [...first, ...news].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-MAX_EDITS);
  return kept.every((edit) => first.includes(edit)) ? first : kept;
};

/** The text as it is then; the same object when that changes nothing. */
export const withEdits = (message: Message, edits: readonly Wording[]): Message => {
  const { id, edited } = message;
  const known = editsOf(message);
  const kept = mergeEdits(known, edits);
  const last = kept.at(-1);
  if (kept === known || last === undefined) return message;
  const former = [{ id, text: firstWords(message) }, ...kept.slice(0, -1)];
  return {
    ...message,
    text: last.text,
    edited: last.id === edited?.id ? { ...edited, former } : { id: last.id, former },
  };
};
