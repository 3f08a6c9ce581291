import { randomBytes } from 'node:crypto';
import {
  downstream,
  mintMessageId,
  PROTOCOL_VERSION,
  registeredDevice,
  subprotocol,
  tokenSubprotocol,
  type DeviceAddress,
  type DeviceKeys,
  type Downstream,
  type NewDevice,
  type RegisteredDevice,
  type Send,
  type Upstream,
  type Welcome,
} from '@restante/protocol';
import { newTestAccountKey } from '@restante/testkit';
import { WebSocket } from 'ws';

/** Pings per span of silence, as the messenger sends them. */
const PINGS = 3;

/** A device with an account of its own; its keys are noise. */
export type BenchAccount = RegisteredDevice & { readonly registrationId: number };

/** A device that is connected to a master by a real WebSocket. What it sends as ciphertext is noise. */
export type Device = DeviceAddress &
  Disposable & {
    readonly registrationId: number;
    readonly send: (frame: Upstream) => void;
    /** Called with every frame and when it arrived, by `performance.now()`; replaces the listener before. */
    onFrame: (frame: Downstream, arrivedAt: number) => void;
  };

/** One message for the only device of an account. */
export const messageTo = (
  { accountId, deviceId, registrationId }: Pick<Device, keyof DeviceAddress | 'registrationId'>,
  payload: string,
): Send => ({
  type: 'send',
  id: mintMessageId(Date.now(), randomBytes(10)),
  recipients: [{ accountId, envelopes: [{ deviceId, registrationId, type: 'message', payload }] }],
});

const noise = (bytes: number): string => randomBytes(bytes).toString('base64');

const signedKey = (bytes: number) => ({ keyId: 1, publicKey: noise(bytes), signature: noise(64) });

const keyIds = (count: number, first: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** How many one-time keys of each kind. */
type OneTimeKeys = { readonly preKeys: number; readonly kyberPreKeys: number };
const NONE: OneTimeKeys = { preKeys: 0, kyberPreKeys: 0 };

/** `firstId`: of the one-time keys. */
export const newDeviceKeys = (oneTimeKeys = NONE, firstId = 2): DeviceKeys => ({
  registrationId: 1 + (randomBytes(2).readUInt16BE() % 0x3fff),
  identityKey: noise(33),
  signedPreKey: signedKey(33),
  lastResortKyberPreKey: signedKey(1_569),
  preKeys: keyIds(oneTimeKeys.preKeys, firstId).map((keyId) => ({ keyId, publicKey: noise(33) })),
  kyberPreKeys: keyIds(oneTimeKeys.kyberPreKeys, firstId).map((keyId) => ({
    ...signedKey(1_569),
    keyId,
  })),
});

const newAccount = (keys: DeviceKeys): NewDevice => ({
  username: `bench${randomBytes(8).toString('hex')}`,
  password: noise(18),
  device: { name: 'bench', keys },
});

/** Messages go to devices on the signed list of their account alone. */
const publishList = async (
  masterUrl: string,
  { accountId, deviceId, masterToken }: RegisteredDevice,
  { registrationId, identityKey }: DeviceKeys,
): Promise<void> => {
  const devices = [{ deviceId, registrationId, identityKey }];
  const list = newTestAccountKey().sign({ accountId, generation: 1, devices });
  const answer = await fetch(`${masterUrl}/api/device-list`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${masterToken}` },
    body: JSON.stringify({ list }),
  });
  if (answer.status !== 204) throw new Error(`the device list was answered with ${answer.status}`);
};

/** Registers a new account with its first device, and one-time keys. */
export const registerDevice = async (masterUrl: string, oneTimeKeys = NONE): Promise<BenchAccount> => {
  const keys = newDeviceKeys(oneTimeKeys);
  const answer = await fetch(`${masterUrl}/api/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(newAccount(keys)),
  });
  if (answer.status !== 201) throw new Error(`the registration was answered with ${answer.status}`);
  const registered = registeredDevice.parse(await answer.json());
  await publishList(masterUrl, registered, keys);
  return { ...registered, registrationId: keys.registrationId };
};

/** Connects the device of an account, and pings as a client does. Resolves after `welcome`. */
export const connectAccount = async (
  masterUrl: string,
  { accountId, deviceId, registrationId, masterToken }: BenchAccount,
): Promise<Device> => {
  const socket = new WebSocket(
    `${masterUrl.replace('http', 'ws')}/ws`,
    [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(masterToken)],
    { perMessageDeflate: false },
  );
  const welcomed = Promise.withResolvers<Welcome>();
  const device: Device = {
    accountId,
    deviceId,
    registrationId,
    send: (frame) => socket.send(JSON.stringify(frame)),
    onFrame: (frame) => {
      if (frame.type === 'welcome') welcomed.resolve(frame);
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
  socket.on('message', (data) => {
    const arrivedAt = performance.now();
    device.onFrame(downstream.parse(JSON.parse((data as Buffer).toString('utf8'))), arrivedAt);
  });
  socket.on('error', welcomed.reject);
  const { limits } = await welcomed.promise;
  const pings = setInterval(() => device.send({ type: 'ping' }), limits.silenceMs / PINGS);
  socket.on('close', () => clearInterval(pings));
  return device;
};

/** Registers a new account and connects its device. Resolves after `welcome`. */
export const connectDevice = async (masterUrl: string): Promise<Device> =>
  connectAccount(masterUrl, await registerDevice(masterUrl));
