import { createContext } from 'svelte';
import type { LinkPart } from '../services/find-links.ts';

/** Texts without any of this have no link. */
const MAY_HAVE_LINK = /:\/\/|mailto:|@|\.\p{L}/iu;

/** Finds links in texts. What that takes is loaded with the first text that may have one; until then it is only text. */
export class Links {
  #find = $state.raw<((text: string) => readonly LinkPart[]) | null>(null);
  #asked = false;

  in(text: string): readonly LinkPart[] {
    if (!MAY_HAVE_LINK.test(text)) return [{ text, href: null, host: null }];
    if (this.#find !== null) return this.#find(text);
    if (!this.#asked) void this.#load();
    return [{ text, href: null, host: null }];
  }

  async #load(): Promise<void> {
    this.#asked = true;
    try {
      this.#find = (await import('../services/find-links.ts')).findLinks;
    } catch {
      this.#asked = false;
    }
  }
}

export const [getLinks, provideLinks] = createContext<Links>();
