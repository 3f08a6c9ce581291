import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  errorBody,
  LIMITS,
  PROTOCOL_VERSION,
  subprotocol,
  tokenSubprotocol,
  type ErrorBody,
} from '@restante/protocol';
import { createTokenSigner } from '@restante/service-kit';
import type { MasterNode } from '../index.ts';
import { call, connect, login, register, type TestDevice } from '../testing/test-device.model.ts';
import { startTestNodes, testKeys, type TestNodes } from '../testing/test-nodes.model.ts';

type Refusal = { readonly status: number; readonly error: ErrorBody };

/** Asks for an upgrade by hand; gives the refusal. */
const refusal = (url: string, path: string, headers: Record<string, string>): Promise<Refusal> =>
  new Promise((resolve, reject) => {
    const asked = request(url, {
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        ...headers,
      },
    });
    asked.on('error', reject);
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('the upgrade was accepted'));
    });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const error = errorBody.parse(JSON.parse(Buffer.concat(chunks).toString()));
        resolve({ status: response.statusCode ?? 0, error });
      });
    });
    asked.end();
  });

describe('a WebSocket upgrade', () => {
  let nodes: TestNodes;
  let master: MasterNode;
  let device: TestDevice;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master({ ALLOWED_ORIGINS: 'https://restante.example' });
    device = await register(master.url);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  const asks = (token: string, more: Record<string, string> = {}) =>
    refusal(master.url, '/ws', {
      'sec-websocket-protocol': `${subprotocol(PROTOCOL_VERSION)}, ${tokenSubprotocol(token)}`,
      ...more,
    });
  const soon = () => Date.now() + 60_000;

  it.each([
    [
      'forged',
      () => createTokenSigner(testKeys().privateKey).device(device, 'master', soon()),
      'unauthorized',
    ],
    ['for mailboxes', () => Promise.resolve(device.mailboxToken), 'unauthorized'],
    ['for stores', () => nodes.signer.master(soon()), 'unauthorized'],
    [
      'expired',
      () => nodes.signer.device(device, 'master', Date.now() - LIMITS.clockSkewMs - 60_000),
      'token-expired',
    ],
    ['not a token', () => Promise.resolve('x.y.z'), 'unauthorized'],
    [
      'of no account',
      () => nodes.signer.device({ ...device, accountId: crypto.randomUUID() }, 'master', soon()),
      'unauthorized',
    ],
    [
      'of no device',
      () => nodes.signer.device({ ...device, deviceId: 99 }, 'master', soon()),
      'unauthorized',
    ],
  ])('with a token %s is refused', async (_what, token, code) => {
    expect(await asks(await token())).toMatchObject({ status: 401, error: { code } });
  });

  it('without a token is refused, and one in the URL does not count', async () => {
    const headers = { 'sec-websocket-protocol': subprotocol(PROTOCOL_VERSION) };
    expect(await refusal(master.url, `/ws?token=${device.masterToken}`, headers)).toMatchObject({
      status: 401,
      error: { code: 'unauthorized' },
    });
  });

  it('with an unknown version, or none, is refused', async () => {
    const token = tokenSubprotocol(device.masterToken);
    for (const offered of [`restante.99, ${token}`, token]) {
      expect(await refusal(master.url, '/ws', { 'sec-websocket-protocol': offered })).toMatchObject({
        status: 426,
        error: { code: 'unsupported-version' },
      });
    }
    expect(await refusal(master.url, '/ws', {})).toMatchObject({ status: 426 });
  });

  it('elsewhere, or from a page of another origin, is refused', async () => {
    for (const path of ['/other', '//', '//ws', 'http://[', '*']) {
      expect(await refusal(master.url, path, {}), path).toMatchObject({
        status: 404,
        error: { code: 'not-found' },
      });
    }
    expect(await asks(device.masterToken, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      error: { code: 'forbidden' },
    });
  });

  it('of a removed device is refused, and its connection ends', async () => {
    const second = await login(master.url, device.username);
    const socket = await connect(master.url, second);
    const { status } = await call(`${master.url}/api/devices/${second.deviceId}`, 'DELETE', {
      token: device.masterToken,
    });
    expect(status).toBe(204);
    expect(await socket.hears('error')).toMatchObject([{ error: { code: 'unauthorized' } }]);
    expect(await asks(second.masterToken)).toMatchObject({ status: 401, error: { code: 'unauthorized' } });
  });

  it('over the bound of connections is refused', async () => {
    const small = await nodes.master({ MAX_CONNECTIONS: '1' });
    const socket = await connect(small.url, device);
    const headers = {
      'sec-websocket-protocol': `${subprotocol(PROTOCOL_VERSION)}, ${tokenSubprotocol(device.masterToken)}`,
    };
    expect(await refusal(small.url, '/ws', headers)).toMatchObject({
      status: 503,
      error: { code: 'unavailable' },
    });
    await socket.close();
  });

  it('selects the protocol and never echoes the token', async () => {
    const socket = await connect(master.url, device);
    expect(socket.socket.protocol).toBe(subprotocol(PROTOCOL_VERSION));
    await socket.close();
  });
});
