import type { ConversationId, Message } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import type { EngineEvent } from '../engine/channel.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';
import { mergeMessages, messageKey, removedKey } from './message-window.ts';

const PAGE = 30;

/** The messages of a conversation that have files, as far back as was asked for. */
export class FilesOfConversation {
  readonly #calls: Pick<Calls, 'messagesWithFiles'>;
  readonly #conversation: ConversationId;
  readonly #events: Subscription;
  #isClosed = false;
  /** Oldest first. */
  #messages = $state.raw<readonly Message[]>([]);
  readonly #newestFirst = $derived(this.#messages.toReversed());
  #state = $state.raw<'reading' | 'read' | 'failed'>('read');
  /** What to go on before; undefined: from the end of the conversation. */
  #next = $state.raw<Message | null | undefined>(undefined);

  constructor(
    calls: Pick<Calls, 'messagesWithFiles'>,
    feed: Pick<EventFeed, 'subscribe'>,
    conversation: ConversationId,
  ) {
    this.#calls = calls;
    this.#conversation = conversation;
    this.#events = feed.subscribe((events) => this.#apply(events));
  }

  /** Newest first. */
  get messages(): readonly Message[] {
    return this.#newestFirst;
  }
  get state(): 'reading' | 'read' | 'failed' {
    return this.#state;
  }
  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Reads older ones, until there are some more or the conversation has no others. */
  readOn(): Promise<void> {
    // What is deleted meanwhile may be among what is read.
    return this.#events.holdDuring(() => this.#readOn());
  }

  /** Reads the newest ones, as many as are found at one look: among some thousand messages. */
  readNewest(): Promise<void> {
    return this.#events.holdDuring(() => this.#readOn(1));
  }

  close(): void {
    this.#isClosed = true;
    this.#events.end();
  }

  async #readOn(looks = Infinity): Promise<void> {
    if (this.#state === 'reading') return;
    this.#state = 'reading';
    const wanted = this.#messages.length + PAGE;
    try {
      for (let look = 0; look < looks; look += 1) {
        if (this.#isClosed || this.#messages.length >= wanted || this.#next === null) break;
        const { found, next } = await this.#calls.messagesWithFiles(this.#conversation, {
          ...(this.#next && { before: this.#next }),
          limit: wanted - this.#messages.length,
        });
        this.#next = next;
        this.#take(found.toReversed());
      }
      this.#state = 'read';
    } catch {
      this.#state = 'failed';
    }
  }

  #apply(events: readonly EngineEvent[]): void {
    for (const { type, detail } of events) {
      if (type !== 'message' && type !== 'message-changed' && type !== 'message-removed') continue;
      if (detail.conversation !== this.#conversation) continue;
      if (type === 'message-removed') this.#drop(removedKey(detail));
      else if ((detail.files?.length ?? 0) === 0) this.#drop(messageKey(detail));
      else if (type === 'message' || this.#has(messageKey(detail))) this.#take([detail]);
    }
  }

  #has(key: string): boolean {
    return this.#messages.some((message) => messageKey(message) === key);
  }
  #drop(key: string): void {
    if (this.#has(key)) this.#messages = this.#messages.filter((message) => messageKey(message) !== key);
  }
  /** Oldest first. */
  #take(messages: readonly Message[]): void {
    this.#messages = mergeMessages(this.#messages, messages);
  }
}
