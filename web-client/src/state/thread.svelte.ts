import type { ConversationId, FilesOptions, Message, MessageReference, TextOptions } from '@restante/client';
import { isEditable } from '@restante/client/editable';
import { tick } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { EngineEvent } from '../engine/channel.ts';
import type { Calls, PickedFile } from '../engine/calls.ts';
import type { EventFeed, Subscription } from '../services/event-feed.ts';
import { sentAgain } from '../services/sent-again.ts';
import { Action } from './action.svelte.ts';
import { Edit } from './edit.svelte.ts';
import { findFirstUnread } from './first-unread.ts';
import {
  compareMessages,
  indexByKey,
  isUnread,
  mergeMessages,
  messageKey,
  PAGE_SIZE,
  referencedKey,
  referenceTo,
  WINDOW_SIZE,
} from './message-window.ts';
import { Selection } from './selection.svelte.ts';
import { Quotes } from './quotes.svelte.ts';

/** What the list is to show: a message, the line above the first unread one, or the newest messages. */
export type Goal =
  | { readonly name: 'message'; readonly key: string }
  | { readonly name: 'unread'; readonly key: string }
  | { readonly name: 'latest' };

type ThreadParts = {
  readonly calls: Calls;
  readonly feed: EventFeed;
  /** The own account. */
  readonly self: string;
  readonly conversation: ConversationId;
  /** How many messages are unread when it is opened. */
  readonly unread: number;
};

/**
 * One open conversation. A window of its messages is in memory: the far end is dropped when the near one grows, and
 * read again when it is needed.
 */
export class Thread {
  readonly conversation: ConversationId;
  readonly self: string;
  /** What a person asked for beside messages: that it was not done is told beside them. */
  readonly changing = new Action();
  readonly #calls: Calls;
  readonly #quotes: Quotes;
  readonly #events: Subscription;
  readonly #opening: Promise<void>;
  readonly #marked = new SvelteSet<string>();
  #items = $state.raw<readonly Message[]>([]);
  #atStart = $state.raw(false);
  #atEnd = $state.raw(false);
  #loaded = $state.raw(false);
  #failed = $state.raw(false);
  #firstUnread = $state.raw<MessageReference | null>(null);
  #newBelow = $state.raw(0);
  #shift = $state.raw(false);
  #window = $state.raw(0);
  #goal = $state.raw<Goal>({ name: 'latest' });
  #following = $state.raw(true);
  #replyingTo = $state.raw<Message | null>(null);
  #editing = $state.raw<Edit | null>(null);
  #selection = $state.raw<Selection | null>(null);
  #loading = false;
  readonly #byKey = $derived(indexByKey(this.#items));

  constructor({ calls, feed, self, conversation, unread }: ThreadParts) {
    this.#calls = calls;
    this.self = self;
    this.conversation = conversation;
    this.#quotes = new Quotes(calls, self);
    this.#events = feed.subscribe((events) => this.#apply(events));
    this.#opening = this.#events.holdDuring(() => this.#open(unread));
  }

