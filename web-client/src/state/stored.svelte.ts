/**
 * A choice of this browser, kept in localStorage and followed by all tabs. What is stored but unknown counts as the first choice. `apply` is
 * called with it at once, and with each one after it.
 */
export class StoredChoice<T extends string> {
  readonly #key: string;
  readonly #choices: readonly [T, ...T[]];
  readonly #apply: (value: T) => void;
  #value = $state.raw() as T;

  constructor(key: string, choices: readonly [T, ...T[]], apply: (value: T) => void = () => undefined) {
    this.#key = key;
    this.#choices = choices;
    this.#apply = apply;
    this.#follow(localStorage.getItem(key));
    window.addEventListener('storage', (event) => {
      if (event.key === key) this.#follow(event.newValue);
    });
  }

  get value(): T {
    return this.#value;
  }
  set value(value: T) {
    this.#value = value;
    localStorage.setItem(this.#key, value);
    this.#apply(value);
  }

  #follow(stored: string | null): void {
    this.#value = this.#choices.find((choice) => choice === stored) ?? this.#choices[0];
    this.#apply(this.#value);
  }
}
