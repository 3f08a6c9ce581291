import type { Attachment } from 'svelte/attachments';

/**
 * Which elements a person can see some of, as the browser has laid them out: whatever moved them there. `onChange` is
 * told after it has changed.
 */
export type InView = {
  /** Watches an element under this name. */
  readonly watch: (name: string) => Attachment;
  readonly has: (name: string) => boolean;
};

export const createInView = (onChange: () => void): InView => {
  const names = new Map<Element, string>();
  const visible = new Set<string>();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const name = names.get(target);
      if (name === undefined) continue;
      if (isIntersecting) visible.add(name);
      else visible.delete(name);
    }
    onChange();
  });
  return {
    watch: (name) => (element) => {
      names.set(element, name);
      observer.observe(element);
      return () => {
        observer.unobserve(element);
        names.delete(element);
        visible.delete(name);
      };
    },
    has: (name) => visible.has(name),
  };
};
