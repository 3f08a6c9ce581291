import type { ConversationId } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';
import type { Route } from '../state/router.svelte.ts';

type Words = Pick<Strings, 'appName' | 'files' | 'people' | 'settings' | 'starred'>;

const subjectOf = (
  route: Route,
  t: Words,
  nameOf: (conversation: ConversationId) => string,
): string | null => {
  switch (route.name) {
    case 'home':
      return null;
    case 'conversation':
    case 'details':
      return nameOf(route.conversation);
    case 'safety':
      return t.people.safetyTitle(nameOf(route.conversation));
    case 'files':
      return t.files.allTitle(nameOf(route.conversation));
    case 'starred':
      return route.conversation === null ? t.starred.title : t.starred.titleWith(nameOf(route.conversation));
    case 'add':
      return t.people.addTitle;
    case 'settings':
      return route.section === null ? t.settings.title : t.settings.sections[route.section];
  }
};

/** What a tab and the browser's history call the page: what is shown, and the messenger. */
export const pageTitle = (
  route: Route,
  t: Words,
  nameOf: (conversation: ConversationId) => string,
): string => {
  const subject = subjectOf(route, t, nameOf);
  return subject === null ? t.appName : `${subject} – ${t.appName}`;
};
