import {
  account,
  devices,
  keyBundles,
  keyStock,
  registeredDevice,
  session,
  type Account,
  type AccountId,
  type ChangePassword,
  type DeviceId,
  type Devices,
  type KeyBundles,
  type KeyStock,
  type NewDevice,
  type RegisteredDevice,
  type ReplenishKeys,
  type Session,
  type TokenRequest,
} from '@restante/protocol';
import * as z from 'zod/mini';
import { MessengerError } from '../messenger-error.ts';
import { requestJson, type Fetch, type HttpRequest } from './http.ts';

/** The REST side of a master. Each call throws a `MessengerError`. */
export type MasterApi = {
  readonly register: (request: NewDevice) => Promise<RegisteredDevice>;
  readonly login: (request: NewDevice) => Promise<RegisteredDevice>;
  /** Gets fresh tokens from this master, where the connection goes next, and keeps them. */
  readonly renewTokens: (origin: string, signal?: AbortSignal) => Promise<void>;
  /** The same from any master. */
  readonly freshTokens: () => Promise<void>;
  readonly account: (username: string) => Promise<Account>;
  /** Whether there is a record that this account has ended. False says nothing: it may not be known there. */
  readonly isRemoved: (accountId: AccountId) => Promise<boolean>;
  /** Takes one-time keys: ask only for devices that a session is started with. */
  readonly keys: (accountId: AccountId, deviceId?: DeviceId) => Promise<KeyBundles>;
  readonly replenish: (keys: ReplenishKeys) => Promise<KeyStock>;
  readonly keyStock: () => Promise<KeyStock>;
  readonly devices: () => Promise<Devices>;
  readonly removeDevice: (deviceId: DeviceId) => Promise<void>;
  /** Keeps the tokens that come with it: those from before have ended. */
  readonly changePassword: (change: ChangePassword) => Promise<void>;
  readonly deleteAccount: (password: string) => Promise<void>;
};

/** Where the API's tokens come from and go to. */
export type TokenStore = {
  /** The master token, or null when it must be renewed. */
  readonly masterToken: () => string | null;
  readonly tokenRequest: () => TokenRequest;
  readonly keep: (tokens: Session) => Promise<void>;
};

const nothing = z.unknown();

/** Base URLs of the mailbox nodes, made absolute. */
const absolute = <S extends Session>(origin: string, answer: S): S => ({
  ...answer,
  mailboxNodes: answer.mailboxNodes.map((node) => new URL(node, origin).href.replace(/\/$/, '')),
});

/** Asks the masters in their order, the last one that answered first. */
export const masterApi = (masters: readonly string[], fetch: Fetch, tokens: TokenStore): MasterApi => {
  let preferred = 0;

  const anyMaster = async <T>(ask: (origin: string) => Promise<T>): Promise<T> => {
    let failure: unknown = new MessengerError('unreachable', 'no master is configured');
    for (let tried = 0; tried < masters.length; tried += 1) {
      const index = (preferred + tried) % masters.length;
      try {
        const answer = await ask(masters[index] ?? '');
        preferred = index;
        return answer;
      } catch (error) {
        failure = error;
        const elsewhere = error instanceof MessengerError && (error.retry || error.code === 'bad-answer');
        if (!elsewhere || error.code === 'rate-limited') throw error;
      }
    }
    throw failure;
  };

  const renewTokens: MasterApi['renewTokens'] = async (origin, signal) => {
    const answer = await requestJson(fetch, session, {
      url: `${origin}/api/tokens`,
      method: 'POST',
      body: tokens.tokenRequest(),
      ...(signal === undefined ? {} : { signal }),
    });
    await tokens.keep(absolute(origin, answer));
  };
  const tokenFor = async (origin: string): Promise<string> => {
    if (tokens.masterToken() === null) await renewTokens(origin);
    return tokens.masterToken() ?? '';
  };

  const ask = <T>(
    schema: z.ZodMiniType<T>,
    method: HttpRequest['method'],
    path: string,
    body?: unknown,
  ): Promise<T> =>
    anyMaster(async (origin) =>
      requestJson(fetch, schema, {
        url: `${origin}/api/${path}`,
        method,
        body,
        token: await tokenFor(origin),
      }),
    );
  const newDevice = (path: string, body: NewDevice): Promise<RegisteredDevice> =>
    anyMaster(async (origin) =>
      absolute(
        origin,
        await requestJson(fetch, registeredDevice, { url: `${origin}/api/${path}`, method: 'POST', body }),
      ),
    );

  return {
    register: (body) => newDevice('accounts', body),
    login: (body) => newDevice('devices', body),
    renewTokens,
    freshTokens: () => anyMaster((origin) => renewTokens(origin)),
    account: (username) => ask(account, 'GET', `accounts/${encodeURIComponent(username)}`),
    isRemoved: (accountId) =>
      ask(nothing, 'GET', `removed-accounts/${accountId}`).then(
        () => true,
        (error: unknown) => {
          if (error instanceof MessengerError && error.code === 'not-found') return false;
          throw error;
        },
      ),
    keys: (accountId, deviceId) =>
      ask(keyBundles, 'GET', `keys/${accountId}${deviceId === undefined ? '' : `?device=${deviceId}`}`),
    replenish: (keys) => ask(keyStock, 'PUT', 'keys', keys),
    keyStock: () => ask(keyStock, 'GET', 'keys'),
    devices: () => ask(devices, 'GET', 'devices'),
    removeDevice: async (deviceId) => {
      await ask(nothing, 'DELETE', `devices/${deviceId}`);
    },
    changePassword: (change) =>
      anyMaster(async (origin) => {
        const answer = await requestJson(fetch, session, {
          ...{ url: `${origin}/api/account/password`, method: 'PUT', body: change },
          token: await tokenFor(origin),
        });
        await tokens.keep(absolute(origin, answer));
      }),
    deleteAccount: async (password) => {
      await ask(nothing, 'DELETE', 'account', { password });
    },
  };
};
