import { fold } from '../fold.ts';
import { EMOJIS, type Emoji } from './emojis.ts';

const ALL: readonly Emoji[] = EMOJIS.flatMap(({ emojis }) => emojis);
const BY_EMOJI = new Map(ALL.map((entry) => [entry.emoji, entry]));

const WORDS = new Map(ALL.map((entry) => [entry, fold([...entry.en, ...entry.de].join(' ')).split(' ')]));

/** What is known of these emojis, in their order. */
export const knownEmojis = (emojis: readonly string[]): readonly Emoji[] =>
  emojis.flatMap((emoji) => BY_EMOJI.get(emoji) ?? []);

/** Emojis that all words of the query are found in, in English or German; first those where words begin with them. */
export const findEmojis = (query: string): readonly Emoji[] => {
  const wanted = fold(query).split(/\s+/u).filter(Boolean);
  const where = (matches: (word: string, part: string) => boolean): readonly Emoji[] =>
    ALL.filter((entry) => wanted.every((part) => WORDS.get(entry)?.some((word) => matches(word, part))));
  return [
    ...new Set([
      ...where((word, part) => word.startsWith(part)),
      ...where((word, part) => word.includes(part)),
    ]),
  ];
};
