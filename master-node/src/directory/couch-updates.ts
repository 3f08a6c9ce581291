import type { AccountId, DeviceAddress, Username } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { write, type Found, type LeafWithHistory } from './couch-documents.ts';
import type { Answered, CouchServers, Database } from './couch-servers.ts';
import { holderOf, newestOf } from './directory-conflicts.ts';
import {
  isRemoval,
  type EndedInvite,
  type LiveAccount,
  type LiveDevice,
  type LiveInvite,
  type LiveUsername,
  type Removal,
} from './directory-documents.ts';

const ATTEMPTS = 30;

export const live = <L extends object>(document: Found<L | Removal> | null): Found<L> | null =>
  document === null || isRemoval(document) ? null : document;

/** What a change was made to, and what was written; null when it says the same as before. */
export type Changed<L> = { readonly before: Found<L>; readonly written: LeafWithHistory | null };

type Forms<D> = (forms: readonly [Found<D>, ...Found<D>[]]) => Found<D>;

/**
 * Who refuses a change of a revision, and goes on showing that one, is no place to write it: another server's revision is changed then (law
 * 12).
 */
export const createRefusals = () => {
  const refused = new Map<string, string>();
  return {
    note: (server: string, { _rev }: { readonly _rev: string }): void => {
      refused.set(server, _rev);
    },
    /** The first of them that is none of those. */
    otherThan: <T>(
      answers: readonly Answered<T>[],
      over: (answered: Answered<T>) => { readonly _rev: string },
    ): Answered<T> | undefined =>
      answers.find((answered) => refused.get(answered.server) !== over(answered)._rev),
  };
};

/** Which of the servers' answers holds; null when there is none. */
export const heldBy = <D>(
  answers: readonly Answered<Found<D>>[],
  choose: Forms<D>,
): Answered<Found<D>> | null => {
  const [first, ...others] = answers.map(({ answer }) => answer);
  if (first === undefined) return null;
  const held = choose([first, ...others]);
  return answers.find(({ answer }) => answer === held) ?? null;
};

/** Reads what holds of a document at most servers, and changes it there. */
export const createUpdates = (servers: CouchServers, reader: DirectoryReader, now: () => number) => {
  /**
   * Changes what `pick` takes for the current document until nobody else was quicker. The same one is not written. Null when it is
   * not there.
   *
   * @throws ServiceError `unavailable`
   */
  const updatePicked = async <D extends object, C extends object>(
    ask: CouchServers['ask'],
    read: (database: Database) => Promise<Found<D> | null>,
    choose: Forms<D>,
    pick: (held: Found<D> | null) => Found<C> | null,
    change: (current: Found<C>) => object,
  ): Promise<Changed<C> | null> => {
    const refused = createRefusals();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answers = await ask(read);
      const held = heldBy(answers, choose);
      const current = pick(held?.answer ?? null);
      if (held === null || current === null) return null;
      const changed = change(current);
      if (changed === current) return { before: current, written: null };
      const at = refused.otherThan([held, ...answers], ({ answer }) => answer) ?? held;
      try {
        const written = await servers.on(at.server, (database) =>
          write(database, current._id, changed, at.answer),
        );
        if (written !== null) return { before: current, written };
      } catch (error) {
        // Another one may have it.
        if (servers.isUp(at.server)) throw error;
      }
      refused.note(at.server, at.answer);
    }
    throw new ServiceError('unavailable', 'too many change this document', { retryAfterMs: 1000 });
  };
  /** As {@link updatePicked}, of what is live. */
  const update = <L extends object>(
    ask: CouchServers['ask'],
    read: (database: Database) => Promise<Found<L | Removal> | null>,
    choose: Forms<L | Removal>,
    change: (current: Found<L>) => object,
  ): Promise<Changed<L> | null> => updatePicked(ask, read, choose, (held) => live<L>(held), change);
  const later = (current: { readonly updatedAt: number }): number => Math.max(now(), current.updatedAt + 1);

  return {
    /** `change` gets the time of the change, which is later than that of any before. */
    account: (account: AccountId, change: (current: LiveAccount, updatedAt: number) => object) =>
      update<LiveAccount>(
        servers.ask,
        (database) => reader.account(database, account),
        newestOf,
        (current) => change(current, later(current)),
      ),
    device: (device: DeviceAddress, change: (current: LiveDevice, updatedAt: number) => object) =>
      update<LiveDevice>(
        servers.ask,
        (database) => reader.device(database, device),
        newestOf,
        (current) => change(current, later(current)),
      ),
    username: (name: Username, change: (current: LiveUsername) => object) =>
      update<LiveUsername>(
        servers.askWhereUp,
        (database) => reader.username(database, name),
        holderOf,
        change,
      ),
    /** Of an invite that has ended too: `change` gives the same one for what stays as it is. */
    invite: (hash: string, change: (current: LiveInvite | EndedInvite, updatedAt: number) => object) =>
      updatePicked<LiveInvite | EndedInvite, LiveInvite | EndedInvite>(
        servers.ask,
        (database) => reader.invite(database, hash),
        newestOf,
        (held) => held,
        (current) => change(current, later(current)),
      ),
  };
};

export type Updates = ReturnType<typeof createUpdates>;
