import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatText, type FormattedNode } from './formatted-text.ts';

/** As in HTML, with hidden characters left out. */
const written = (nodes: readonly FormattedNode[]): string =>
  nodes
    .map((node) => {
      if ('text' in node) return node.kind === 'text' ? node.text : '';
      const value = node.kind === 'li' && node.value !== undefined ? ` ${node.value}` : '';
      return `<${node.kind}${value}>${written(node.nodes)}</${node.kind}>`;
    })
    .join('');
const shown = (text: string): string => written(formatText(text));
const typed = (nodes: readonly FormattedNode[]): string =>
  nodes.map((node) => ('text' in node ? node.text : typed(node.nodes))).join('');
const depth = (nodes: readonly FormattedNode[]): number =>
  nodes.reduce((most, node) => Math.max(most, 1 + ('nodes' in node ? depth(node.nodes) : 0)), 0);

describe('in a line', () => {
  test.each([
    ['*bold*', '<strong>bold</strong>'],
    ['so _very_ *bold*, ~not~!', 'so <em>very</em> <strong>bold</strong>, <del>not</del>!'],
    ['*two words*', '<strong>two words</strong>'],
    ['*a _b_ ~c~*', '<strong>a <em>b</em> <del>c</del></strong>'],
    ['*_~all~_*', '<strong><em><del>all</del></em></strong>'],
    ['(*a*) "_b_" „*c*“', '(<strong>a</strong>) "<em>b</em>" „<strong>c</strong>“'],
    ['*„Zitat“*', '<strong>„Zitat“</strong>'],
    [
      '⚠️*Achtung* *👍* *prima 👍* *👍 prima*',
      '⚠️<strong>Achtung</strong> <strong>👍</strong> <strong>prima 👍</strong> <strong>👍 prima</strong>',
    ],
    ['*danke :)*', '<strong>danke :)</strong>'],
    ['_שלום_ *مرحبا*', '<em>שלום</em> <strong>مرحبا</strong>'],
    ['*cafe\u0301*', '<strong>cafe\u0301</strong>'],
    ['*snake_case*', '<strong>snake_case</strong>'],
    ['an *open one and *another*', 'an *open one and <strong>another</strong>'],
    ['*a _b* c_', '<strong>a _b</strong> c_'],
    ['a `code` `*`', 'a <code>code</code> <code>*</code>'],
    ['`*a* _b_`', '<code>*a* _b_</code>'],
    ['*see `a* b`*', '<strong>see <code>a* b</code></strong>'],
    ['```in one line``` too', '<code>in one line</code> too'],
    ['*https://x.example/a_b_*', '<strong>https://x.example/a_b_</strong>'],
    ['*one*\n_two_', '<strong>one</strong>\n<em>two</em>'],
  ])('%j', (text, nodes) => {
    expect(shown(text)).toBe(nodes);
  });

  test.each([
    'snake_case_name and _private',
    '2*3*4, 2 * 3 * 4',
    'Preis* und mehr *zzgl. MwSt.',
    'https://x.example/_a_/*b*/~c~?d=_e_&f=(_g_)',
    'src/_site_/x a=*b*',
    '"*.ts" and "*.js"',
    'a * not bold *',
    '*not\nbold*',
    '**more** __than__ ~~one~~',
    '*_* ^_^ -_- >_< *** ___',
    'Love :* and :*',
    'geht`s und hab`s',
    '` ` `` ``` ``````',
    '*x*\u202E',
    '\u202E*https://x.example*',
    '<b>*</b>',
  ])('%j is as it was typed', (text) => {
    expect(formatText(text)).toEqual([{ kind: 'text', text }]);
  });
});

