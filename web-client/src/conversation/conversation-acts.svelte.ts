import Archive from '@lucide/svelte/icons/archive';
import ArchiveRestore from '@lucide/svelte/icons/archive-restore';
import Ban from '@lucide/svelte/icons/ban';
import Bell from '@lucide/svelte/icons/bell';
import BellOff from '@lucide/svelte/icons/bell-off';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import Dot from '@lucide/svelte/icons/circle-dot';
import PanelRight from '@lucide/svelte/icons/panel-right';
import Pin from '@lucide/svelte/icons/pin';
import PinOff from '@lucide/svelte/icons/pin-off';
import Timer from '@lucide/svelte/icons/timer';
import Trash2 from '@lucide/svelte/icons/trash-2';
import type { Conversation, ConversationSettings } from '@restante/client';
import { named } from '@restante/client/conversation-id';
import { Action } from '../state/action.svelte.ts';
import type { App } from '../state/app.ts';
import type { MenuItem } from '../ui/menu-item.ts';

/** What `ConversationQuestions` asks for first. */
type Question = 'mute' | 'timer' | 'block' | 'delete';

/** What a person does with a conversation as a whole, from wherever that is offered. */
export class ConversationActs {
  /** Its settings are being changed. */
  readonly changing = new Action();
  asking = $state.raw<Question | null>(null);
  readonly #app: App;
  readonly #of: () => Conversation;

  constructor(app: App, of: () => Conversation) {
    this.#app = app;
    this.#of = of;
  }

  get conversation(): Conversation {
    return this.#of();
  }
  get isBlocked(): boolean {
    return this.conversation.standing === 'blocked';
  }

  /** Own devices follow; nobody else is told. Of somebody who is not let in there are none. */
  get settingsItems(): readonly MenuItem[] {
    const { conversations, locale } = this.#app;
    const { conversation } = this;
    const strings = locale.t.writing;
    if (conversation.standing !== 'accepted') return [];
    const { pinned } = conversation.settings;
    const muted = conversations.isMuted(conversation);
    const archived = conversations.isArchived(conversation);
    return [
      {
        ...{ label: pinned ? strings.unpin : strings.pin, icon: pinned ? PinOff : Pin },
        onselect: () => void this.change({ pinned: !pinned }),
      },
      {
        ...{ label: muted ? strings.unmute : strings.mute, icon: muted ? Bell : BellOff },
        onselect: () => {
          if (muted) void this.change({ mutedUntil: null });
          else this.asking = 'mute';
        },
      },
      {
        ...{
          label: archived ? strings.unarchive : strings.archive,
          icon: archived ? ArchiveRestore : Archive,
        },
        onselect: () =>
          void (archived
            ? this.change({ archivedAt: null })
            : this.#putAway({ archivedAt: Math.max(Date.now(), conversation.lastMessageAt) })),
      },
      {
        ...{ label: strings.markUnread, icon: Dot },
        onselect: () => void this.#putAway({ markedUnread: true }),
      },
      {
        ...{ label: locale.t.timer.label, icon: Timer },
        onselect: () => (this.asking = 'timer'),
      },
    ];
  }
  get detailsItem(): MenuItem {
    const { locale, router } = this.#app;
    return {
      ...{ label: locale.t.details.title, icon: PanelRight },
      onselect: () => router.go({ name: 'details', conversation: this.conversation.id }),
    };
  }
  get endingItems(): readonly MenuItem[] {
    const strings = this.#app.locale.t.writing;
    return [
      {
        ...{
          label: this.isBlocked ? strings.unblock : strings.block,
          icon: this.isBlocked ? CircleCheck : Ban,
        },
        onselect: () => (this.asking = 'block'),
      },
      {
        ...{ label: strings.deleteConversation, icon: Trash2, danger: true },
        onselect: () => (this.asking = 'delete'),
      },
    ];
  }

  /** Answers whether that was done. */
  change(changes: Partial<ConversationSettings>): Promise<boolean> {
    const { engine } = this.#app;
    return this.changing.run(() => engine.calls.setConversationSettings(this.conversation.id, changes));
  }
  async setBlocked(isBlocked: boolean): Promise<void> {
    const { accountId } = named(this.conversation.id);
    await this.#app.engine.calls.setStanding(accountId, isBlocked ? 'blocked' : 'accepted');
  }
  async delete(): Promise<void> {
    const { id } = this.conversation;
    await this.#app.engine.calls.deleteConversation(id);
    this.#leave(id);
  }

  /** Whoever puts it away has left it. */
  async #putAway(changes: Partial<ConversationSettings>): Promise<void> {
    const { id } = this.conversation;
    if (await this.change(changes)) this.#leave(id);
  }
  #leave(id: Conversation['id']): void {
    const { router } = this.#app;
    if ('conversation' in router.route && router.route.conversation === id) router.go({ name: 'home' });
  }
}
