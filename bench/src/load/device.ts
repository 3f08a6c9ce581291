import { randomBytes } from 'node:crypto';
import {
  downstream,
  mintMessageId,
  PROTOCOL_VERSION,
  registeredDevice,
  subprotocol,
  tokenSubprotocol,
  type DeviceAddress,
  type Downstream,
  type NewDevice,
  type Send,
  type Upstream,
} from '@restante/protocol';
import { WebSocket } from 'ws';

/** A device that is connected to a master by a real WebSocket, with keys and ciphertext that are noise. */
export type Device = DeviceAddress &
  Disposable & {
    readonly registrationId: number;
    readonly send: (frame: Upstream) => void;
    /** Called with every frame; replaces the listener before. */
    onFrame: (frame: Downstream) => void;
  };

/** One message for the only device of an account. */
export const messageTo = ({ accountId, deviceId, registrationId }: Device, payload: string): Send => ({
  type: 'send',
  id: mintMessageId(Date.now(), randomBytes(10)),
  recipients: [{ accountId, envelopes: [{ deviceId, registrationId, type: 'message', payload }] }],
});

const noise = (bytes: number): string => randomBytes(bytes).toString('base64');

const signedKey = (bytes: number) => ({ keyId: 1, publicKey: noise(bytes), signature: noise(64) });

const newAccount = (registrationId: number): NewDevice => ({
  username: `bench${randomBytes(8).toString('hex')}`,
  password: noise(18),
  device: {
    name: 'bench',
    keys: {
      registrationId,
      identityKey: noise(33),
      signedPreKey: signedKey(33),
      lastResortKyberPreKey: signedKey(1_569),
      preKeys: [],
      kyberPreKeys: [],
    },
  },
});

const register = async (masterUrl: string, registrationId: number) => {
  const answer = await fetch(`${masterUrl}/api/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(newAccount(registrationId)),
  });
  if (answer.status !== 201) throw new Error(`the registration was answered with ${answer.status}`);
  return registeredDevice.parse(await answer.json());
};

/** Registers a new account and connects its device. Resolves after `welcome`. */
export const connectDevice = async (masterUrl: string): Promise<Device> => {
  const registrationId = 1 + (randomBytes(2).readUInt16BE() % 0x3fff);
  const { accountId, deviceId, masterToken } = await register(masterUrl, registrationId);
  const socket = new WebSocket(
    `${masterUrl.replace('http', 'ws')}/ws`,
    [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(masterToken)],
    { perMessageDeflate: false },
  );
  const welcomed = Promise.withResolvers<undefined>();
  const device: Device = {
    accountId,
    deviceId,
    registrationId,
    send: (frame) => socket.send(JSON.stringify(frame)),
    onFrame: ({ type }) => {
      if (type === 'welcome') welcomed.resolve(undefined);
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
  socket.on('message', (data) => {
    device.onFrame(downstream.parse(JSON.parse((data as Buffer).toString('utf8'))));
  });
  socket.on('error', welcomed.reject);
  await welcomed.promise;
  return device;
};
