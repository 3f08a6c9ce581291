import type {
  Account,
  AccountId,
  Body,
  BodyName,
  ChangePassword,
  DeviceId,
  Devices,
  KeyBundles,
  KeyStock,
  NamedBody,
  NewAccount,
  NewDevice,
  RegisteredDevice,
  ReplaceAccountKey,
  ReplenishKeys,
  Session,
  SignedDeviceList,
  TokenRequest,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { Http, HttpRequest } from './http.ts';

/** The REST side of a master. Each call throws a `MessengerError`. */
export type MasterApi = {
  /** Does the work that a server asks for. */
  readonly register: (request: Omit<NewAccount, 'work'>) => Promise<RegisteredDevice>;
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
  /** The newest device list of an account. `not-found`: the account or the list. */
  readonly deviceList: (accountId: AccountId) => Promise<SignedDeviceList>;
  /** Makes this the own account's list. Throws `device-list-conflict` when another one was there first. */
  readonly putDeviceList: (list: SignedDeviceList) => Promise<void>;
  /** The same by another account key. */
  readonly replaceAccountKey: (request: ReplaceAccountKey) => Promise<void>;
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
  /** A server has refused one of the tokens: fresh ones may help. */
  readonly areRefused: () => boolean;
  readonly tokenRequest: () => TokenRequest;
  readonly keep: (tokens: Session) => Promise<void>;
};

/** Base URLs of the mailbox nodes, made absolute. */
const absolute = <S extends Session>(origin: string, answer: S): S => ({
  ...answer,
  mailboxNodes: answer.mailboxNodes.map((node) => new URL(node, origin).href.replace(/\/$/, '')),
});

/** Asks the masters in their order, the last one that answered first. */
export const masterApi = (masters: readonly string[], http: Http, tokens: TokenStore): MasterApi => {
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
    const answer = await http.ask('session', {
      server: origin,
      path: '/api/tokens',
      method: 'POST',
      body: ['tokenRequest', tokens.tokenRequest()],
      ...(signal === undefined ? {} : { signal }),
    });
    await tokens.keep(absolute(origin, answer));
  };
  const tokenFor = async (origin: string): Promise<string> => {
    if (tokens.masterToken() === null) await renewTokens(origin);
    else if (tokens.areRefused()) await renewTokens(origin).catch(() => undefined);
    return tokens.masterToken() ?? '';
  };

  const asDevice = async (
    server: string,
    method: HttpRequest['method'],
    path: string,
    body?: NamedBody,
  ): Promise<HttpRequest> => ({
    ...{ server, path: `/api/${path}`, method, token: await tokenFor(server) },
    ...(body === undefined ? {} : { body }),
  });
  const ask = <N extends BodyName>(
    answer: N,
    ...request: [method: HttpRequest['method'], path: string, body?: NamedBody]
  ): Promise<Body<N>> => anyMaster(async (origin) => http.ask(answer, await asDevice(origin, ...request)));
  const tell = (...request: [method: HttpRequest['method'], path: string, body?: NamedBody]): Promise<void> =>
    anyMaster(async (origin) => http.tell(await asDevice(origin, ...request)));
  const enroll = (path: string, body: NamedBody): Promise<RegisteredDevice> =>
    anyMaster(async (origin) => {
      const request = { server: origin, path: `/api/${path}`, method: 'POST', body } as const;
      return absolute(origin, await http.ask('registeredDevice', request));
    });

  return {
    register: async (body) => {
      try {
        return await enroll('accounts', ['newAccount', body]);
      } catch (error) {
        const demand = error instanceof MessengerError ? error.body?.work : undefined;
        if (demand === undefined) throw error;
        const { doWork } = await import('./registration-work.ts');
        return enroll('accounts', ['newAccount', { ...body, work: await doWork(demand) }]);
      }
    },
    login: (body) => enroll('devices', ['newDevice', body]),
    renewTokens,
    freshTokens: () => anyMaster((origin) => renewTokens(origin)),
    account: (username) => ask('account', 'GET', `accounts/${encodeURIComponent(username)}`),
    isRemoved: (accountId) =>
      tell('GET', `removed-accounts/${accountId}`).then(
        () => true,
        (error: unknown) => {
          if (error instanceof MessengerError && error.code === 'not-found') return false;
          throw error;
        },
      ),
    keys: (accountId, deviceId) =>
      ask('keyBundles', 'GET', `keys/${accountId}${deviceId === undefined ? '' : `?device=${deviceId}`}`),
    replenish: (keys) => ask('keyStock', 'PUT', 'keys', ['replenishKeys', keys]),
    keyStock: () => ask('keyStock', 'GET', 'keys'),
    deviceList: (accountId) => ask('signedDeviceList', 'GET', `device-lists/${accountId}`),
    putDeviceList: (list) => tell('PUT', 'device-list', ['putDeviceList', { list }]),
    replaceAccountKey: (request) => tell('PUT', 'account-key', ['replaceAccountKey', request]),
    devices: () => ask('devices', 'GET', 'devices'),
    removeDevice: (deviceId) => tell('DELETE', `devices/${deviceId}`),
    changePassword: (change) =>
      anyMaster(async (origin) => {
        const request = await asDevice(origin, 'PUT', 'account/password', ['changePassword', change]);
        const answer = await http.ask('session', request);
        await tokens.keep(absolute(origin, answer));
      }),
    deleteAccount: (password) => tell('DELETE', 'account', ['deleteAccount', { password }]),
  };
};
