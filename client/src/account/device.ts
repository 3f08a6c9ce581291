import { accessTokenBytes, type AccountId, type DeviceAddress, type Session } from '@restante/protocol';
import { fromBase64Url, toBase64Url } from '../base64.ts';
import type { ServerClock } from '../server/clock.ts';
import { MessengerError } from '../messenger-error.ts';
import type { TokenStore } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';
import { ONLY, type LocalIdentity, type Self, type Tokens } from '../vault/tables.ts';

/** A token that ends within this time is not used any more. */
const MARGIN_MS = 30_000;
/** Fresh tokens are asked for again after this time when a server, whose clock may be wrong, refuses those too. */
const REFUSED_MS = 60_000;

/** This device as the vault knows it: who it is and what it may do. Getters throw `not-registered`. */
export type Device = TokenStore & {
  readonly load: () => Promise<void>;
  readonly isRegistered: () => boolean;
  readonly self: () => Self;
  readonly address: () => DeviceAddress;
  readonly accountId: () => AccountId;
  readonly identity: () => LocalIdentity;
  readonly tokens: () => Tokens;
  /** Origins of the masters that a session named last; none before `register` or `login`. */
  readonly masters: () => readonly string[];
  /** What an account that is let in shows when it writes to this one; undefined: this server gives no key for it. */
  readonly accessFor: (accountId: AccountId) => string | undefined;
  /** The mailbox token, or null when it must be renewed. */
  readonly mailboxToken: () => string | null;
  /**
   * A server takes a token for one that has expired, or of a time to come: a master's clock was wrong when it was made, or the server's is.
   * Fresh ones may help, once a minute; until they are there this one is used, for other servers may take it.
   */
  readonly refuse: (token: string) => void;
};

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new MessengerError('not-registered', 'register or log in first');
  return value;
};

/** `monotonic`: milliseconds since any moment, by a clock that nobody sets. */
export const createDevice = (store: Store, clock: ServerClock, monotonic: () => number): Device => {
  let self: Self | undefined;
  let identity: LocalIdentity | undefined;
  let tokens: Tokens | undefined;

  let isRefused = false;
  let refusedAt = -Infinity;

  const isGood = (expiresAt: number | undefined): boolean => (expiresAt ?? 0) > clock.now() + MARGIN_MS;

  return {
    load: async () => {
      self = await store.get('self', ONLY);
      identity = await store.get('identity', ONLY);
      tokens = await store.get('tokens', ONLY);
    },
    isRegistered: () => self !== undefined,
    self: () => required(self),
    address: () => {
      const { accountId, deviceId } = required(self);
      return { accountId, deviceId };
    },
    accountId: () => required(self).accountId,
    identity: () => required(identity),
    tokens: () => required(tokens),
    masters: () => tokens?.masters ?? [],
    accessFor: (accountId) => {
      const key = tokens?.accessKey;
      return key === undefined ? undefined : toBase64Url(accessTokenBytes(fromBase64Url(key), accountId));
    },
    masterToken: () => (tokens && isGood(tokens.masterTokenExpiresAt) ? tokens.masterToken : null),
    mailboxToken: () => (tokens && isGood(tokens.mailboxTokenExpiresAt) ? tokens.mailboxToken : null),
    areRefused: () => isRefused,
    refuse: (token) => {
      if (monotonic() < refusedAt + REFUSED_MS) return;
      if (token !== tokens?.masterToken && token !== tokens?.mailboxToken) return;
      isRefused = true;
      refusedAt = monotonic();
    },
    tokenRequest: () => {
      const { accountId, deviceId, deviceSecret } = required(self);
      return { accountId, deviceId, deviceSecret };
    },
    keep: async (session: Session, tookMs: number) => {
      await clock.observe(session.serverTime, tookMs);
      // A server of an earlier version names none: the list that there is stays.
      const masters = session.masters ?? tokens?.masters;
      const kept: Tokens = { ...session, ...(masters === undefined ? {} : { masters }) };
      tokens = kept;
      isRefused = false;
      await store.transact((transaction) => transaction.put('tokens', ONLY, kept));
    },
  };
};
