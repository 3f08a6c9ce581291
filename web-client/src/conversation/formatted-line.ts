/**
 * What people mean by the marks that they type in a line, as in WhatsApp: `*bold*`, `_italic_`, `~struck~`, and code between one or
 * three backticks. No Markdown, where `*` is italic, and no parser that is kept and small reads this without making HTML.
 *
 * A mark opens before the first letter of a word and closes after the last one: those inside of words, names and addresses are
 * characters like others, and so are several of a kind together. No style is within its like, and none within code.
 *
 * Time is linear: what is looked for from a place ends where the next place to look from begins.
 */

/** A `mark` is not shown. */
export type Leaf =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'mark'; readonly text: string };
export type Styled = { readonly kind: 'strong' | 'em' | 'del' | 'code'; readonly nodes: readonly LineNode[] };
/** The texts of all leaves, one after the other, are the line. */
export type LineNode = Leaf | Styled;

/** Where the marks around it begin and end, which have `size` characters. */
type Span = {
  readonly kind: Styled['kind'];
  readonly from: number;
  readonly to: number;
  readonly size: number;
};

const STYLES: Readonly<Record<string, Styled['kind']>> = { '*': 'strong', _: 'em', '~': 'del' };
const MARKS = /([*_~])\1*/gu;
const NO_MARK = /[^*_~]/gu;
const CODE = /(?<![\p{L}\p{N}`])(```|`)(?![\s`])[^`]+(?<!\s)\1(?![\p{L}\p{N}`])/gu;
/** Letters, and what holds paths and settings together. Invisible characters, too: no mark parts a link from those beside it. */
const LETTER = /[\p{L}\p{N}\p{C}/\\=]/gu;

const placesOf = (text: string, pattern: RegExp): readonly number[] =>
  Array.from(text.matchAll(pattern), ({ index }) => index);

const findCode = (line: string): Span[] =>
  Array.from(line.matchAll(CODE), ({ 0: { length }, 1: mark = '', index }) => ({
    kind: 'code',
    from: index,
    to: index + length,
    size: mark.length,
  }));

const findStyles = (line: string): Span[] => {
  const spans: Span[] = [];
  /** At most one of each kind. */
  let open: { readonly mark: string; readonly from: number }[] = [];
  for (const { 0: word, index } of line.matchAll(/\S+/gu)) {
    let letters = placesOf(word, LETTER);
    if (letters.length === 0) letters = placesOf(word, NO_MARK);
    const first = letters.at(0) ?? 0;
    const last = letters.at(-1) ?? word.length;
    for (const { 0: mark, index: at } of word.matchAll(MARKS)) {
      if (mark.length > 1) continue;
      if (at < first) {
        open = [...open.filter((one) => one.mark !== mark), { mark, from: index + at }];
      } else if (at > last) {
        const opened = open.findIndex((one) => one.mark === mark);
        const { from } = open[opened] ?? {};
        const kind = STYLES[mark];
        if (from === undefined || kind === undefined) continue;
        open = open.slice(0, opened);
        spans.push({ kind, from, to: index + at + 1, size: 1 });
      }
    }
  }
  return spans;
};

/** The nodes of spans that are in each other or apart. */
const nest = (line: string, spans: readonly Span[]): LineNode[] => {
  let next = 0;
  const between = (from: number, to: number): LineNode[] => {
    const nodes: LineNode[] = [];
    const leaf = (kind: Leaf['kind'], end: number): void => {
      if (end > from) nodes.push({ kind, text: line.slice(from, end) });
      from = end;
    };
    for (let span = spans[next]; span !== undefined && span.from < to; span = spans[next]) {
      next += 1;
      leaf('text', span.from);
      const [begin, end] = [span.from + span.size, span.to - span.size];
      nodes.push({
        kind: span.kind,
        nodes: [
          { kind: 'mark', text: line.slice(span.from, begin) },
          ...between(begin, end),
          { kind: 'mark', text: line.slice(end, span.to) },
        ],
      });
      from = span.to;
    }
    leaf('text', to);
    return nodes;
  };
  return between(0, line.length);
};

export const formatLine = (line: string): readonly LineNode[] => {
  const code = findCode(line);
  // To the marks around it code is one word.
  const styles = findStyles(line.replace(CODE, (found) => 'x'.repeat(found.length)));
  return nest(
    line,
    [...code, ...styles].sort((a, b) => a.from - b.from),
  );
};
