import { formatLine, type Leaf, type Styled } from './formatted-line.ts';

/**
 * A typed text as a tree to be shown: lines that begin alike are a list (`- `, `* `, `1. `) or a quote (`> `), what is between lines
 * with three backticks is code, and within lines marks mean what `formatLine` says. Blocks are not in each other.
 */

/** A `fence` is a mark that is alone in its line. */
type Fence = { readonly kind: 'fence'; readonly text: string };
type Item = { readonly kind: 'li'; readonly nodes: readonly FormattedNode[]; readonly value?: number };
type Block = { readonly kind: 'ul' | 'ol' | 'blockquote' | 'pre'; readonly nodes: FormattedNode[] };
/** The texts of all leaves, one after the other, are the typed text. */
export type FormattedNode = Leaf | Fence | Styled | Item | Block;

const BEGINNINGS = [
  ['ul', /^[-*] (?=\S)/u],
  // Items keep the number that they were given, which is shown as it was typed.
  ['ol', /^(?:\d|[1-9]\d)\. (?=\S)/u],
  ['blockquote', /^> (?=\S)/u],
] as const;

const FENCE = '```';
const EMPTY_REST = /[^\S\n]*(?:\n|$)/uy;

/** Where the next line begins, when there is nothing more in this one. */
const skipRest = (text: string, at: number): number => {
  EMPTY_REST.lastIndex = at;
  return EMPTY_REST.test(text) ? EMPTY_REST.lastIndex : at;
};

/** Code of several lines that begins here; null: none does. */
const codeAt = (text: string, at: number, goesOn: boolean): { pre: Block; end: number } | null => {
  if (!text.startsWith(FENCE, at)) return null;
  const opened = at + FENCE.length;
  const closing = text.indexOf(FENCE, opened);
  if (closing === -1 && !goesOn) return null;
  const close = closing === -1 ? text.length : closing;
  const content = text.slice(opened, close);
  if (!content.includes('\n') || content.trim() === '') return null;
  const begin = skipRest(text, opened);
  const end = closing === -1 ? close : skipRest(text, close + FENCE.length);
  const mark = (alone: boolean, from: number, to: number): Leaf | Fence => ({
    kind: alone ? 'fence' : 'mark',
    text: text.slice(from, to),
  });
  const nodes = [
    mark(begin > opened, at, begin),
    { kind: 'text', text: text.slice(begin, close) } as const,
    mark(text[close - 1] === '\n', close, end),
  ];
  return { pre: { kind: 'pre', nodes: nodes.filter((node) => node.text !== '') }, end };
};

const addLine = (nodes: FormattedNode[], line: string): void => {
  for (const [kind, beginning] of BEGINNINGS) {
    const mark = beginning.exec(line)?.[0];
    if (mark === undefined) continue;
    let block = nodes.at(-1);
    if (block?.kind !== kind) nodes.push((block = { kind, nodes: [] }));
    const parts = [{ kind: 'mark', text: mark } as const, ...formatLine(line.slice(mark.length))];
    if (kind === 'blockquote') for (const part of parts) block.nodes.push(part);
    else
      block.nodes.push({ kind: 'li', nodes: parts, ...(kind === 'ol' && { value: Number.parseInt(mark) }) });
    return;
  }
  for (const node of formatLine(line)) {
    const last = nodes.at(-1);
    if (node.kind !== 'text' || last?.kind !== 'text') nodes.push(node);
    else nodes[nodes.length - 1] = { kind: 'text', text: last.text + node.text };
  }
};

/** `goesOn`: this is the beginning of a text, and what is open at its end is closed after it. */
export const formatText = (text: string, goesOn = false): readonly FormattedNode[] => {
  const nodes: FormattedNode[] = [];
  let at = 0;
  while (at < text.length) {
    const code = codeAt(text, at, goesOn);
    if (code !== null) {
      nodes.push(code.pre);
      at = code.end;
      continue;
    }
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    addLine(nodes, text.slice(at, end));
    at = end;
  }
  return nodes;
};
