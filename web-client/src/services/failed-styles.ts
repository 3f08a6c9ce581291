/** Styles that could not be fetched are asked for again: the loader takes each that the page has an element of for fetched. */
export const forgetFailedStyles = (): void => {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]'))
    if (link.sheet === null) link.remove();
};
