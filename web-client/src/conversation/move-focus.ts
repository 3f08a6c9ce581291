const KEYS = ['ArrowDown', 'ArrowUp', 'Home', 'End'];

/** Arrow keys lead from link to link of a list, besides the tab key. */
export const moveFocus = (list: HTMLElement): (() => void) => {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    const links = [...list.querySelectorAll<HTMLElement>('a[href]')].filter((link) => link.checkVisibility());
    const at = links.findIndex((link) => link === document.activeElement);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || goal === undefined) return;
    event.preventDefault();
    links[Math.min(Math.max(goal, 0), links.length - 1)]?.focus();
  };
  list.addEventListener('keydown', onKeyDown);
  return () => list.removeEventListener('keydown', onKeyDown);
};
