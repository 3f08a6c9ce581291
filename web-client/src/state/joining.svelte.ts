import type { Engine } from '../engine/engine.ts';
import { failureOf, type Failure } from '../services/error-text.ts';
import { ShownCode } from './shown-code.svelte.ts';

/** This device, which has no account yet, is linked to one. */
export class Joining {
  readonly #engine: Pick<Engine, 'calls'>;
  readonly #deviceName: string;
  readonly shown: ShownCode;
  #digits = $state.raw<string | null>(null);
  #username = $state.raw<string | null>(null);
  #taking = $state.raw(false);
  #failure = $state.raw<Failure | null>(null);

  constructor(engine: Pick<Engine, 'calls'>, deviceName: string) {
    this.#engine = engine;
    this.#deviceName = deviceName;
    this.shown = new ShownCode(() => engine.calls.showJoinCode(deviceName));
  }

  /** Once the code of the other device has been taken: what both show. */
  get digits(): string | null {
    return this.#digits;
  }
  /** Whose device this is about to be. */
  get username(): string | null {
    return this.#username;
  }
  get taking(): boolean {
    return this.#taking;
  }
  /** Why the code that was taken is of no use. */
  get failure(): Failure | null {
    return this.#failure;
  }

  async show(): Promise<void> {
    this.#forget();
    const link = await this.shown.make();
    if (link === null) return;
    try {
      await this.#join(link);
    } catch (error) {
      this.#username = null;
      this.shown.fail(link, error);
    }
  }
  async take(code: string): Promise<void> {
    if (this.#taking) return;
    this.#forget();
    this.#taking = true;
    try {
      const { link, digits } = await this.#engine.calls.takeLinkCode(code, this.#deviceName);
      this.shown.stop();
      this.#digits = digits;
      await this.#join(link);
    } catch (error) {
      this.#forget();
      this.#failure = failureOf(error);
    } finally {
      this.#taking = false;
    }
  }
  end(): void {
    this.shown.stop();
    this.#forget();
    void this.#engine.calls.endLinking().catch(() => undefined);
  }

  async #join(link: string): Promise<void> {
    const { calls } = this.#engine;
    const { username } = await calls.invited(link);
    this.#username = username;
    await calls.join(link);
  }
  #forget(): void {
    this.#digits = null;
    this.#username = null;
    this.#failure = null;
  }
}
