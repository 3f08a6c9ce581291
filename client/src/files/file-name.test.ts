import { expect, test } from 'vitest';
import { fileName, fileType } from './file-name.ts';

test.each([
  ['holiday.jpg', 'holiday.jpg'],
  ['Größe 2 – Überblick.pdf', 'Größe 2 – Überblick.pdf'],
  ['日本語.txt', '日本語.txt'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['C:\\Windows\\system32\\cmd.exe', 'C__Windows_system32_cmd.exe'],
  // Shown with its end first, it would seem to be a picture.
  ['photo\u202Egnp.exe', 'photognp.exe'],
  ['a\u200Bb\u2066c\u0000d\ne\u2028f.txt', 'abcdef.txt'],
  ['.htaccess', 'htaccess'],
  ['...', 'file'],
  ['', 'file'],
  ['  spaces   inside .txt  ', 'spaces inside .txt'],
  ['ends with dots...', 'ends with dots'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['concert.txt', 'concert.txt'],
  ['<script>.html', '_script_.html'],
  ['lone \uD800 half', 'lone half'],
])('%j is kept as %j', (given, kept) => {
  expect(fileName(given)).toBe(kept);
  expect(fileName(kept)).toBe(kept);
});

test('a long name is cut, its ending is kept, and no character is halved', () => {
  const name = fileName(`${'x'.repeat(195)}${'😀'.repeat(50)}.jpeg`);
  expect(name.length).toBeLessThanOrEqual(200);
  expect(name.endsWith('.jpeg')).toBe(true);
  expect(name.isWellFormed()).toBe(true);
  expect(fileName('y'.repeat(5_000))).toHaveLength(200);
});

test.each([
  ['image/png', 'image/png'],
  ['Text/HTML; charset=utf-8', 'text/html'],
  ['application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.text'],
  ['', 'application/octet-stream'],
  ['image', 'application/octet-stream'],
  ['image/png\r\nx: y', 'application/octet-stream'],
  [`image/${'x'.repeat(100)}`, 'application/octet-stream'],
])('the type %j is kept as %j', (given, kept) => expect(fileType(given)).toBe(kept));
