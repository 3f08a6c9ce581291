import { deviceId as deviceIdSchema, LIMITS, type AccountId, type DeviceId } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { decodeContent } from '../content/codec.ts';
import { lasting } from '../content/content.ts';
import type { AccountState, VerificationState } from '../content/kinds/sync.ts';
import type { Standing } from '../content/parts.ts';
import { contentsOf, type SendAgainDeps } from './send-again.ts';
import { tellAccountKey, tellOwnDevices } from './own-sync.ts';
import { named } from '../vault/conversation-id.ts';
import { firstIdAt } from '../vault/keys.ts';
import { rowsOf } from '../vault/pages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type Newcomer } from '../vault/tables.ts';

/**
 * What a new own device is told: how people stand with this person, whose keys were compared, what was chosen, and again what
 * own devices were told from here since it is there. What was said of messages is told from before, too: such a message may still come to it, when its
 * sender has not heard that it was accepted. Goes on where it was left, in parts.
 */

const PAGE = 100;
const ALL = { limit: 5 * PAGE };
const STANDINGS_PER_PART = 400;
const VERIFICATION_CHARS_PER_PART = 40_000;

export type NewcomersDeps = SendAgainDeps & { readonly store: Store };

type Part = Pick<AccountState, 'standings' | 'verifications'>;

const partsOf = (
  standings: readonly { readonly accountId: AccountId; readonly standing: Standing }[],
  verifications: readonly VerificationState[],
): Part[] => {
  const parts: Part[] = [];
  for (let start = 0; start < standings.length; start += STANDINGS_PER_PART)
    parts.push({ standings: standings.slice(start, start + STANDINGS_PER_PART), verifications: [] });
  let chars = Infinity;
  let part: VerificationState[] = [];
  for (const verification of verifications) {
    const size = JSON.stringify(verification).length;
    if (chars + size > VERIFICATION_CHARS_PER_PART) {
      part = [];
      chars = 0;
      parts.push({ standings: [], verifications: part });
    }
    part.push(verification);
    chars += size;
  }
  return parts.length > 0 ? parts : [{ standings: [], verifications: [] }];
};

const tellState = async (deps: NewcomersDeps, to: DeviceId): Promise<void> => {
  const { store, clock } = deps;
  const decided = new Map<AccountId, Standing>();
  for (const { key, value } of await rowsOf(store, 'standings', ALL)) decided.set(key, value);
  for (const { value } of await rowsOf(store, 'conversations', ALL))
    decided.set(named(value.id).accountId, value.standing);
  const standings = [...decided]
    .filter(([, standing]) => standing !== 'request')
    .map(([accountId, standing]) => ({ accountId, standing }));
  const verifications = (await rowsOf(store, 'verifications', ALL)).map(({ key, value }) => ({
    ...{ accountId: key, changed: value.changed, accountKey: value.accountKey },
  }));
  const parts = partsOf(standings, verifications);
  await store.transact(async (transaction) => {
    const preferences = await transaction.get('preferences', ONLY);
    await tellAccountKey(transaction, deps);
    for (const [part, { standings, verifications }] of parts.entries()) {
      await tellOwnDevices(transaction, deps, {
        ...{ type: 'account-state', to, part, parts: parts.length },
        ...{ standings: [...standings], verifications: [...verifications] },
        ...(part === 0 && preferences && { preferences }),
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
  await deps.composer.enqueue(transaction, id, { to: null, ownCopy, renew: [], shows: null });
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
