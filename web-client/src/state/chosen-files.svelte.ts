import { MAX_FILES } from '@restante/client/file-limits';
import type { ChosenFile } from '../services/prepare-files.ts';
import type { Spoken } from './voice-message.svelte.ts';

/** The files that a person has chosen to send in a conversation, and not sent yet. */
export class ChosenFiles {
  #files = $state.raw<readonly ChosenFile[]>([]);
  /** Some were left out: a message has room for so many. */
  #tooMany = $state.raw(false);

  get files(): readonly ChosenFile[] {
    return this.#files;
  }
  get tooMany(): boolean {
    return this.#tooMany;
  }

  add(files: Iterable<File>): void {
    this.#add([...files].map((content) => ({ content, name: content.name, asIs: false })));
  }

  addSpoken({ content, seconds, waveform }: Spoken, name: string): void {
    this.#add([{ content, name, asIs: true, voice: { seconds, waveform } }]);
  }

  #add(added: readonly ChosenFile[]): void {
    const all = [...this.#files, ...added];
    this.#tooMany = all.length > MAX_FILES;
    this.#files = all.slice(0, MAX_FILES);
  }

  remove(file: ChosenFile): void {
    this.#files = this.#files.filter((other) => other !== file);
    this.#tooMany = false;
  }

  /** Whether a picture is sent as the file that it is. */
  setAsIs(file: ChosenFile, asIs: boolean): void {
    this.#files = this.#files.map((other) => (other === file ? { ...file, asIs } : other));
  }

  /** Takes all of them to send them. */
  take(): readonly ChosenFile[] {
    const taken = this.#files;
    this.#files = [];
    this.#tooMany = false;
    return taken;
  }

  /** They could not be sent. */
  putBack(files: readonly ChosenFile[]): void {
    this.#files = [...files, ...this.#files].slice(0, MAX_FILES);
  }
}
