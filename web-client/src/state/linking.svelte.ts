import type { Engine } from '../engine/engine.ts';
import { failureOf, type Failure } from '../services/error-text.ts';
import { ShownCode } from './shown-code.svelte.ts';

type Applicant = { readonly link: string; readonly name: string; readonly digits: string | null };

/** `sent`: it has not been seen on the list yet. */
export type LinkingStep = 'taking' | 'showing' | 'asking' | 'linking' | 'linked' | 'sent';

/** What a device calls itself, without what could turn the question around that it stands in. */
const legible = (name: string): string =>
  name.replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, ' ').trim() || '?';

/** This device has another one linked to its account. */
export class Linking {
  readonly #engine: Pick<Engine, 'calls'>;
  readonly shown: ShownCode;
  #step = $state.raw<LinkingStep>('taking');
  #applicant = $state.raw<Applicant | null>(null);
  #failure = $state.raw<Failure | null>(null);

  constructor(engine: Pick<Engine, 'calls'>) {
    this.#engine = engine;
    this.shown = new ShownCode(() => engine.calls.showLinkCode());
  }

  get step(): LinkingStep {
    return this.#step;
  }
  /** Who is to be let in. */
  get applicant(): Applicant | null {
    return this.#applicant;
  }
  get failure(): Failure | null {
    return this.#failure;
  }

  async take(code: string): Promise<void> {
    this.#failure = null;
    try {
      this.#ask({ ...(await this.#engine.calls.takeJoinCode(code)), digits: null });
    } catch (error) {
      this.#failure = failureOf(error);
    }
  }
  async show(): Promise<void> {
    this.#to('showing');
    const link = await this.shown.make();
    if (link === null) return;
    try {
      const told = await this.#engine.calls.applicant(link);
      if (this.#step === 'showing') this.#ask({ link, ...told });
    } catch (error) {
      this.shown.fail(link, error);
    }
  }
  async letIn(): Promise<void> {
    const { calls } = this.#engine;
    const applicant = this.#applicant;
    if (applicant === null || this.#step !== 'asking') return;
    this.#failure = null;
    this.#step = 'linking';
    try {
      await calls.linkDevice(applicant.link);
    } catch (error) {
      if (this.#applicant !== applicant) return;
      this.#failure = failureOf(error);
      this.#step = 'asking';
      return;
    }
    await this.#seeLinked(applicant);
  }
  /** From the beginning. */
  begin(): void {
    this.#to('taking');
  }
  end(): void {
    this.#to('taking');
    void this.#engine.calls.endLinking().catch(() => undefined);
  }

  /** As long as it is shown, however long the new device takes. */
  async #seeLinked(applicant: Applicant): Promise<void> {
    const { calls } = this.#engine;
    try {
      while (!(await calls.isLinked(applicant.link))) if (this.#applicant === applicant) this.#step = 'sent';
    } catch {
      // There is another code, or none any more.
      if (this.#applicant === applicant) this.#step = 'sent';
      return;
    }
    if (this.#applicant === applicant) this.#step = 'linked';
  }
  #to(step: LinkingStep): void {
    this.shown.stop();
    this.#applicant = null;
    this.#failure = null;
    this.#step = step;
  }
  #ask(applicant: Applicant): void {
    this.#to('asking');
    this.#applicant = { ...applicant, name: legible(applicant.name) };
  }
}
