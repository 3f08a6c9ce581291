import { en, type Loose, type Strings } from '../i18n/en/index.ts';
import { StoredChoice } from './stored.svelte.ts';

export type Language = 'en' | 'de';

const ofBrowser = (): Language => (navigator.language.startsWith('de') ? 'de' : 'en');

/** The language of the messenger: its strings, and how it writes times. English until the wanted one is loaded. */
export class Locale {
  readonly choice = new StoredChoice('language', ['system', 'en', 'de']);
  readonly #wanted = $derived(this.choice.value === 'system' ? ofBrowser() : this.choice.value);
  #german = $state.raw<Strings | null>(null);
  readonly language: Language = $derived(this.#german === null ? 'en' : this.#wanted);
  readonly t: Strings = $derived(this.language === 'de' && this.#german !== null ? this.#german : en);
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

  readonly #number = $derived(new Intl.NumberFormat(this.#region));

  /** Fetches the strings of the wanted language, if they are not there yet. */
  async load(): Promise<void> {
    if (this.#wanted === 'en' || this.#german !== null) return;
    // Without a network it may not be there: English does until the next time.
    const loaded = await import('../i18n/de/index.ts').catch(() => null);
    this.#german = loaded?.de ?? null;
  }
  number(value: number): string {
    return this.#number.format(value);
  }
  /** Texts that come with what is loaded when it is needed. */
  of<Texts>(texts: { readonly en: Texts; readonly de: NoInfer<Loose<Texts>> }): Loose<Texts> {
    return texts[this.language] as Loose<Texts>;
  }
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
