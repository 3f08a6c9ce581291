import { StoredChoice } from './stored.svelte.ts';

export type Theme = 'system' | 'light' | 'dark';

/** Light, dark, or as the system is. */
export const themeChoice = (): StoredChoice<Theme> =>
  new StoredChoice<Theme>('theme', ['system', 'light', 'dark'], (theme) => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  });
