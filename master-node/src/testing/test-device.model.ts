import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  downstream,
  LIMITS,
  mailboxPage,
  mintMessageId,
  registeredDevice,
  PROTOCOL_VERSION,
  subprotocol,
  tokenSubprotocol,
  type Accepted,
  type DeviceKeys,
  type SignedDeviceList,
  type Downstream,
  type Envelope,
  type OutgoingEnvelope,
  type Recipient,
  type Refused,
  type RegisteredDevice,
  type Upstream,
} from '@restante/protocol';
import { newTestAccountKey, waitFor, type TestAccountKey } from '@restante/testkit';

const base64 = (bytes: number): string => randomBytes(bytes).toString('base64');

/** Keys of the right shape, `oneTime` of each kind as far as that is allowed, with ids from `first`. */
export const randomKeys = (oneTime = 30, first = 2): DeviceKeys => {
  const kyber = (keyId: number) => ({ keyId, publicKey: base64(1569), signature: base64(64) });
  return {
    registrationId: 1 + (randomBytes(2).readUInt16BE() % 16_000),
    identityKey: base64(33),
    signedPreKey: { keyId: 1, publicKey: base64(33), signature: base64(64) },
    lastResortKyberPreKey: kyber(1),
    preKeys: Array.from({ length: oneTime }, (_, index) => ({ keyId: first + index, publicKey: base64(33) })),
    kyberPreKeys: Array.from({ length: Math.min(oneTime, LIMITS.oneTimeKyberPreKeys) }, (_, index) =>
      kyber(first + index),
    ),
  };
};

export const randomName = (): string => `u${randomBytes(6).toString('hex')}`;
export const mintId = (timeMs = Date.now()): string => mintMessageId(timeMs, randomBytes(10));

export const PASSWORD = 'correct horse battery staple';

/** The answer to a request with a JSON body. */
export const call = async (
  url: string,
  method: string,
  { token, body, address }: { token?: string; body?: unknown; address?: string } = {},
): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
};

export type TestDevice = RegisteredDevice & { readonly registrationId: number };

/** Account keys of those who were registered here, with the last list that each has signed. */
const signers = new Map<string, { readonly key: TestAccountKey; readonly list: SignedDeviceList | null }>();

/** The account signs a list with the devices that it had, if they have not been taken off, and these. */
export const listDevices = async (
  masterUrl: string,
  by: Pick<RegisteredDevice, 'accountId' | 'masterToken'>,
  change: {
    readonly add?: readonly SignedDeviceList['devices'][number][];
    readonly remove?: readonly number[];
  },
): Promise<SignedDeviceList> => {
  const { accountId } = by;
  const { key, list: before } = signers.get(accountId) ?? { key: newTestAccountKey(), list: null };
  const gone = [...(change.remove ?? []), ...(change.add ?? []).map(({ deviceId }) => deviceId)];
  const devices = (before?.devices ?? []).filter(({ deviceId }) => !gone.includes(deviceId));
  const generation = (before?.generation ?? 0) + 1;
  const list = key.sign({ accountId, generation, devices: [...devices, ...(change.add ?? [])] });
  const { status, body } = await call(`${masterUrl}/api/device-list`, 'PUT', {
    token: by.masterToken,
    body: { list },
  });
  if (status !== 204) throw new Error(`${status} ${JSON.stringify(body)}`);
  signers.set(accountId, { key, list });
  return list;
};

/** Adds a device that waits to be put on its account's list. */
export const addWaiting = async (url: string, username: string, keys = randomKeys()): Promise<TestDevice> => {
  const { status, body } = await call(url, 'POST', {
    body: { username, password: PASSWORD, device: { name: 'test', keys } },
  });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return { ...registeredDevice.parse(body), registrationId: keys.registrationId };
};

const addListed = async (masterUrl: string, path: string, username: string, keys: DeviceKeys) => {
  const device = await addWaiting(`${masterUrl}/api/${path}`, username, keys);
  const { registrationId, identityKey } = keys;
  const add = [{ deviceId: device.deviceId, registrationId, identityKey }];
  await listDevices(masterUrl, device, { add });
  return device;
};

