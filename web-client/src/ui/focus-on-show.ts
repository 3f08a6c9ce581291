import type { Attachment } from 'svelte/attachments';

/** Gives a screen's heading (with `tabindex="-1"`) the focus when the screen is shown, so that it is read out. */
export const focusOnShow: Attachment<HTMLElement> = (element) => element.focus({ preventScroll: true });

/** The same, unless what has the focus is still there to be seen. */
export const focusIfLost: Attachment<HTMLElement> = (element) => {
  const { activeElement } = document;
  if (activeElement === document.body || activeElement?.checkVisibility() !== true) focusOnShow(element);
};
