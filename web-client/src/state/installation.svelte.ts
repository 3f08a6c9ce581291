/** Chromium's offer to install a site; not in the DOM's types, as no standard has it. */
type InstallPrompt = Event & { readonly prompt: () => Promise<{ outcome: 'accepted' | 'dismissed' }> };

/** Whether the browser offers to install the messenger. */
export class Installation {
  #prompt = $state.raw<InstallPrompt | null>(null);

  constructor() {
    window.addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#prompt = event as InstallPrompt;
    });
    window.addEventListener('appinstalled', () => (this.#prompt = null));
  }

  get offered(): boolean {
    return this.#prompt !== null;
  }
  /** The browser asks the person; an offer can be taken once. */
  async install(): Promise<void> {
    const prompt = this.#prompt;
    this.#prompt = null;
    await prompt?.prompt();
  }
}
