/** What opens in the main pane stays within it. */
export const mainPane = (): Element | null => document.querySelector('main');
