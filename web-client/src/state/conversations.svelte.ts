import type { Conversation, ConversationId, ConversationSettings, MessengerEvents } from '@restante/client';
import { isArchived, isMuted, NO_SETTINGS } from '@restante/client/conversation-settings';
import type { AccountId } from '@restante/protocol';
import { SvelteMap } from 'svelte/reactivity';
import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';

type PresenceState = MessengerEvents['presence']['state'];
type NoRoom = NonNullable<MessengerEvents['held-up']['code']>;

/** As a tab of the release before tells it, which may lead this one. */
type Told = Omit<Conversation, 'settings'> & Partial<Pick<Conversation, 'settings'>>;

/** What a timer can wait for at once. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

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
  /** Is read again when something that is muted is so no more. */
  #nowMs = $state.raw(Date.now());
  #unmuting: ReturnType<typeof setTimeout> | undefined;
  readonly #sorted = $derived([...this.#byId.values()].sort((a, b) => b.lastMessageAt - a.lastMessageAt));
  readonly #accepted = $derived(this.#sorted.filter(({ standing }) => standing === 'accepted'));
  /** Accepted and not archived, the pinned ones first, then the newest. */
  readonly list = $derived(
    this.#accepted
      .filter((each) => !this.isArchived(each))
      .sort((a, b) => Number(b.settings.pinned) - Number(a.settings.pinned)),
  );
  readonly archived = $derived(this.#accepted.filter((each) => this.isArchived(each)));
  readonly requests = $derived(this.#sorted.filter(({ standing }) => standing === 'request'));
  readonly blocked = $derived(this.#sorted.filter(({ standing }) => standing === 'blocked'));
  /** Whether there is anybody to write to, or who wants to. */
  readonly some = $derived(this.#accepted.length > 0 || this.requests.length > 0);
  /** Messages in accepted conversations that nobody has seen, and conversations that are marked as unread; without muted ones. */
  readonly unread = $derived(
    this.list
      .filter((each) => !this.isMuted(each))
      .reduce((sum, { unread, settings }) => sum + (unread || Number(settings.markedUnread)), 0),
  );

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
  isMuted({ settings }: Pick<Conversation, 'settings'>): boolean {
    return isMuted(settings, this.#nowMs);
  }
  isArchived(conversation: Conversation): boolean {
    return isArchived(conversation, this.#nowMs);
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
      for (const conversation of conversations) this.#keep(conversation);
      this.#waitForUnmuting();
      this.#loaded = true;
    });
  }

  #keep(told: Told): ConversationSettings {
    const settings = told.settings ?? NO_SETTINGS;
    this.#byId.set(told.id, { ...told, settings });
    return settings;
  }

  /** Until the first of those that are muted for a time is so no more. */
  #waitForUnmuting(): void {
    clearTimeout(this.#unmuting);
    this.#nowMs = Date.now();
    const ends = [...this.#byId.values()].flatMap(({ settings: { mutedUntil } }) =>
      mutedUntil !== null && mutedUntil > this.#nowMs ? [mutedUntil] : [],
    );
    if (ends.length === 0) return;
    const waitMs = Math.min(MAX_WAIT_MS, Math.min(...ends) - this.#nowMs);
    this.#unmuting = setTimeout(() => this.#waitForUnmuting(), waitMs);
  }

  #clear(): void {
    clearTimeout(this.#unmuting);
    this.#byId.clear();
    this.#presence.clear();
    this.#heldUp.clear();
    for (const id of [...this.#typing.keys()]) this.#stopTyping(id);
    this.#loaded = false;
  }

  #apply(event: EngineEvent): void {
    switch (event.type) {
      case 'conversation':
        if (this.#keep(event.detail).mutedUntil !== null) this.#waitForUnmuting();
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
