import { isUsername, normalizeUsername } from './username.ts';

/** Whoever opens it is asked whether to add this person. */
export const contactLink = (origin: string, username: string): string =>
  `${origin}/#/add/${encodeURIComponent(username)}`;

/** Whose link this is; null when it is something else, or of another server. */
export const usernameOfLink = (origin: string, link: string): string | null => {
  if (!link.startsWith(`${origin}/#/add/`)) return null;
  const name = normalizeUsername(link.slice(`${origin}/#/add/`.length));
  return isUsername(name) ? name : null;
};
