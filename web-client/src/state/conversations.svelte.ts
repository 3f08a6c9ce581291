import type { Conversation, ConversationId, MessengerEvents } from '@restante/client';
import type { AccountId } from '@restante/protocol';
import { SvelteMap } from 'svelte/reactivity';
import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';

type PresenceState = MessengerEvents['presence']['state'];
type NoRoom = NonNullable<MessengerEvents['held-up']['code']>;

/** Someone who has not said for this long that they still write has stopped. */
const TYPING_MS = 8_000;

/** Everybody this person writes with: loaded once, then kept by events. */
export class Conversations {
  readonly #calls: Engine['calls'];
  readonly #events: Subscription;
  readonly #byId = new SvelteMap<ConversationId, Conversation>();
  readonly #presence = new SvelteMap<AccountId, PresenceState>();
  readonly #typing = new SvelteMap<ConversationId, ReturnType<typeof setTimeout>>();
  readonly #heldUp = new SvelteMap<ConversationId, NoRoom>();
  #loaded = $state.raw(false);
  readonly #sorted = $derived([...this.#byId.values()].sort((a, b) => b.lastMessageAt - a.lastMessageAt));
  /** Accepted, newest first. */
  readonly list = $derived(this.#sorted.filter(({ standing }) => standing === 'accepted'));
  readonly requests = $derived(this.#sorted.filter(({ standing }) => standing === 'request'));
  readonly blocked = $derived(this.#sorted.filter(({ standing }) => standing === 'blocked'));
  /** Messages in accepted conversations that nobody has seen. */
  readonly unread = $derived(this.list.reduce((sum, { unread }) => sum + unread, 0));

  constructor(engine: Pick<Engine, 'calls' | 'onStatus'>, feed: EventFeed) {
    this.#calls = engine.calls;
    this.#events = feed.subscribe((events) => {
      for (const event of events) this.#apply(event);
    });
    let live = false;
    engine.onStatus(({ phase, connection }) => {
      if (phase !== 'signed-in') {
        this.#clear();
        live = false;
      } else {
        const isLive = connection.name === 'live';
        // What another tab did while it led and went may not have been told: it is read again.
        if (!this.#loaded || (isLive && !live)) void this.#load();
        live = isLive;
        // A master tells who is there whenever a connection begins.
        if (!isLive && connection.name !== 'catching-up') this.#presence.clear();
      }
    });
  }

  /** False until it is known who there is. */
  get loaded(): boolean {
    return this.#loaded;
  }
  get(id: ConversationId): Conversation | undefined {
    return this.#byId.get(id);
  }
  presenceOf(accountId: AccountId): PresenceState {
    return this.#presence.get(accountId) ?? 'offline';
  }
  /** Why what is written there waits; null: it does not. */
  heldUp(id: ConversationId): NoRoom | null {
    return this.#heldUp.get(id) ?? null;
  }
  isTyping(id: ConversationId): boolean {
    return this.#typing.has(id);
  }

  async #load(): Promise<void> {
    await this.#events.holdDuring(async () => {
      const conversations = await this.#calls.conversations();
      this.#byId.clear();
      for (const conversation of conversations) this.#byId.set(conversation.id, conversation);
      this.#loaded = true;
    });
  }

  #clear(): void {
    this.#byId.clear();
    this.#presence.clear();
    this.#heldUp.clear();
    for (const id of [...this.#typing.keys()]) this.#stopTyping(id);
    this.#loaded = false;
  }

  #apply(event: EngineEvent): void {
    switch (event.type) {
      case 'conversation':
        this.#byId.set(event.detail.id, event.detail);
        break;
      case 'conversation-removed':
        this.#byId.delete(event.detail.conversation);
        break;
      case 'presence':
        this.#presence.set(event.detail.accountId, event.detail.state);
        break;
      case 'held-up':
        if (event.detail.code === null) this.#heldUp.delete(event.detail.conversation);
        else this.#heldUp.set(event.detail.conversation, event.detail.code);
        break;
      case 'typing':
        this.#stopTyping(event.detail.conversation);
        if (event.detail.active) this.#startTyping(event.detail.conversation);
        break;
      case 'message':
        if (event.detail.direction === 'in') this.#stopTyping(event.detail.conversation);
        break;
      default:
        break;
    }
  }

  #startTyping(id: ConversationId): void {
    this.#typing.set(
      id,
      setTimeout(() => this.#typing.delete(id), TYPING_MS),
    );
  }

  #stopTyping(id: ConversationId): void {
    clearTimeout(this.#typing.get(id));
    this.#typing.delete(id);
  }
}
