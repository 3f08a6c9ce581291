import type { LucideIcon } from '@lucide/svelte';

/** Something that a menu, or a list of buttons, offers. */
export type MenuItem = {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly danger?: boolean;
  readonly onselect: () => void;
};
