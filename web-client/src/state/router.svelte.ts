import type { ConversationId } from '@restante/client';
export const SETTINGS_SECTIONS = [
  'account',
  'privacy',
  'appearance',
  'notifications',
  'devices',
  'storage',
] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

export type Route =
  /** `invite`: the code in the link that was followed, for who has no account yet. */
  | { readonly name: 'home'; readonly invite?: string }
  | { readonly name: 'conversation'; readonly conversation: ConversationId }
  /** The conversation, with what there is to know and to choose about it. */
  | { readonly name: 'details'; readonly conversation: ConversationId }
  | { readonly name: 'safety'; readonly conversation: ConversationId }
  | { readonly name: 'files'; readonly conversation: ConversationId }
  /** What this person has starred: there, or (null) anywhere. */
  | { readonly name: 'starred'; readonly conversation: ConversationId | null }
  /** `username`: whose link was followed. */
  | { readonly name: 'add'; readonly username: string | null }
  | { readonly name: 'settings'; readonly section: SettingsSection | null };

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    // Half an escape, in an address that somebody typed.
    return part;
  }
};

const parse = (hash: string): Route => {
  const [first, second, third] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (first === 'c' && second) {
    const about = (['details', 'safety', 'files', 'starred'] as const).find((name) => name === third);
    return { name: about ?? 'conversation', conversation: second as ConversationId };
  }
  if (first === 'starred') return { name: 'starred', conversation: null };
  if (first === 'add') return { name: 'add', username: second || null };
  if (first === 'invite' && second) return { name: 'home', invite: second };
  if (first === 'settings') {
    return { name: 'settings', section: SETTINGS_SECTIONS.find((section) => section === second) ?? null };
  }
  return { name: 'home' };
};

const format = (route: Route): string => {
  switch (route.name) {
    case 'home':
      return '#/';
    case 'conversation':
      return `#/c/${route.conversation}`;
    case 'details':
      return `#/c/${route.conversation}/details`;
    case 'safety':
      return `#/c/${route.conversation}/safety`;
    case 'files':
      return `#/c/${route.conversation}/files`;
    case 'starred':
      return route.conversation === null ? '#/starred' : `#/c/${route.conversation}/starred`;
    case 'add':
      return route.username === null ? '#/add' : `#/add/${encodeURIComponent(route.username)}`;
    case 'settings':
      return route.section === null ? '#/settings' : `#/settings/${route.section}`;
  }
};

/** What is shown, as the address says. */
export class Router {
  #route = $state.raw<Route>(parse(location.hash));

  constructor() {
    window.addEventListener('hashchange', () => (this.#route = parse(location.hash)));
  }

  get route(): Route {
    return this.#route;
  }
  /** For links: `href={router.href({ name: 'home' })}`. */
  href(route: Route): string {
    return format(route);
  }
  go(route: Route): void {
    location.hash = format(route);
  }
  /** The same in the place of what is shown, which the browser's way back does not lead to then. */
  replace(route: Route): void {
    location.replace(format(route));
  }
}
