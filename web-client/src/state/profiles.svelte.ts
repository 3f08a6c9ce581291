import type { Conversation, Profile } from '@restante/client';
import { named } from '@restante/client/conversation-id';
import type { AccountId } from '@restante/protocol';
import { SvelteMap } from 'svelte/reactivity';
import type { Engine } from '../engine/engine.ts';
import type { EventFeed } from '../services/event-feed.ts';
import { shownProfilePicture } from '../services/profile-picture.ts';

/** Somebody, as far as their picture goes. */
type Pictured = Pick<Conversation, 'id' | 'standing' | 'profile'>;
/** `url`: null while it is not there, or when it is nothing to be shown. */
type Shown = { readonly picture: string; readonly url: string | null };

const NOTHING: Profile = { name: null, picture: null };

const urlOf = ({ picture }: Profile): string | null => {
  const shown = picture === null ? null : shownProfilePicture(picture);
  return shown === null ? null : URL.createObjectURL(shown);
};
const revoke = (url: string | null | undefined): void => {
  if (url) URL.revokeObjectURL(url);
};

/** What people call themselves and look like: this person, and those who are let in. */
export class Profiles {
  readonly #calls: Engine['calls'];
  readonly #shown = new SvelteMap<AccountId, Shown>();
  #own = $state.raw<Profile>(NOTHING);
  #ownUrl = $state.raw<string | null>(null);

  constructor(engine: Pick<Engine, 'calls' | 'onStatus'>, feed: EventFeed) {
    this.#calls = engine.calls;
    feed.subscribe((events) => {
      for (const { type, detail } of events) if (type === 'profile') this.#keepOwn(detail);
    });
    let isSignedIn = false;
    engine.onStatus(({ phase }) => {
      if (isSignedIn === (phase === 'signed-in')) return;
      isSignedIn = phase === 'signed-in';
      if (isSignedIn) void this.#load();
      else this.#clear();
    });
  }

  get own(): Profile {
    return this.#own;
  }
  get ownPicture(): string | null {
    return this.#ownUrl;
  }

  /** The URL of somebody's picture: of one who is let in, when it has been read. */
  pictureOf(person: Pictured | undefined): string | null {
    const id = this.#pictureIdOf(person);
    const shown = person && id !== null ? this.#shown.get(named(person.id).accountId) : undefined;
    return shown?.picture === id ? shown.url : null;
  }

  /** Has it read, if it is another one than is shown. */
  async want(person: Pictured | undefined): Promise<void> {
    const picture = this.#pictureIdOf(person);
    if (person === undefined || picture === null) return;
    const { accountId } = named(person.id);
    const before = this.#shown.get(accountId);
    if (before?.picture === picture) return;
    revoke(before?.url);
    this.#shown.set(accountId, { picture, url: null });
    // A tab of the release before that leads this one knows of none.
    const read = await this.#calls.profileOf(accountId).catch(() => null);
    const isWanted = this.#shown.get(accountId)?.picture === picture;
    if (read === null) {
      // It is read anew when it is shown the next time.
      if (isWanted) this.#shown.delete(accountId);
      return;
    }
    if (isWanted) this.#shown.set(accountId, { picture, url: urlOf(read) });
  }

  #pictureIdOf(person: Pictured | undefined): string | null {
    return person?.standing === 'accepted' ? (person.profile?.picture ?? null) : null;
  }

  async #load(): Promise<void> {
    const own = await this.#calls.profile().catch(() => null);
    if (own !== null) this.#keepOwn(own);
  }

  #keepOwn(own: Profile): void {
    revoke(this.#ownUrl);
    this.#own = own;
    this.#ownUrl = urlOf(own);
  }

  #clear(): void {
    for (const { url } of this.#shown.values()) revoke(url);
    this.#shown.clear();
    this.#keepOwn(NOTHING);
  }
}