  /** The messages in memory, oldest first. */
  get items(): readonly Message[] {
    return this.#items;
  }
  /** The conversation's oldest message is among the items. */
  get atStart(): boolean {
    return this.#atStart;
  }
  /** The conversation's newest message is among the items. */
  get atEnd(): boolean {
    return this.#atEnd;
  }
  get loaded(): boolean {
    return this.#loaded;
  }
  /** The messages could not be read. */
  get failed(): boolean {
    return this.#failed;
  }
  /** The oldest message that had not been seen when the conversation was opened. */
  get firstUnread(): MessageReference | null {
    return this.#firstUnread;
  }
  /** Messages that came while the newest ones were not in view. */
  get newBelow(): number {
    return this.#newBelow;
  }
  /** The items last grew or shrank at their start, so what is in view is to keep its distance from their end. */
  get shift(): boolean {
    return this.#shift;
  }
  /** Another number when the items were replaced by others from elsewhere in the conversation. */
  get window(): number {
    return this.#window;
  }
  /** Another object whenever the list shall scroll. */
  get goal(): Goal {
    return this.#goal;
  }
  /** The newest messages are in view, and stay there when new ones come. */
  get following(): boolean {
    return this.#following;
  }
  set following(following: boolean) {
    this.#following = following;
    if (following && this.#atEnd) this.#newBelow = 0;
  }
  /** The message that the next text answers. */
  get replyingTo(): Message | null {
    return this.#replyingTo;
  }
  set replyingTo(message: Message | null) {
    this.#replyingTo = message;
    if (message !== null) this.#editing = null;
  }
  /** What is being edited meanwhile, in the place of the next text. */
  get editing(): Edit | null {
    return this.#editing;
  }

  /** Messages with which something is to be done together; null: none are being selected. */
  get selection(): Selection | null {
    return this.#selection;
  }
  select(first: Message): void {
    this.#selection = new Selection(first);
  }
  endSelection(): void {
    this.#selection = null;
  }

  referenceTo(message: Message): MessageReference {
    return referenceTo(message, this.self);
  }

  isFirstUnread(message: Message): boolean {
    const first = this.#firstUnread;
    return first !== null && referencedKey(first, this.self) === messageKey(message);
  }

  /** `null`: it is not on this device; `undefined`: that is not known yet. */
  quoted(reference: MessageReference): Message | null | undefined {
    return this.#byKey.get(referencedKey(reference, this.self)) ?? this.#quotes.get(reference);
  }

  async loadOlder(): Promise<void> {
    const first = this.#items[0];
    if (first === undefined || this.#atStart) return;
    await this.#load({ before: first }, async (page) => {
      this.#atStart = page.length < PAGE_SIZE;
      this.#set(mergeMessages(page, this.#items), true);
      await this.#trim('end');
    });
  }

  async loadNewer(): Promise<void> {
    const last = this.#items.at(-1);
    if (last === undefined || this.#atEnd) return;
    await this.#load({ after: last }, async (page) => {
      this.#atEnd = page.length < PAGE_SIZE;
      if (this.#atEnd && this.#following) this.#newBelow = 0;
      this.#set(mergeMessages(this.#items, page), false);
      await this.#trim('start');
    });
  }

