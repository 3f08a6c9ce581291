import { randomBytes } from 'node:crypto';
import type { AccountId, Username } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { readSigned } from './couch-carriers.ts';
import { createSecure } from './couch-copies.ts';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { insertAll, type Found } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import type { Updates } from './couch-updates.ts';
import { newestOf } from './directory-conflicts.ts';
import {
  inviteDocumentId,
  inviteHash,
  isRemoval,
  type InviteDocument,
  type LiveInvite,
} from './directory-documents.ts';

/** What an operator sees of an invite code. */
export type Invite = {
  /** What is known of the code: 32 hex digits of a hash. */
  readonly hash: string;
  readonly note: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: 'open' | 'expired' | 'used' | 'revoked';
  /** When it was used or revoked. */
  readonly endedAt: number | null;
  readonly username: Username | null;
};

/** Who wants to use a code. */
export type Claimant = { readonly accountId: AccountId; readonly username: Username };

/** Codes with which accounts are made where nobody makes one without. */
export type Invites = {
  /** Gives a new code, which is kept nowhere. */
  readonly make: (note: string, expiresAt: number) => Promise<string>;
  /** By age. */
  readonly list: () => Promise<Invite[]>;
  readonly hashOf: (code: string) => string;
  /** False when there is none, or it has ended. */
  readonly revoke: (hash: string) => Promise<boolean>;
  /** Passes when a code may be claimed under this username. @throws ServiceError `invite-invalid` */
  readonly check: (code: string, username: Username) => Promise<void>;
  /**
   * Uses a code up. At whichever masters and CouchDBs several try at the same time, no two of them pass: where two claims meet, none of
   * those that see the other does. A registration that broke off half-way can be tried again under the same username.
   *
   * @throws ServiceError `invite-invalid`
   */
  readonly claim: (code: string, claimant: Claimant) => Promise<Claim>;
};

export type Claim = {
  /** The account was surely not made: the code is good again. */
  readonly release: () => Promise<void>;
};

const CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LETTERS = 26;

/** 128 random bits and two more, five in each letter. */
const newCode = (): string =>
  Array.from(randomBytes(CODE_LETTERS), (byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length]).join('');

const invalid = (): ServiceError =>
  new ServiceError('invite-invalid', 'there is no such invite code, or it is good no more');

export const createInvites = (
  servers: CouchServers,
  reader: DirectoryReader,
  updates: Pick<Updates, 'invite'>,
  now: () => number,
): Invites => {
  const secure = createSecure(servers);
  /** Whether there is, or was, such an account. */
  const isAccountKnown = async (account: AccountId): Promise<boolean> =>
    (await servers.ask((database) => reader.account(database, account))).length > 0;

  const asInvite = (hash: string, document: InviteDocument): Invite => {
    const { note, createdAt, expiresAt } = document;
    const about = { hash, note, createdAt, expiresAt };
    if (!isRemoval(document)) {
      return { ...about, state: expiresAt <= now() ? 'expired' : 'open', endedAt: null, username: null };
    }
    const username = document.usedFor?.username ?? null;
    return {
      ...about,
      state: username === null ? 'revoked' : 'used',
      endedAt: document.removedAt,
      username,
    };
  };

  /** Whether somebody else has ended it at a CouchDB of most: a leaf that is overruled there counts too. */
  const isContested = async (id: string, claims: readonly AccountId[]): Promise<boolean> => {
    const answers = await servers.ask((database) => readSigned(database, [id]));
    return answers.some(({ answer }) =>
      answer.some((leaf) => {
        const document = leaf as Found<InviteDocument>;
        return isRemoval(document) && !claims.includes(document.usedFor?.accountId ?? '');
      }),
    );
  };

  /** How a code may be claimed now: for the first time, or again after this claim. @throws ServiceError `invite-invalid` */
  const claimable = async (
    hash: string,
    username: Username,
  ): Promise<{ readonly after: AccountId | null }> => {
    const before = (await updates.invite(hash, (current) => current))?.before;
    if (before === undefined) throw invalid();
    if (!isRemoval(before)) {
      if (before.expiresAt <= now()) throw invalid();
      return { after: null };
    }
    const earlier = before.usedFor;
    // It was to make this account, and has not.
    if (earlier?.username !== username || (await isAccountKnown(earlier.accountId))) throw invalid();
    return { after: earlier.accountId };
  };

  return {
    check: async (code, username) => {
      await claimable(inviteHash(code), username);
    },
    make: async (note, expiresAt) => {
      const code = newCode();
      const id = inviteDocumentId(inviteHash(code));
      const createdAt = now();
      const document: LiveInvite = { note, createdAt, expiresAt, updatedAt: createdAt };
      const written = await servers.run((database) => insertAll(database, [{ _id: id, ...document }]));
      await secure([id], written);
      return code;
    },
    hashOf: inviteHash,
    list: async () => {
      const answers = await servers.gather((database) => reader.invites(database));
      const held = new Map<string, Found<InviteDocument>>();
      for (const [hash, document] of answers.flatMap(({ answer }) => [...answer])) {
        const known = held.get(hash);
        held.set(hash, known === undefined ? document : newestOf([known, document]));
      }
      return [...held]
        .map(([hash, document]) => asInvite(hash, document))
        .sort((a, b) => a.createdAt - b.createdAt || (a.hash < b.hash ? -1 : 1));
    },
    revoke: async (hash) => {
      const revoked = await updates.invite(hash, (current, updatedAt) =>
        isRemoval(current) ? current : { ...current, removedAt: updatedAt, updatedAt },
      );
      if (revoked?.written) await secure([inviteDocumentId(hash)], [revoked.written]);
      return revoked !== null && revoked.written !== null;
    },
    claim: async (code, claimant) => {
      const hash = inviteHash(code);
      const id = inviteDocumentId(hash);
      const { accountId, username } = claimant;
      const { after } = await claimable(hash, username);
      const claimed = await updates.invite(hash, (current, updatedAt) => {
        const claimedFor = isRemoval(current) ? (current.usedFor?.accountId ?? '') : null;
        return claimedFor === after
          ? { ...current, removedAt: updatedAt, updatedAt, usedFor: { accountId, username } }
          : current;
      });
      // Of a write whose answer was lost too.
      const isOurs =
        claimed !== null &&
        (claimed.written !== null ||
          (isRemoval(claimed.before) && claimed.before.usedFor?.accountId === accountId));
      if (!isOurs) throw invalid();
      await secure([id], [claimed.written]);
      if (await isContested(id, after === null ? [accountId] : [accountId, after])) throw invalid();

      return {
        release: async () => {
          // Another one may be under way by this claim.
          if (after !== null) return;
          const released = await updates.invite(hash, (current, updatedAt) => {
            if (!isRemoval(current) || current.usedFor?.accountId !== accountId) return current;
            const { note, expiresAt } = current;
            return { note, expiresAt, createdAt: current.removedAt + 1, updatedAt };
          });
          if (released?.written) await secure([id], [released.written]);
        },
      };
    },
  };
};
