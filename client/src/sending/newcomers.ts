import {
  deviceId as deviceIdSchema,
  LIMITS,
  type AccountId,
  type DeviceId,
  type MessageId,
} from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { decodeContent } from '../content/codec.ts';
import { lasting } from '../content/content.ts';
import type { AccountState } from '../content/kinds/sync.ts';
import { MAX_EARLIER_IDS, MAX_REFERENCES } from '../content/parts.ts';
import type { Standing } from '../content/parts.ts';
import { comingAgain, contentsOf, type SendAgainDeps } from './send-again.ts';
import { tellAccountKey, tellOwnDevices } from './own-sync.ts';
import { named } from '../vault/conversation-id.ts';
import { firstIdAt } from '../vault/keys.ts';
import { rowsOf } from '../vault/pages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type Newcomer } from '../vault/tables.ts';

/**
 * What a new own device is told: how people stand with this person, whose keys were compared, how conversations are set up, what was chosen, the profiles, and again what
 * own devices were told from here since it is there. What was said of messages is told from before, too: such a message may still come to it, when its
 * sender has not heard that it was accepted. Goes on where it was left, in parts.
 */

const PAGE = 100;
const ALL = { limit: 5 * PAGE };
type PageBounds = { readonly maxEach: number; readonly maxChars: number };
const STANDINGS_PER_PART = { maxEach: 400, maxChars: Infinity };
const VERIFICATIONS_PER_PART = { maxEach: MAX_REFERENCES, maxChars: 40_000 };
/** A nickname may have three bytes for each of its characters. */
const SETTINGS_PER_PART = { maxEach: MAX_REFERENCES, maxChars: 15_000 };
const TIMERS_PER_PART = { maxEach: MAX_REFERENCES, maxChars: 40_000 };
/** Pictures are most of them. */
const PROFILES_PER_PART = { maxEach: MAX_REFERENCES, maxChars: 40_000 };

export type NewcomersDeps = SendAgainDeps & { readonly store: Store };

type Part = Pick<AccountState, 'standings' | 'verifications'> & {
  readonly settings: NonNullable<AccountState['settings']>;
  readonly timers: NonNullable<AccountState['timers']>;
  readonly profiles: NonNullable<AccountState['profiles']>;
};

const NOTHING: Part = { standings: [], verifications: [], settings: [], timers: [], profiles: [] };

/** In pages of at most `maxEach`, and about `maxChars` of JSON. */
const pagesOf = <T>(all: readonly T[], { maxEach, maxChars }: PageBounds): T[][] => {
  const pages: T[][] = [];
  let page: T[] = [];
  let chars = 0;
  for (const each of all) {
    const size = JSON.stringify(each).length;
    if (pages.length === 0 || chars + size > maxChars || page.length >= maxEach) {
      page = [];
      chars = 0;
      pages.push(page);
    }
    page.push(each);
    chars += size;
  }
  return pages;
};

const partsOf = ({ standings, verifications, settings, timers, profiles }: Part): Part[] => {
  const parts = [
    ...pagesOf(standings, STANDINGS_PER_PART).map((page) => ({ ...NOTHING, standings: page })),
    ...pagesOf(verifications, VERIFICATIONS_PER_PART).map((page) => ({ ...NOTHING, verifications: page })),
    ...pagesOf(settings, SETTINGS_PER_PART).map((page) => ({ ...NOTHING, settings: page })),
    ...pagesOf(timers, TIMERS_PER_PART).map((page) => ({ ...NOTHING, timers: page })),
    ...pagesOf(profiles, PROFILES_PER_PART).map((page) => ({ ...NOTHING, profiles: page })),
  ];
  return parts.length > 0 ? parts : [NOTHING];
};

