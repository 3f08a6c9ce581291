import type { AccountId } from '@restante/protocol';
import { named, type Message, type Messenger } from '../../index.ts';

/** What a device has told of a message. */
type Told = { readonly rank: number; readonly isDeleted: boolean; readonly isGone: boolean };

const RANKS: Readonly<Record<Message['state'], number>> = {
  ...{ failed: 0, queued: 0, accepted: 1, delivered: 2, read: 3 },
  ...{ received: 0, seen: 1 },
};

/** Hears what a device tells of its messages, over all its processes, and notes what must not be. */
export class Witness {
  readonly violations: string[] = [];
  readonly #device: string;
  readonly #self: () => AccountId;
  readonly #told = new Map<string, Told>();
  #unfollow: (() => void)[] = [];

  constructor(device: string, self: () => AccountId) {
    this.#device = device;
    this.#self = self;
  }

  follow(messenger: Messenger): void {
    this.#unfollow = [
      messenger.on('message', (message) => this.#hear(message, true)),
      messenger.on('message-changed', (message) => this.#hear(message, false)),
      messenger.on('message-removed', ({ author, id }) => {
        this.#told.set(`${author} ${id}`, { rank: 0, isDeleted: true, isGone: true });
      }),
    ];
  }

  unfollow(): void {
    for (const stop of this.#unfollow) stop();
    this.#unfollow = [];
  }

  #hear(message: Message, isNew: boolean): void {
    if (message.kind === 'keys-changed') return;
    const author = message.direction === 'out' ? this.#self() : named(message.conversation).accountId;
    const name = `${author} ${message.id}`;
    const before = this.#told.get(name);
    const now = { rank: RANKS[message.state], isDeleted: message.kind === 'deleted', isGone: false };
    const note = (what: string): void => {
      this.violations.push(`${this.#device}: "${message.text}" (${message.id}) ${what}`);
    };
    if (isNew && before) note('is shown twice');
    if (before?.isGone) note('comes back after it was deleted here');
    else if (before?.isDeleted && !now.isDeleted) note('comes back after its author took it back');
    if (before && !before.isDeleted && now.rank < before.rank) note(`goes back to ${message.state}`);
    this.#told.set(name, now);
  }
}
