import type { Attachment } from 'svelte/attachments';

/** Calls `onSeen` once, when a person can see some of the element. */
export const whenSeen =
  (onSeen: () => void): Attachment =>
  (element) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      onSeen();
    });
    observer.observe(element);
    return () => observer.disconnect();
  };
