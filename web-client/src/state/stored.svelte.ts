/** A choice of this browser, kept in localStorage and followed by all tabs. What is stored but unknown counts as the first choice. */
export class StoredChoice<T extends string> {
  readonly #key: string;
  readonly #choices: readonly [T, ...T[]];
  #value = $state.raw() as T;

  constructor(key: string, choices: readonly [T, ...T[]]) {
    this.#key = key;
    this.#choices = choices;
    this.#value = this.#read(localStorage.getItem(key));
    window.addEventListener('storage', (event) => {
      if (event.key === key) this.#value = this.#read(event.newValue);
    });
  }

  get value(): T {
    return this.#value;
  }
  set value(value: T) {
    this.#value = value;
    localStorage.setItem(this.#key, value);
  }

  #read(stored: string | null): T {
    return this.#choices.find((choice) => choice === stored) ?? this.#choices[0];
  }
}
