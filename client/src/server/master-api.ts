import type {
  Account,
  AccountId,
  BlobId,
  BlobTicket,
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
  Rendezvous,
  RendezvousId,
  RendezvousSlot,
  ReplaceAccountKey,
  ReplenishKeys,
  Session,
  SignedDeviceList,
  TokenRequest,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { Http, HttpRequest } from './http.ts';
import { readServers, type Servers } from './servers.ts';

type Patience = Pick<HttpRequest, 'timeoutMs'>;

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
  /** For a new blob of so many bytes. Node addresses are absolute. */
  readonly newBlob: (bytes: number) => Promise<BlobTicket>;
  /** To read a blob. */
  readonly blob: (id: BlobId) => Promise<BlobTicket>;
  /** A token by which the device with this key may be added to the own account, once. Throws `device-waiting`. */
  readonly grantDevice: (identityKey: string) => Promise<string>;
  /** Asks no account of anybody, as do the next two. */
  readonly openRendezvous: () => Promise<Rendezvous>;
  /** Null: it is not there yet. Throws `not-found`: there is no such rendezvous any more. */
  readonly sealedMessage: (id: RendezvousId, slot: RendezvousSlot) => Promise<string | null>;
  /** The same bytes may be left again. Throws `slot-taken` for others. */
  readonly leaveSealedMessage: (id: RendezvousId, slot: RendezvousSlot, sealed: string) => Promise<void>;
};

/** Where the API's tokens come from and go to. */
export type TokenStore = {
  /** The master token, or null when it must be renewed. */
  readonly masterToken: () => string | null;
  /** A server has refused one of the tokens: fresh ones may help. */
  readonly areRefused: () => boolean;
  readonly tokenRequest: () => TokenRequest;
  /** `tookMs`: since they were asked for. */
  readonly keep: (tokens: Session, tookMs: number) => Promise<void>;
};

/** While others may be asked, one that does not answer is waited for no longer. */
const PATIENCE_MS = 4_000;

const sealedPath = (id: RendezvousId, slot: RendezvousSlot): string => `/api/rendezvous/${id}/${slot}`;

/** A node's address, which may be a path of the master's origin. */
const absolute = (node: string, origin: string): string => new URL(node, origin).href.replace(/\/$/, '');

/** With the base URLs of the mailbox nodes made absolute, and without servers that nobody goes to. */
const readSession = <S extends Session>(
  origin: string,
  { masters, ...answer }: S,
  onFault: (error: unknown) => void,
): S => {
  let named: readonly string[] | undefined;
  try {
    named = masters && readServers(masters, origin);
  } catch (error) {
    onFault(error);
  }
  return {
    ...answer,
    ...(named === undefined ? {} : { masters: [...named] }),
    mailboxNodes: answer.mailboxNodes.map((node) => absolute(node, origin)),
  } as unknown as S;
};

/**
 * Asks a master, and another one when that is away. What must not be done twice is asked of one master alone, which has just said that it is
 * well: an answer may be lost when all is done.
 */
export const masterApi = (
  servers: Servers,
  http: Http,
  tokens: TokenStore,
  onFault: (error: unknown) => void,
): MasterApi => {
  const anyMaster = async <T>(ask: (origin: string, patience: Patience) => Promise<T>): Promise<T> => {
    const origins = servers.inOrder();
    let failure: unknown = new MessengerError('unreachable', 'no master is configured');
    for (const [index, origin] of origins.entries()) {
      try {
        const answer = await ask(origin, index < origins.length - 1 ? { timeoutMs: PATIENCE_MS } : {});
        servers.take(origin);
        return answer;
      } catch (error) {
        failure = error;
        const elsewhere = error instanceof MessengerError && (error.retry || error.code === 'bad-answer');
        if (!elsewhere || error.code === 'rate-limited') throw error;
      }
    }
    throw failure;
  };
  const oneMaster = async <T>(ask: (origin: string) => Promise<T>): Promise<T> => {
    const origin = await servers.choose(new AbortController().signal);
    if (origin === null) throw new MessengerError('unreachable', 'no server answers');
    return ask(origin);
  };

  const renewTokens: MasterApi['renewTokens'] = async (origin, signal) => {
    const askedAt = performance.now();
    const answer = await http.ask('session', {
      server: origin,
      path: '/api/tokens',
      method: 'POST',
      body: ['tokenRequest', tokens.tokenRequest()],
      ...(signal === undefined ? {} : { signal }),
    });
    await tokens.keep(readSession(origin, answer, onFault), performance.now() - askedAt);
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
  ): Promise<Body<N>> =>
    anyMaster(async (origin, patience) =>
      http.ask(answer, { ...(await asDevice(origin, ...request)), ...patience }),
    );
  const askTicket = (
    ...request: [method: HttpRequest['method'], path: string, body?: NamedBody]
  ): Promise<BlobTicket> =>
    anyMaster(async (origin, patience) => {
      const asked = { ...(await asDevice(origin, ...request)), ...patience };
      const { nodes, ...ticket } = await http.ask('blobTicket', asked);
      return { ...ticket, nodes: nodes.map((node) => absolute(node, origin)) };
    });
  const tell = (...request: [method: HttpRequest['method'], path: string, body?: NamedBody]): Promise<void> =>
    anyMaster(async (origin, patience) =>
      http.tell({ ...(await asDevice(origin, ...request)), ...patience }),
    );
  const tellOne = (
    ...request: [method: HttpRequest['method'], path: string, body?: NamedBody]
  ): Promise<void> => oneMaster(async (origin) => http.tell(await asDevice(origin, ...request)));
  const enroll = (path: string, body: NamedBody): Promise<RegisteredDevice> =>
    oneMaster(async (origin) => {
      const request = { server: origin, path: `/api/${path}`, method: 'POST', body } as const;
      return readSession(origin, await http.ask('registeredDevice', request), onFault);
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
      oneMaster(async (origin) => {
        const request = await asDevice(origin, 'PUT', 'account/password', ['changePassword', change]);
        const askedAt = performance.now();
        const answer = await http.ask('session', request);
        await tokens.keep(readSession(origin, answer, onFault), performance.now() - askedAt);
      }),
    newBlob: (bytes) => askTicket('POST', 'blobs', ['newBlob', { bytes }]),
    blob: (id) => askTicket('GET', `blobs/${id}`),
    grantDevice: async (identityKey) =>
      (await ask('deviceGrant', 'POST', 'device-grants', ['newDeviceGrant', { identityKey }])).grant,
    openRendezvous: () =>
      anyMaster((server, patience) =>
        http.ask('rendezvous', { server, path: '/api/rendezvous', method: 'POST', ...patience }),
      ),
    sealedMessage: async (id, slot) => {
      const { sealed } = await anyMaster((server, patience) =>
        http.ask('heardSealedMessage', { server, path: sealedPath(id, slot), method: 'GET', ...patience }),
      );
      return sealed;
    },
    leaveSealedMessage: (id, slot, sealed) =>
      anyMaster((server, patience) => {
        const body = ['sealedMessage', { sealed }] as const;
        return http.tell({ server, path: sealedPath(id, slot), method: 'PUT', body, ...patience });
      }),
    deleteAccount: (password) => tellOne('DELETE', 'account', ['deleteAccount', { password }]),
  };
};
