import { StoredChoice } from './stored.svelte.ts';

export type Theme = 'system' | 'light' | 'dark';

/** Light, dark, or as the system is. */
export class ThemeChoice {
  readonly #choice = new StoredChoice<Theme>('theme', ['system', 'light', 'dark']);

  constructor() {
    this.#apply();
    window.addEventListener('storage', () => this.#apply());
  }

  get value(): Theme {
    return this.#choice.value;
  }
  set value(theme: Theme) {
    this.#choice.value = theme;
    this.#apply();
  }

  #apply(): void {
    const { value } = this.#choice;
    if (value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = value;
  }
}
