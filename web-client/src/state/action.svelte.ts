import { failureOf, type Failure } from '../services/error-text.ts';

/** Something that a person asked for: whether it is under way, and why it failed. */
export class Action {
  #busy = $state.raw(false);
  #failure = $state.raw<Failure | null>(null);

  get busy(): boolean {
    return this.#busy;
  }
  get failure(): Failure | null {
    return this.#failure;
  }
  /** Answers whether it was done. While it is under way it does not begin again. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.#busy) return false;
    this.#busy = true;
    this.#failure = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.#failure = failureOf(error);
      return false;
    } finally {
      this.#busy = false;
    }
  }
  forget(): void {
    this.#failure = null;
  }
}
