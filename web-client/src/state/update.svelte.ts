import type { AppUpdates } from '../services/app-updates.ts';

/** Whether a new version of the messenger is there. */
export class Update {
  readonly #updates: AppUpdates;
  #ready = $state.raw(false);

  constructor(updates: AppUpdates) {
    this.#updates = updates;
    updates.onUpdate(() => (this.#ready = true));
  }

  get ready(): boolean {
    return this.#ready;
  }
  apply(): void {
    this.#updates.applyUpdate();
  }
}
