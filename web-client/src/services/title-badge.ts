/** More than this is shown as this and a plus. */
const MOST = 99;

/** Shows how much is unread where a person sees it without the tab: in its title, and on the icon of the installed app. */
export const showTitle = (title: string, unread: number): void => {
  const count = unread > MOST ? `${MOST}+` : String(unread);
  document.title = unread > 0 ? `(${count}) ${title}` : title;
  // Only installed apps have an icon to show it on.
  if ('setAppBadge' in navigator) navigator.setAppBadge(unread).catch(() => undefined);
};
