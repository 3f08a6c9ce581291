/** Texts that are longer in lines or characters are cut until somebody asks for all. */
const MAX_LINES = 24;
const MAX_CHARACTERS = 2_400;

/** An emoji with all that belongs to it: skin, joined ones, flags. */
const EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u{200D}|\u{FE0F}|[\u{E0020}-\u{E007F}])*$/u;
const characters = new Intl.Segmenter();
const MAX_EMOJIS = 3;
/** No three emojis are longer. */
const MAX_EMOJI_LENGTH = 64;

/** Where the line after so many begins; -1: there are not so many. */
const endOfLines = (text: string, lines: number): number => {
  let at = -1;
  for (let line = 0; line < lines; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return -1;
  }
  return at;
};

/** The beginning of a long text; null: it is short enough to be shown. */
export const cutText = (text: string): string | null => {
  const lines = endOfLines(text, MAX_LINES);
  const end = Math.min(lines === -1 ? text.length : lines, MAX_CHARACTERS);
  // A little more than allowed is not worth a button.
  if (text.length <= end * 1.2 && endOfLines(text, MAX_LINES * 1.2) === -1) return null;
  const half = /[\uD800-\uDBFF]$/.test(text.slice(0, end));
  return text.slice(0, half ? end - 1 : end);
};

/** One to three emojis and nothing else. */
export const isEmojiOnly = (text: string): boolean => {
  if (text.length > MAX_EMOJI_LENGTH || !/^\p{Emoji}/u.test(text)) return false;
  const emojis = Array.from(characters.segment(text), ({ segment }) => segment).filter((one) => one !== ' ');
  return emojis.length <= MAX_EMOJIS && emojis.every((one) => EMOJI.test(one));
};