/** Registers an account with its first device, which is on its list. */
export const register = (masterUrl: string, username = randomName(), keys = randomKeys()) =>
  addListed(masterUrl, 'accounts', username, keys);

/** Adds a device to an account, and to its list. */
export const login = (masterUrl: string, username: string, keys = randomKeys()) =>
  addListed(masterUrl, 'devices', username, keys);

/** An envelope for a device. */
export const envelopeFor = (device: TestDevice, payload = base64(48)): OutgoingEnvelope => ({
  deviceId: device.deviceId,
  registrationId: device.registrationId,
  type: 'message',
  payload,
});

/** Envelopes for devices of one account. */
export const recipient = (device: TestDevice, ...others: readonly TestDevice[]): Recipient => ({
  accountId: device.accountId,
  envelopes: [device, ...others].map((one) => envelopeFor(one)),
});

type Of<T extends Downstream['type']> = Extract<Downstream, { type: T }>;

/** A WebSocket of a device, with all that it has heard. */
export type TestSocket = {
  readonly socket: WebSocket;
  readonly frames: readonly Downstream[];
  /** Code of the close, null while it is open. */
  readonly closed: () => number | null;
  readonly write: (frame: Upstream) => void;
  readonly raw: (text: string) => void;
  readonly heard: <T extends Downstream['type']>(type: T) => Of<T>[];
  /** Waits until `count` frames of a type were heard. */
  readonly hears: <T extends Downstream['type']>(type: T, count?: number) => Promise<Of<T>[]>;
  /** Sends a message; gives the answer. */
  readonly send: (recipients: Recipient[], id?: string) => Promise<Accepted | Refused>;
  readonly close: () => Promise<void>;
};

/** Opens a WebSocket; resolves with its first frame heard. */
export const connect = async (masterUrl: string, { masterToken }: { masterToken: string }) => {
  const socket = new WebSocket(`${masterUrl.replace('http', 'ws')}/ws`, [
    subprotocol(PROTOCOL_VERSION),
    tokenSubprotocol(masterToken),
  ]);
  const frames: Downstream[] = [];
  let code: number | null = null;
  const failures: Error[] = [];
  socket.on('message', (data) => frames.push(downstream.parse(JSON.parse((data as Buffer).toString()))));
  socket.on('close', (closeCode) => (code = closeCode));
  socket.on('error', (error) => failures.push(error));

  const heard = <T extends Downstream['type']>(type: T): Of<T>[] =>
    frames.filter((frame): frame is Of<T> => frame.type === type);
  const write = (frame: Upstream): void => socket.send(JSON.stringify(frame));
  const device: TestSocket = {
    socket,
    frames,
    closed: () => code,
    write,
    raw: (text) => socket.send(text),
    heard,
    hears: (type, count = 1) =>
      waitFor(
        `${count} ${type}`,
        () => {
          const found = heard(type);
          return found.length >= count ? found : null;
        },
        { everyMs: 5 },
      ),
    send: (recipients, id = mintId()) => {
      write({ type: 'send', id, recipients });
      return waitFor(
        'the answer to a send',
        () =>
          frames.find(
            (frame): frame is Accepted | Refused =>
              (frame.type === 'accepted' || frame.type === 'refused') && frame.id === id,
          ) ?? null,
        { everyMs: 5 },
      );
    },
    close: async () => {
      socket.close();
      await waitFor('the close', () => code !== null);
    },
  };
  await waitFor('the first frame', () => frames.length + failures.length > 0, { everyMs: 5 });
  const [failure] = failures;
  if (failure) throw failure;
  return device;
};

/** The envelopes that wait for a device on one mailbox node. */
export const waiting = async (nodeUrl: string, device: RegisteredDevice): Promise<Envelope[]> => {
  const { body } = await call(`${nodeUrl}/messages/${device.accountId}?device=${device.deviceId}`, 'GET', {
    token: device.mailboxToken,
  });
  return mailboxPage.parse(body).messages;
};

/** The value of one series of `GET /metrics`; 0 when it is not there. */
export const metric = async (url: string, series: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
};
