import type { Engine } from '../engine/engine.ts';
import { StoredChoice } from './stored.svelte.ts';

const MINUTE_MS = 60_000;
const CHOICES = {
  minute: MINUTE_MS,
  quarter: 15 * MINUTE_MS,
  hour: 60 * MINUTE_MS,
  hours: 8 * 60 * MINUTE_MS,
  never: null,
} as const;
export type LockAfterChoice = keyof typeof CHOICES;
export const LOCK_AFTER_CHOICES = ['minute', 'quarter', 'hour', 'hours', 'never'] as const;

/** After which time without anybody a messenger with a passphrase locks. */
export class LockAfter {
  readonly #choice = new StoredChoice<LockAfterChoice>('lock-after', [
    'quarter',
    ...LOCK_AFTER_CHOICES.filter((choice) => choice !== 'quarter'),
  ]);
  readonly #engine: Pick<Engine, 'lockAfter'>;

  constructor(engine: Pick<Engine, 'lockAfter'>) {
    this.#engine = engine;
    this.#apply();
    window.addEventListener('storage', () => this.#apply());
  }

  get value(): LockAfterChoice {
    return this.#choice.value;
  }
  set value(value: LockAfterChoice) {
    this.#choice.value = value;
    this.#apply();
  }

  #apply(): void {
    this.#engine.lockAfter(CHOICES[this.#choice.value]);
  }
}
