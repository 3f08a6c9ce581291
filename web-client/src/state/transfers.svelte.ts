import type { DownloadProgress, Message, UploadProgress } from '@restante/client';
import { SvelteMap } from 'svelte/reactivity';
import type { EventFeed } from '../services/event-feed.ts';

/** Files of more messages are not told apart: those that were told of first are forgotten. */
const MAX_KNOWN = 200;

const keyOf = (id: string, index: number): string => `${id} ${index}`;

/** How far files have got that are on their way, to the nodes or from them. */
export class Transfers {
  readonly #uploads = new SvelteMap<string, UploadProgress>();
  readonly #downloads = new SvelteMap<string, DownloadProgress>();

  constructor(feed: EventFeed) {
    feed.subscribe((events) => {
      for (const { type, detail } of events) {
        if (type === 'upload') this.#note(this.#uploads, detail.id, detail);
        else if (type === 'download') this.#note(this.#downloads, keyOf(detail.id, detail.index), detail);
        else if (type === 'message-changed' && detail.state !== 'queued') this.#uploads.delete(detail.id);
      }
    });
  }

  /** Undefined: nothing is known of it. */
  uploadOf({ id }: Pick<Message, 'id'>): UploadProgress | undefined {
    return this.#uploads.get(id);
  }

  /** Of one file of a message. */
  downloadOf({ id }: Pick<Message, 'id'>, index: number): DownloadProgress | undefined {
    return this.#downloads.get(keyOf(id, index));
  }

  #note<T>(map: SvelteMap<string, T>, key: string, progress: T): void {
    map.set(key, progress);
    const [oldest] = map.keys();
    if (map.size > MAX_KNOWN && oldest !== undefined) map.delete(oldest);
  }
}
