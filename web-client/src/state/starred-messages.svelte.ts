import type { ConversationId, Message } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import type { EngineEvent } from '../engine/channel.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';
import { compareMessages, messageKey, removedKey } from './message-window.ts';

const PAGE = 50;

/** Tells messages of all conversations apart. */
const keyOf = (message: Pick<Message, 'conversation' | 'id' | 'direction'>): string =>
  `${message.conversation} ${messageKey(message)}`;

/** The messages that this person has starred, in one conversation or (null) in all, as far back as was asked for. */
export class StarredMessages {
  readonly #calls: Pick<Calls, 'starredMessages'>;
  readonly #conversation: ConversationId | null;
  readonly #events: Subscription;
  #messages = $state.raw<readonly Message[]>([]);
  #state = $state.raw<'reading' | 'read' | 'failed'>('read');
  #hasMore = $state.raw(true);

  constructor(
    calls: Pick<Calls, 'starredMessages'>,
    feed: Pick<EventFeed, 'subscribe'>,
    conversation: ConversationId | null,
  ) {
    this.#calls = calls;
    this.#conversation = conversation;
    this.#events = feed.subscribe((events) => {
      for (const event of events) this.#apply(event);
    });
  }

  /** Newest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }
  get state(): 'reading' | 'read' | 'failed' {
    return this.#state;
  }
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Reads older ones. */
  readOn(): Promise<void> {
    // What loses its star meanwhile may be among what is read.
    return this.#events.holdDuring(() => this.#readOn());
  }
  close(): void {
    this.#events.end();
  }

  async #readOn(): Promise<void> {
    if (this.#state === 'reading') return;
    this.#state = 'reading';
    const before = this.#messages.at(-1);
    try {
      const page = await this.#calls.starredMessages({
        ...(this.#conversation !== null && { conversation: this.#conversation }),
        ...(before && { before }),
        limit: PAGE,
      });
      this.#hasMore = page.length === PAGE;
      this.#messages = [...this.#messages, ...page];
      this.#state = 'read';
    } catch {
      this.#state = 'failed';
    }
  }

  #apply({ type, detail }: EngineEvent): void {
    switch (type) {
      case 'message':
      case 'message-changed':
        this.#drop((message) => keyOf(message) === keyOf(detail));
        if (detail.starred?.value) this.#take(detail);
        break;
      case 'message-removed':
        this.#drop(
          (message) =>
            message.conversation === detail.conversation && messageKey(message) === removedKey(detail),
        );
        break;
      case 'conversation-removed':
        this.#drop(({ conversation }) => conversation === detail.conversation);
        break;
      default:
        break;
    }
  }

  #drop(isGone: (message: Message) => boolean): void {
    if (this.#messages.some(isGone)) this.#messages = this.#messages.filter((message) => !isGone(message));
  }
  /** What is older than what has been read is read in its turn. */
  #take(message: Message): void {
    if (this.#conversation !== null && message.conversation !== this.#conversation) return;
    const last = this.#messages.at(-1);
    if (this.#hasMore && (last === undefined || compareMessages(message, last) < 0)) return;
    this.#messages = [...this.#messages, message].sort((a, b) => compareMessages(b, a));
  }
}
