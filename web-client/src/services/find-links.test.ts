import { expect, test } from 'vitest';
import { findLinks } from './find-links.ts';

const links = (text: string) => {
  const parts = findLinks(text);
  expect(parts.map((part) => part.text).join('')).toBe(text);
  return parts.flatMap(({ text: shown, href, host }) => (href === null ? [] : [{ shown, href, host }]));
};

test('pages and mail addresses are links, with and without what they begin by', () => {
  expect(links('See https://example.org/a?b=1#c, example.com and me@example.org.')).toEqual([
    { shown: 'https://example.org/a?b=1#c', href: 'https://example.org/a?b=1#c', host: null },
    { shown: 'example.com', href: 'https://example.com/', host: null },
    { shown: 'me@example.org', href: 'mailto:me@example.org', host: null },
  ]);
  expect(links('http://localhost:8080/x')[0]?.href).toBe('http://localhost:8080/x');
});

test.each([
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'file:///etc/passwd',
  'ftp://example.org/file',
  '//example.org/path',
  'no link at all',
  '',
])('%j is only text', (text) => {
  expect(links(text)).toEqual([]);
});

test.each([
  'readme.md',
  'README.MD, please',
  '(my.notes.md)',
  'it is in main.rs:42, see run.sh!',
  'src/main.rs',
  'C:\\tools\\run.sh',
  'setup.py#L3',
  'readme.md#about/us',
  'run.sh?',
  'libc.so and libc.so.6',
  'photos.zip',
  'index.html, style.css, app.ts, a.tar.gz, report.pdf, notes.txt',
])('%j names files, and is only text', (text) => {
  expect(links(text)).toEqual([]);
});

test.each([
  ['https://readme.md', 'https://readme.md/'],
  ['HTTP://run.sh/', 'http://run.sh/'],
  ['docs.rs/serde', 'https://docs.rs/serde'],
  ['www.example.md', 'https://www.example.md/'],
  ['me@example.sh', 'mailto:me@example.sh'],
  ['allegro.pl', 'https://allegro.pl/'],
  ['example.com/readme.md', 'https://example.com/readme.md'],
])('%j says more than the name of a file, and is a link', (text, href) => {
  expect(links(text)).toEqual([{ shown: text, href, host: null }]);
});

test.each([
  ['a name before the host', 'https://bank.example@evil.example/'],
  ['a name and a password', 'https://bank.example:443@evil.example/'],
  ['a right-to-left override', 'https://example.org/\u202Egpj.exe'],
  ['an isolate around', '\u2066https://example.org/\u2069'],
  ['a space that is not seen', 'https://exam\u200Bple.org/'],
  ['a soft hyphen', 'https://exam\u00ADple.org/'],
  ['a control character', 'https://example.org/\u0007x'],
  ['letters of two scripts in one name', 'https://p\u0430ypal.example/'],
])('%s makes a link text', (_, text) => {
  expect(links(text)).toEqual([]);
});

test('where a link leads is told when its text does not say so', () => {
  expect(links('https://пример.example/')[0]?.host).toBe('xn--e1afmkfd.example');
  expect(links('http://0x7f.1/')[0]?.host ?? '127.0.0.1').toBe('127.0.0.1');
  expect(links('https://EXAMPLE.org/')[0]?.host).toBeNull();
});

test('a text of the greatest size is read in one go', () => {
  expect(links('a.b@'.repeat(16_000)).length).toBeGreaterThanOrEqual(0);
  expect(links(`${'x '.repeat(30_000)}https://example.org/`)).toHaveLength(1);
});
