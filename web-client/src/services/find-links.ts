import { LinkifyIt } from 'linkify-it';
import { isFileName } from './file-endings.ts';

/** A piece of a text. `href`: it is a link; `host`: where that leads, when the text does not say so plainly. */
export type LinkPart = { readonly text: string; readonly href: string | null; readonly host: string | null };

const PROTOCOLS = ['http:', 'https:', 'mailto:'];

/** Characters that are not seen, or that change the order in which others are. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Scripts whose letters look like those of others. */
const SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

const mixesScripts = (host: string): boolean =>
  host.split('.').some((label) => SCRIPTS.filter((script) => script.test(label)).length > 1);

/** What stands around a link without a space between is taken for a part of it by who reads it. */
const wordAround = (text: string, start: number, end: number): string =>
  (/\S*$/u.exec(text.slice(0, start))?.[0] ?? '') +
  text.slice(start, end) +
  (/^\S*/u.exec(text.slice(end))?.[0] ?? '');

const hostOf = (url: URL): string =>
  url.protocol === 'mailto:' ? url.pathname.slice(url.pathname.lastIndexOf('@') + 1) : url.host;

/** Where a link leads; null: it deceives, or leads to no page and no mailbox. */
const check = (text: string, address: string): { href: string; host: string | null } | null => {
  const url = URL.parse(address);
  if (url === null || !PROTOCOLS.includes(url.protocol)) return null;
  if (url.username !== '' || url.password !== '') return null;
  const host = hostOf(url);
  const rest = text.replace(/^\w+:(\/\/)?/, '');
  const shownHost = url.protocol === 'mailto:' ? rest : rest.replace(/[/?#].*$/su, '');
  if (mixesScripts(shownHost)) return null;
  return { href: url.href, host: rest.toLowerCase().includes(host.toLowerCase()) ? null : host };
};

const linkify = new LinkifyIt({ fuzzyLink: true });
for (const schema of ['ftp:', '//']) linkify.add(schema, null);

/** The text in pieces, with its links to pages and mail addresses. */
export const findLinks = (text: string): readonly LinkPart[] => {
  const parts: LinkPart[] = [];
  let at = 0;
  for (const { index, lastIndex, schema, url } of linkify.match(text) ?? []) {
    const shown = text.slice(index, lastIndex);
    // `https://bank.example@other.example` leads to the latter.
    const cutAtName = schema.startsWith('http') && text[lastIndex] === '@';
    if (cutAtName || INVISIBLE.test(wordAround(text, index, lastIndex))) continue;
    if (schema === '' && isFileName(shown)) continue;
    const link = check(shown, schema === '' ? url.replace(/^http:/, 'https:') : url);
    if (link === null) continue;
    if (index > at) parts.push({ text: text.slice(at, index), href: null, host: null });
    parts.push({ text: shown, ...link });
    at = lastIndex;
  }
  if (at < text.length) parts.push({ text: text.slice(at), href: null, host: null });
  return parts;
};
