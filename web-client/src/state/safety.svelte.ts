import { named } from '@restante/client/conversation-id';
import type { AccountId } from '@restante/protocol';
import type { Calls } from '../engine/calls.ts';
import { failureOf, type Failure } from '../services/error-text.ts';
import type { EventFeed } from '../services/event-feed.ts';

type SafetyNumber = Awaited<ReturnType<Calls['safety']>>;

/** The safety number with a contact, and what comparing it by camera has shown. */
export class Safety {
  readonly #calls: Calls;
  readonly #accountId: AccountId;
  #number = $state.raw<SafetyNumber | null>(null);
  #failure = $state.raw<Failure | null>(null);
  #compared = $state.raw<'same' | 'different' | null>(null);

  constructor(calls: Calls, accountId: AccountId) {
    this.#calls = calls;
    this.#accountId = accountId;
  }

  get number(): SafetyNumber | null {
    return this.#number;
  }
  get failure(): Failure | null {
    return this.#failure;
  }
  get compared(): 'same' | 'different' | null {
    return this.#compared;
  }
  async load(): Promise<void> {
    try {
      const number = await this.#calls.safety(this.#accountId);
      if (number.digits !== this.#number?.digits) this.#compared = null;
      this.#number = number;
      this.#failure = null;
    } catch (error) {
      this.#number = null;
      this.#failure = failureOf(error);
    }
  }
  /** Reads the number again when something changes about the contact, until the answer is called. */
  follow(feed: EventFeed): () => void {
    void this.load();
    return feed.subscribe((events) => {
      const isMeant = events.some(
        ({ type, detail }) =>
          (type === 'conversation' && named(detail.id).accountId === this.#accountId) ||
          (type === 'device-list' && detail.accountId === this.#accountId),
      );
      if (isMeant) void this.load();
    }).end;
  }
  /** Compares what the other device shows. False: that was no safety number. */
  compare(read: string): boolean {
    if (!/^\d{60}$/.test(read) || this.#number === null) return false;
    this.#compared = read === this.#number.digits ? 'same' : 'different';
    return true;
  }
  /** Verifies exactly the number that is shown. */
  async setVerified(verified: boolean): Promise<void> {
    try {
      await this.#calls.setVerified(this.#accountId, verified, this.#number?.digits);
    } finally {
      await this.load();
    }
  }
}
