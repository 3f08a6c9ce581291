import type { Conversation, MessengerEvents } from '@restante/client';
import { SvelteMap } from 'svelte/reactivity';
import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';

type PresenceState = MessengerEvents['presence']['state'];

/** Someone who has not said for this long that they still write has stopped. */
const TYPING_MS = 8_000;

/** Everybody this person writes with: loaded once, then kept by events. */
export class Conversations {
  readonly #calls: Engine['calls'];
  readonly #events: Subscription;
  readonly #byId = new SvelteMap<string, Conversation>();
  readonly #presence = new SvelteMap<string, PresenceState>();
  readonly #typing = new SvelteMap<string, ReturnType<typeof setTimeout>>();
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
  get(accountId: string): Conversation | undefined {
    return this.#byId.get(accountId);
  }
  presenceOf(accountId: string): PresenceState {
    return this.#presence.get(accountId) ?? 'offline';
  }
  isTyping(accountId: string): boolean {
    return this.#typing.has(accountId);
  }

  async #load(): Promise<void> {
    await this.#events.holdDuring(async () => {
      const conversations = await this.#calls.conversations();
      this.#byId.clear();
      for (const conversation of conversations) this.#byId.set(conversation.accountId, conversation);
      this.#loaded = true;
    });
  }

  #clear(): void {
    this.#byId.clear();
    this.#presence.clear();
    for (const accountId of [...this.#typing.keys()]) this.#stopTyping(accountId);
    this.#loaded = false;
  }

  #apply(event: EngineEvent): void {
    switch (event.type) {
      case 'conversation':
        this.#byId.set(event.detail.accountId, event.detail);
        break;
      case 'conversation-removed':
        this.#byId.delete(event.detail.accountId);
        break;
      case 'presence':
        this.#presence.set(event.detail.accountId, event.detail.state);
        break;
      case 'typing':
        this.#stopTyping(event.detail.accountId);
        if (event.detail.active) this.#startTyping(event.detail.accountId);
        break;
      case 'message':
        if (event.detail.direction === 'in') this.#stopTyping(event.detail.accountId);
        break;
      default:
        break;
    }
  }

  #startTyping(accountId: string): void {
    this.#typing.set(
      accountId,
      setTimeout(() => this.#typing.delete(accountId), TYPING_MS),
    );
  }

  #stopTyping(accountId: string): void {
    clearTimeout(this.#typing.get(accountId));
    this.#typing.delete(accountId);
  }
}
