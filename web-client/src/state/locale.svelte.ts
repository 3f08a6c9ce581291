import { de } from '../i18n/de/index.ts';
import { en, type Strings } from '../i18n/en/index.ts';
import { StoredChoice } from './stored.svelte.ts';

const LANGUAGES = { en, de } satisfies Record<string, Strings>;
export type Language = keyof typeof LANGUAGES;

const ofBrowser = (): Language => (navigator.language.startsWith('de') ? 'de' : 'en');

/** The language of the messenger: its strings, and how it writes times. */
export class Locale {
  readonly choice = new StoredChoice('language', ['system', 'en', 'de']);
  readonly language = $derived(this.choice.value === 'system' ? ofBrowser() : this.choice.value);
  readonly t: Strings = $derived(LANGUAGES[this.language]);
  /** The language as it is written where the browser is at home. */
  readonly #region = $derived(
    navigator.languages.find((language) => language.startsWith(this.language)) ?? this.language,
  );
  readonly #time = $derived(new Intl.DateTimeFormat(this.#region, { hour: '2-digit', minute: '2-digit' }));
  readonly #day = $derived(
    new Intl.DateTimeFormat(this.#region, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    }),
  );
  readonly #date = $derived(
    new Intl.DateTimeFormat(this.#region, { day: '2-digit', month: '2-digit', year: '2-digit' }),
  );

  /** Hours and minutes. */
  time(ms: number): string {
    return this.#time.format(ms);
  }
  /** A day in full. */
  day(ms: number): string {
    return this.#day.format(ms);
  }
  /** A day, short. */
  date(ms: number): string {
    return this.#date.format(ms);
  }
}
