/** A piece of a text; `matched`: it is one of the words that were looked for. */
export type MarkedPart = { readonly text: string; readonly matched: boolean };

/** Characters shown before the first match of a long text. */
const LEAD = 40;
/** Characters shown of a text. */
const LENGTH = 240;

const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** The folded text, and for each of its code units where the character it came from begins in the text. */
const foldWithOrigins = (text: string): { folded: string; origins: readonly number[] } => {
  const origins: number[] = [];
  let folded = '';
  let at = 0;
  for (const character of text) {
    const part = fold(character);
    for (let unit = 0; unit < part.length; unit += 1) origins.push(at);
    folded += part;
    at += character.length;
  }
  return { folded, origins: [...origins, text.length] };
};

/** Where words of the query occur in the text, in order and without overlap. */
const findRanges = (text: string, query: string): readonly (readonly [number, number])[] => {
  const { folded, origins } = foldWithOrigins(text);
  const words = fold(query).split(/\s+/u).filter(Boolean);
  const ranges: [number, number][] = [];
  for (const word of words) {
    for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + word.length)) {
      ranges.push([origins[at] ?? 0, origins[at + word.length] ?? text.length]);
    }
  }
  ranges.sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
};

/** The part of the text around its first match, with the words of the query marked, in any case and with any accents. */
export const markText = (text: string, query: string): readonly MarkedPart[] => {
  const ranges = findRanges(text, query);
  const first = ranges[0]?.[0] ?? 0;
  const start = text.length <= LENGTH || first <= LEAD ? 0 : first - LEAD;
  const end = Math.min(text.length, start + LENGTH);
  const parts: MarkedPart[] = [];
  const push = (from: number, to: number, matched: boolean): void => {
    if (to > from) parts.push({ text: text.slice(from, to).toWellFormed(), matched });
  };
  let at = start;
  for (const [from, to] of ranges) {
    if (from >= end) break;
    push(at, from, false);
    push(from, Math.min(to, end), true);
    at = Math.min(to, end);
  }
  push(at, end, false);
  if (start > 0) parts.unshift({ text: '… ', matched: false });
  if (end < text.length) parts.push({ text: ' …', matched: false });
  return parts;
};
