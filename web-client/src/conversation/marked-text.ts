import { fold } from './fold.ts';

/** A piece of a text; `matched`: it is one of the words that were looked for. */
export type MarkedPart = { readonly text: string; readonly matched: boolean };

/** Characters shown before the first match of a long text. */
const LEAD = 40;
/** Characters shown of a text. */
const LENGTH = 240;

type Folded = {
  readonly text: string;
  /** For each code unit of the folded text, where in the original the character begins and ends that it came from. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
};

const foldWithOrigins = (original: string): Folded => {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  let at = 0;
  for (const character of original) {
    const folded = fold(character);
    const end = at + character.length;
    // A mark of its own belongs to the character before it.
    if (folded === '' && ends.length > 0) ends[ends.length - 1] = end;
    for (let unit = 0; unit < folded.length; unit += 1) {
      starts.push(at);
      ends.push(end);
    }
    text += folded;
    at = end;
  }
  return { text, starts, ends };
};

/** Where words of the query occur in the text, in order and without overlap. */
const findRanges = (text: string, query: string): readonly (readonly [number, number])[] => {
  const folded = foldWithOrigins(text);
  const words = fold(query).split(/\s+/u).filter(Boolean);
  const ranges: [number, number][] = [];
  for (const word of words) {
    for (let at = folded.text.indexOf(word); at !== -1; at = folded.text.indexOf(word, at + word.length)) {
      ranges.push([folded.starts[at] ?? 0, folded.ends[at + word.length - 1] ?? text.length]);
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