  async jumpToLatest(): Promise<void> {
    await this.#opening;
    if (!this.#atEnd) {
      await this.#events.holdDuring(async () => {
        const page = await this.#calls.messages(this.conversation, { limit: PAGE_SIZE });
        this.#replace(page, { atStart: page.length < PAGE_SIZE, atEnd: true });
      });
    }
    this.#newBelow = 0;
    this.#following = true;
    this.#goal = { name: 'latest' };
  }

  /** Shows a message, wherever it is in the conversation. False: it is gone. */
  async jumpTo(reference: MessageReference): Promise<boolean> {
    await this.#opening;
    const key = referencedKey(reference, this.self);
    if (!this.#byKey.has(key)) {
      const isThere = await this.#events.holdDuring(async () => {
        const around = await this.#calls.messagesAround(this.conversation, reference, PAGE_SIZE);
        if (around.length > 0) this.#replace(around, { atStart: false, atEnd: false });
        return around.length > 0;
      });
      if (!isThere) return false;
    }
    this.#following = false;
    this.#goal = { name: 'message', key };
    return true;
  }

  /**
   * Says that these messages are in view. When somebody looks at the page, the last of them and all before it count as
   * read, also what went by faster than it could be shown.
   */
  markVisible(messages: readonly Message[]): void {
    if (document.visibilityState !== 'visible') return;
    const last = messages.findLast(isUnread);
    if (last === undefined || this.#marked.has(messageKey(last))) return;
    const key = messageKey(last);
    this.#marked.add(key);
    this.#calls
      .markReadUpTo(last)
      .catch(() => undefined)
      .finally(() => this.#marked.delete(key));
  }

  /** Queues a text, as the answer to `replyingTo` if there is one, and shows it. */
  async send(text: string, options: Pick<TextOptions, 'draft' | 'despiteKeys'> = {}): Promise<void> {
    await this.#queue((answer) => this.#calls.sendText(this.conversation, text, { ...options, ...answer }));
  }

  /** The same of files, with what is said to them. */
  async sendFiles(
    files: readonly PickedFile[],
    options: Pick<FilesOptions, 'text' | 'draft' | 'despiteKeys'> = {},
  ): Promise<void> {
    await this.#queue((answer) => this.#calls.sendFiles(this.conversation, files, { ...options, ...answer }));
  }

  /** A message whose files are not all stored yet waits until it is told to go on. */
  async pauseUpload(message: Message, isPaused: boolean): Promise<void> {
    await this.#calls.pauseUpload(message.id, isPaused);
  }

  /** Queues what a message says, and its files, in another conversation. */
  async forward(message: Message, to: ConversationId): Promise<void> {
    const { text, files = [] } = message;
    if (files.length === 0) {
      await this.#calls.sendText(to, text);
      return;
    }
    const read: PickedFile[] = [];
    for (const [index, file] of files.entries()) {
      const content = await this.#calls.readFile(this.conversation, this.referenceTo(message), index);
      read.push(sentAgain(file, content));
    }
    await this.#calls.sendFiles(to, read, { text });
  }

  edit(message: Message): void {
    this.#editing = new Edit(message);
  }
  /** Edits the last own text, unless that may not be edited any more. */
  editLast(): void {
    const last = this.#items.findLast(({ direction, kind }) => direction === 'out' && kind === 'text');
    if (this.#atEnd && last && isEditable(last, Date.now())) this.edit(last);
  }
  cancelEdit(): void {
    this.#editing = null;
  }
  /** Queues the edit. */
  async sendEdit(options: Pick<TextOptions, 'despiteKeys'> = {}): Promise<void> {
    const edit = this.#editing;
    if (edit === null) return;
    this.#editing = null;
    try {
      await this.#calls.editText(this.conversation, edit.message.id, edit.text, options);
    } catch (error) {
      this.#editing ??= edit;
      throw error;
    }
  }

  /**
   * Reads the newest messages again, where they are in view: what a tab did while it led and went may not have been
   * told.
   */
  async readAgain(): Promise<void> {
    await this.#opening;
    if (!this.#atEnd) return;
    const window = this.#window;
    const limit = Math.max(PAGE_SIZE, this.#items.length);
    await this.#events.holdDuring(async () => {
      const newest = await this.#calls.messages(this.conversation, { limit });
      if (window === this.#window && this.#atEnd) this.#set(mergeMessages(this.#items, newest), false);
    });
  }

  /** Gives a message this reaction; null takes the own one back. */
  async react(message: Message, emoji: string | null): Promise<void> {
    await this.#calls.react(this.conversation, this.referenceTo(message), emoji);
  }
  /** So that they are found again, or no more. */
  star(messages: readonly Message[], isStarred: boolean): Promise<boolean> {
    const targets = messages.map((message) => this.referenceTo(message));
    return this.changing.run(() => this.#calls.setStarred(this.conversation, targets, isStarred));
  }
  async deleteForMe(...messages: readonly Message[]): Promise<void> {
    const targets = messages.map((message) => this.referenceTo(message));
    await this.#calls.deleteForMe(this.conversation, targets);
  }
  async deleteForEveryone(message: Message): Promise<void> {
    await this.#calls.deleteForEveryone(this.conversation, message.id);
  }
  /** The same with several: when one cannot be, the others before it are. */
  async deleteAllForEveryone(messages: readonly Message[]): Promise<void> {
    for (const message of messages) await this.deleteForEveryone(message);
  }
  /** Sends an own message that failed again, or its edit. */
  async retry(message: Message): Promise<void> {
    await this.#calls.retry(this.conversation, message.id);
  }

  dispose(): void {
    this.#events.end();
  }

  async #queue(send: (answer: Pick<TextOptions, 'replyTo'>) => Promise<Message>): Promise<void> {
    const answered = this.#replyingTo;
    this.#replyingTo = null;
    try {
      const sent = await send(answered ? { replyTo: this.referenceTo(answered) } : {});
      this.#firstUnread = null;
      this.#insert([sent]);
    } catch (error) {
      this.#replyingTo ??= answered;
      throw error;
    }
    // The message is queued: whether the list could follow it does not change that.
    await this.jumpToLatest().catch(() => undefined);
  }

  async #open(unread: number): Promise<void> {
    try {
      const opened = await findFirstUnread(this.#calls, this.conversation, unread);
      this.#replace(opened.messages, opened);
      if (opened.firstUnread !== null) {
        this.#firstUnread = this.referenceTo(opened.firstUnread);
        this.#goal = { name: 'unread', key: messageKey(opened.firstUnread) };
        this.#following = false;
      }
    } catch {
      this.#failed = true;
    }
    this.#loaded = true;
  }

  /** One page at a time. */
  async #load(
    from: { readonly before: Message } | { readonly after: Message },
    show: (page: readonly Message[]) => Promise<void>,
  ): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const window = this.#window;
    try {
      await this.#events.holdDuring(async () => {
        const page = await this.#calls.messages(this.conversation, { ...from, limit: PAGE_SIZE });
        if (window === this.#window) await show(page);
      });
    } catch {
      // Whoever scrolls on asks again; that the storage fails is told by itself.
    } finally {
      this.#loading = false;
    }
  }

  #set(items: readonly Message[], shift: boolean): void {
    this.#shift = shift;
    this.#items = items;
  }

  #replace(items: readonly Message[], ends: { readonly atStart: boolean; readonly atEnd: boolean }): void {
    this.#window += 1;
    this.#atStart = ends.atStart;
    this.#atEnd = ends.atEnd;
    this.#set(items, false);
  }

  /** A step of its own: the list can follow items that change at one end at a time. */
  async #trim(end: 'start' | 'end'): Promise<void> {
    if (this.#items.length <= WINDOW_SIZE) return;
    const window = this.#window;
    await tick();
    if (window !== this.#window) return;
    if (end === 'start') {
      this.#atStart = false;
      this.#set(this.#items.slice(-WINDOW_SIZE), true);
    } else {
      this.#atEnd = false;
      this.#set(this.#items.slice(0, WINDOW_SIZE), false);
    }
  }

  #apply(events: readonly EngineEvent[]): void {
    const added: Message[] = [];
    for (const event of events) {
      if (event.type === 'message' && event.detail.conversation === this.conversation)
        added.push(event.detail);
      else if (event.type === 'message-changed') this.#change(event.detail, added);
      else if (event.type === 'message-removed' && event.detail.conversation === this.conversation) {
        this.#remove(referencedKey(event.detail, this.self), added);
      } else if (event.type === 'conversation-removed' && event.detail.conversation === this.conversation) {
        this.#replace([], { atStart: true, atEnd: true });
      } else if (event.type === 'history') this.#readOlderOnes();
    }
    if (added.length > 0) this.#insert(added);
  }

  /** Messages of another own device have come, of any conversation. */
  #readOlderOnes(): void {
    this.#atStart = false;
    if (!this.#loaded || this.#items.length >= PAGE_SIZE) return;
    const reading = this.#items.length === 0 ? this.readAgain() : this.loadOlder();
    reading.catch(() => undefined);
  }

  #change(changed: Message, added: Message[]): void {
    if (changed.conversation !== this.conversation) return;
    const key = messageKey(changed);
    const place = (messages: readonly Message[]): number =>
      messages.findIndex((message) => messageKey(message) === key);
    const waiting = place(added);
    if (waiting >= 0) added[waiting] = changed;
    const index = place(this.#items);
    if (index >= 0) this.#items = this.#items.with(index, changed);
    this.#quotes.update(key, changed);
    this.#selection?.update(key, changed);
    if (this.#replyingTo !== null && messageKey(this.#replyingTo) === key) {
      this.#replyingTo = changed.kind === 'text' ? changed : null;
    }
    if (this.#editing !== null && messageKey(this.#editing.message) === key) {
      if (changed.kind === 'text') this.#editing.message = changed;
      else this.#editing = null;
    }
  }

  #remove(key: string, added: Message[]): void {
    const others = ({ id, direction }: Message): boolean => messageKey({ id, direction }) !== key;
    added.splice(0, added.length, ...added.filter(others));
    const index = this.#items.findIndex((message) => !others(message));
    if (index >= 0) this.#set(this.#items.toSpliced(index, 1), index === 0);
    this.#quotes.update(key, null);
    this.#selection?.update(key, null);
    if (this.#replyingTo !== null && !others(this.#replyingTo)) this.#replyingTo = null;
    if (this.#editing !== null && !others(this.#editing.message)) this.#editing = null;
  }

  /** Takes messages that have just been kept into the window, where they belong into it. */
  #insert(messages: readonly Message[]): void {
    const [first, last] = [this.#items[0], this.#items.at(-1)];
    const fresh = messages.filter((message) => !this.#byKey.has(messageKey(message)));
    const fitting = fresh.filter(
      (message) =>
        (this.#atStart || (first && compareMessages(first, message) < 0)) &&
        (this.#atEnd || (last && compareMessages(message, last) < 0)),
    );
    if (!this.#following || !this.#atEnd) this.#newBelow += fresh.filter(isUnread).length;
    if (fitting.length === 0) return;
    this.#set(mergeMessages(this.#items, fitting.sort(compareMessages)), false);
    void this.#trim(this.#following ? 'start' : 'end');
  }
}