const tellState = async (deps: NewcomersDeps, to: DeviceId): Promise<void> => {
  const { store, clock } = deps;
  const decided = new Map<AccountId, Standing>();
  for (const { key, value } of await rowsOf(store, 'standings', ALL)) decided.set(key, value);
  for (const { value } of await rowsOf(store, 'conversations', ALL))
    decided.set(named(value.id).accountId, value.standing);
  const choices = new Map<AccountId, MessageId>();
  for (const { key, value } of await rowsOf(store, 'standingChoices', ALL)) choices.set(key, value);
  const standings = [...decided]
    .filter(([, standing]) => standing !== 'request')
    .map(([accountId, standing]) => ({ accountId, standing, id: choices.get(accountId) }));
  const verifications = (await rowsOf(store, 'verifications', ALL)).map(({ key, value }) => ({
    ...{ accountId: key, changed: value.changed, accountKey: value.accountKey },
  }));
  const settings = (await rowsOf(store, 'conversationSettings', ALL)).map(({ key, value }) => ({
    ...{ accountId: key, settings: value },
  }));
  const timers = (await rowsOf(store, 'timers', ALL)).map(({ key, value }) => ({
    ...{ accountId: key, timer: value },
  }));
  // A stranger's comes when they have been let in: a crowd of them must not fill the mailbox of a new device.
  const profiles = (await rowsOf(store, 'profiles', { limit: PAGE }))
    .filter(({ key }) => decided.get(key) === 'accepted')
    .map(({ key, value }) => ({ accountId: key, profile: value }));
  const parts = partsOf({ standings, verifications, settings, timers, profiles });
  await store.transact(async (transaction) => {
    const preferences = await transaction.get('preferences', ONLY);
    const profile = await transaction.get('ownProfile', ONLY);
    await tellAccountKey(transaction, deps);
    for (const [part, { settings: told, timers: running, profiles: heard, ...known }] of parts.entries()) {
      await tellOwnDevices(transaction, deps, {
        ...{ type: 'account-state', to, part, parts: parts.length, ...known },
        ...(told.length > 0 && { settings: told }),
        ...(running.length > 0 && { timers: running }),
        ...(heard.length > 0 && { profiles: heard }),
        ...(part === 0 && preferences && { preferences }),
        ...(part === 0 && profile && { profile }),
      });
    }
    const row = await transaction.get('newcomers', String(to));
    const before = firstIdAt(clock.now());
    if (row) transaction.put('newcomers', String(to), { ...row, before });
  });
};

const tellAgain = async (
  transaction: Transaction,
  deps: NewcomersDeps,
  key: string,
  since: number,
): Promise<void> => {
  const sent = await transaction.get('sentIds', key);
  const ownCopy = sent && (await contentsOf(transaction, deps, sent))?.ownCopy;
  const content = ownCopy && decodeContent(ownCopy);
  const told = content ? lasting(content) : 'no';
  if (!content || told === 'no' || (told === 'from-then-on' && key < firstIdAt(since))) return;
  const id = await deps.clock.mint(transaction);
  // By the first one it tells when that was.
  const again = comingAgain(ownCopy, [...sent.earlier, key].slice(0, MAX_EARLIER_IDS));
  await deps.composer.enqueue(transaction, id, { to: null, ownCopy: again, renew: [], shows: null });
};

/** One page of what was sent. Answers whether there may be more. */
const tellPage = async (deps: NewcomersDeps, key: string, newcomer: Newcomer): Promise<boolean> => {
  const { store } = deps;
  const { since, before } = newcomer;
  const after = newcomer.after === '' ? firstIdAt(since - LIMITS.messageTtlMs) : newcomer.after;
  const rows = await store.list('sentIds', { after, before: before ?? '', limit: PAGE });
  const last = rows.at(-1);
  await store.transact(async (transaction) => {
    for (const row of rows) await tellAgain(transaction, deps, row.key, since);
    if (last === undefined) transaction.delete('newcomers', key);
    else transaction.put('newcomers', key, { ...newcomer, after: last.key });
  });
  return last !== undefined;
};

/** Tells the new own devices that have not been told everything yet. `onQueued`: there is something in the outbox. */
export const createNewcomers = (deps: NewcomersDeps, onQueued: () => void): (() => Promise<void>) =>
  coalesce(async () => {
    const { store } = deps;
    for (const { key, value } of await store.list('newcomers', { limit: PAGE })) {
      const to = deviceIdSchema.parse(Number(key));
      if (value.before === null) await tellState(deps, to);
      for (;;) {
        const current = await store.get('newcomers', key);
        if (current === undefined || !(await tellPage(deps, key, current))) break;
        onQueued();
      }
      onQueued();
    }
  });
