import { isUsername, normalizeUsername } from './username.ts';

/** Whoever opens it is asked whether to add this person. */
export const contactLink = (origin: string, username: string): string =>
  `${origin}/#/add/${encodeURIComponent(username)}`;

/** What somebody gave as a contact: whom it names here; or it is of another server, or names nobody. */
export type GivenContact =
  | { readonly is: 'name'; readonly username: string }
  | { readonly is: 'elsewhere' }
  | { readonly is: 'nothing' };

const NOTHING: GivenContact = { is: 'nothing' };

/** A contact's link, also in the middle of a text, and without what it begins with. */
const LINK = /(?:^|[\s<("'])(?:https?:\/\/)?([\w.:[\]-]+)\/#\/add\/([^\s<>"')]*)/iu;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // Half an escape: no name has one.
    return text;
  }
};

const named = (text: string): GivenContact => {
  const username = normalizeUsername(text);
  return isUsername(username) ? { is: 'name', username } : NOTHING;
};

/** Reads a link of this server, alone or in a text. */
export const contactOfLink = (origin: string, text: string): GivenContact => {
  const [, host = '', name = ''] = LINK.exec(text) ?? [];
  if (name === '') return NOTHING;
  return host.toLowerCase() === new URL(origin).host ? named(decoded(name)) : { is: 'elsewhere' };
};

/** Reads what people type and paste: a link, `@name`, or a name, with whatever is not seen around it. */
export const contactOf = (origin: string, typed: string): GivenContact => {
  const text = typed.replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, ' ').trim();
  const linked = contactOfLink(origin, text);
  return linked.is === 'nothing' ? named(text.replace(/^[@＠]\s*/u, '')) : linked;
};
