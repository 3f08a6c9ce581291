import type { Message } from '@restante/client';
import type { Strings } from '../../i18n/en/index.ts';
import { failureOf, type Failure } from '../../services/error-text.ts';
import { MEDIA_HEADER_BYTES, mediaType, type MediaType } from '../../services/media-type.ts';
import type { MediaUrl, MediaUrls } from '../../services/media-urls.ts';
import type { MessageFiles } from '../../state/message-files.ts';
import type { FetchedFile } from './fetched-file.svelte.ts';
import { fileFailureText, isAway, isGone } from './file-failure.ts';
import { objectUrl } from './object-url.svelte.ts';

type Parts = {
  readonly files: MessageFiles;
  readonly message: Message;
  readonly index: number;
  readonly kind: () => 'audio' | 'video';
  readonly media: MediaUrls;
  /** The same file as a whole. */
  readonly fetched: FetchedFile;
};

/**
 * A film or recording of a message that somebody wants to play: while it comes where a service worker can hand it on, and else when all of it
 * has come. Only what its bytes say to be one is. Belongs to the component that makes it.
 */
export class PlayedFile {
  /** Where it is to be played from, or has been played to, in seconds. */
  position = $state(0);
  readonly #parts: Parts;
  readonly #wholeUrl: () => string | undefined;
  #whole = $state.raw<Blob | null>(null);
  #pieces = $state.raw<MediaUrl | null>(null);
  #failure = $state.raw<Failure | 'not-played' | null>(null);
  #isOpening = $state.raw(false);

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#wholeUrl = objectUrl(() => this.#whole);
    $effect(() => () => this.#close());
  }

  /** For a player; undefined: there is nothing to play (yet). */
  get url(): string | undefined {
    return this.#pieces?.url ?? this.#wholeUrl();
  }
  get isOpening(): boolean {
    return this.#isOpening;
  }
  /** No node has it any more. */
  get isGone(): boolean {
    return this.#failure !== 'not-played' && isGone(this.#failure);
  }
  /** What keeps it from being played, in words, also while it waits for the network; null: nothing does. */
  problem(t: Pick<Strings, 'files' | 'errors'>): string | null {
    if (this.#failure === null) return null;
    return this.#failure === 'not-played' ? t.files.notPlayed : fileFailureText(this.#failure, t);
  }

  /** Gives a URL if that can be. */
  async open(): Promise<void> {
    if (this.#isOpening) return;
    this.#failure = null;
    this.#isOpening = true;
    try {
      const { content } = this.#parts.fetched;
      const type = await this.#type(content ?? (await this.#read(0)));
      if (type === null) this.#failure = 'not-played';
      else if (content !== null) this.#whole = content.slice(0, content.size, type);
      else if (!this.#openPieces(type)) await this.#openWhole(type);
    } catch (error) {
      this.#failure = failureOf(error);
    } finally {
      this.#isOpening = false;
    }
  }

  /** The player has given up. */
  async fail({ code }: MediaError): Promise<void> {
    const wasServed = this.#pieces?.isServed() ?? true;
    this.#close();
    if (!wasServed) {
      if ((await this.#parts.fetched.fetch()) !== null) await this.open();
      return;
    }
    this.#failure ??= code === MediaError.MEDIA_ERR_NETWORK ? { code: 'unreachable' } : 'not-played';
  }

  async #read(from: number): Promise<Blob> {
    const { files, message, index } = this.#parts;
    try {
      const piece = await files.readPiece(message, index, from);
      this.#failure = null;
      return piece;
    } catch (error) {
      this.#failure = failureOf(error);
      throw error;
    }
  }

  async #type(beginning: Blob): Promise<MediaType | null> {
    const bytes = await beginning.slice(0, MEDIA_HEADER_BYTES).arrayBuffer();
    return mediaType(new Uint8Array(bytes), this.#parts.kind());
  }

  #openPieces(type: MediaType): boolean {
    const { media, message, index } = this.#parts;
    const size = message.files?.[index]?.size ?? 0;
    this.#pieces = media.open({
      ...{ type, size },
      read: (from) => this.#read(from),
      mayComeYet: (error) => isAway(failureOf(error)),
    });
    return this.#pieces !== null;
  }

  async #openWhole(type: MediaType): Promise<void> {
    const { fetched } = this.#parts;
    const content = await fetched.fetch();
    this.#whole = content && content.slice(0, content.size, type);
  }

  #close(): void {
    this.#pieces?.close();
    this.#pieces = null;
    this.#whole = null;
  }
}