describe('lines', () => {
  test.each([
    ['- a\n- *b*\nc', '<ul><li>a\n</li><li><strong>b</strong>\n</li></ul>c'],
    ['to do:\n* a\n* b', 'to do:\n<ul><li>a\n</li><li>b</li></ul>'],
    ['1. a\n2. b\n\n7. c', '<ol><li 1>a\n</li><li 2>b\n</li></ol>\n<ol><li 7>c</li></ol>'],
    ['10. Mai', '<ol><li 10>Mai</li></ol>'],
    ['- a\n1. b', '<ul><li>a\n</li></ul><ol><li 1>b</li></ol>'],
    ['> a\n> _b_\nc', '<blockquote>a\n<em>b</em>\n</blockquote>c'],
    ['> - a', '<blockquote>- a</blockquote>'],
    ['```\na *b*\n\n- c\n```\nd', '<pre>a *b*\n\n- c\n</pre>d'],
    ['see\n```a\nb``` c', 'see\n<pre>a\nb</pre> c'],
    ['```\na\n``` \n```\nb\n```', '<pre>a\n</pre><pre>b\n</pre>'],
  ])('%j', (text, nodes) => {
    expect(shown(text)).toBe(nodes);
  });

  test.each([
    '-a\n-\n- \n *b\n  - c',
    '2024. A year\n007. Bond\n1.5 l\n100. x',
    '>_< >:( >a\n>',
    '```\nnever closed',
    '```\n\n```',
    'a ```\nb\n```',
  ])('%j is as it was typed', (text) => {
    expect(formatText(text)).toEqual([{ kind: 'text', text }]);
  });

  test('what is open where a text is cut is closed after it', () => {
    expect(written(formatText('see\n```\na\nb', true))).toBe('see\n<pre>a\nb</pre>');
    expect(written(formatText('see\n```', true))).toBe('see\n```');
  });

  test('a mark with a line of its own is known', () => {
    const kinds = (text: string): readonly string[] =>
      formatText(text).flatMap((node) => ('nodes' in node ? node.nodes.map(({ kind }) => kind) : []));
    expect(kinds('```\na\n```')).toEqual(['fence', 'text', 'fence']);
    expect(kinds('```a\nb```')).toEqual(['mark', 'text', 'mark']);
  });
});

const pieces = fc.constantFrom(
  ...['*', '_', '~', '`', '```', '\n', ' ', '\n- ', '\n* ', '\n1. ', '\n> ', '\n```\n', '.', '(', ')', '/'],
  ...['a', 'b2', '👍', '\u202E', '\r\n', '\u2028', '\uD83D', 'x.example', 'https://x.example/_'],
);
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 60 }).map((some) => some.join('')),
  fc.string({ unit: 'binary' }),
);

test('every typed character is shown or a mark, and nothing is deep', () => {
  fc.assert(
    fc.property(texts, fc.boolean(), (text, goesOn) => {
      const nodes = formatText(text, goesOn);
      expect(typed(nodes)).toBe(text);
      expect(depth(nodes)).toBeLessThanOrEqual(7);
    }),
    { numRuns: 2_000 },
  );
});

test('marks hide nothing but themselves', () => {
  const hidden = (nodes: readonly FormattedNode[]): readonly string[] =>
    nodes.flatMap((node) => ('nodes' in node ? hidden(node.nodes) : node.kind === 'text' ? [] : [node.text]));
  fc.assert(
    fc.property(texts, (text) => {
      for (const mark of hidden(formatText(text))) {
        expect(mark).toMatch(/^(?:[*_~`]|```|[-*>] |\d{1,2}\. |```[^\S\n]*\n?)$/);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  '*a',
  'a*',
  '*a* ',
  '*_~',
  '`a',
  '`a ',
  '```',
  '```\n',
  '```a\n',
  '\n- *',
  '> ',
  '1. ',
  '*a _b ~c ',
  ' ',
  '*👍',
])('%j very often is a text like others', (piece) => {
  const text = piece.repeat(64 * 1024);
  const nodes = formatText(text);
  expect(typed(nodes) === text).toBe(true);
  expect(depth(nodes)).toBeLessThanOrEqual(7);
});
