import type { Message, MessageFile } from '@restante/client';
import type { Attachment } from 'svelte/attachments';
import { saveFile } from '../../services/save-file.ts';
import type { App } from '../../state/app.ts';
import { FetchedFile } from './fetched-file.svelte.ts';
import { fetchWhenSeen } from './fetch-when-seen.svelte.ts';
import { fileFailureText, isGone } from './file-failure.ts';
import { PlayedFile } from './played-file.svelte.ts';

export type FileProps = {
  readonly message: Message;
  readonly file: MessageFile;
  readonly index: number;
};

/**
 * A file of a message where it is shown: fetched when it is seen, if that was chosen, saved, and asked for when no node has it any more. Belongs
 * to the component that makes it.
 */
export class ShownFile {
  readonly fetched: FetchedFile;
  /** Of the element by which it is seen. */
  readonly seen: Attachment;
  protected readonly app: App;
  readonly #file: MessageFile;

  /** `onSeen`: what is done when it is seen and is to be fetched. */
  constructor(app: App, { message, file, index }: FileProps, onSeen?: () => void) {
    this.app = app;
    this.#file = file;
    this.fetched = new FetchedFile(app.files, message, index);
    const fetch = onSeen ?? ((): void => void this.fetched.fetchUnasked());
    this.seen = fetchWhenSeen(app, () => ({ message, file }), fetch);
  }

  /** Why it could not be had, in words; null: nothing stands in the way. */
  get problem(): string | null {
    const { failure } = this.fetched;
    return failure === null ? null : fileFailureText(failure, this.app.locale.t);
  }
  /** No node has it any more. */
  get isGone(): boolean {
    return isGone(this.fetched.failure);
  }

  async save(): Promise<void> {
    const content = await this.fetched.fetch();
    if (content !== null) saveFile(content, this.#file.name);
  }
  /** A device has stored it again: what could not be done is done. */
  async again(): Promise<void> {
    await this.fetched.fetch();
  }
}

/** One that can be played, too. */
export class PlayableFile extends ShownFile {
  readonly played: PlayedFile;

  constructor(app: App, props: FileProps, kind: () => 'audio' | 'video') {
    super(app, props);
    const { message, index } = props;
    const { files, media } = app;
    this.played = new PlayedFile({ files, message, index, kind, media, fetched: this.fetched });
  }

  override get problem(): string | null {
    return this.played.problem(this.app.locale.t) ?? super.problem;
  }
  override get isGone(): boolean {
    return this.played.isGone || super.isGone;
  }
  override async again(): Promise<void> {
    await (this.played.isGone ? this.played.open() : super.again());
  }
}
