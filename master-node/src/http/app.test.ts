import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  account,
  blobBytesFor,
  blobTicket,
  devices,
  errorBody,
  keyBundles,
  keyStock,
  LIMITS,
  leadingZeroBits,
  messageTime,
  session,
  signedDeviceList,
  workText,
  type RegisteredDevice,
  type WorkDemand,
} from '@restante/protocol';
import { newTestAccountKey, waitFor } from '@restante/testkit';
import { openInvites, readConfig, type MasterNode } from '../index.ts';
import {
  addWaiting,
  call,
  connect,
  listDevices,
  login,
  metric,
  PASSWORD,
  randomKeys,
  randomName,
  recipient,
  register,
  type TestDevice,
} from '../testing/test-device.model.ts';
import { silentLog } from '../testing/test-directory.model.ts';
import { startTestNodes, type TestNodes } from '../testing/test-nodes.model.ts';

describe('the REST side', () => {
  let nodes: TestNodes;
  let master: MasterNode;
  let alice: TestDevice;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master();
    alice = await register(master.url);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  const ask = (method: string, path: string, options?: Parameters<typeof call>[2]) =>
    call(`${master.url}${path}`, method, options);
  const newDevice = (username: string, password = PASSWORD) => ({
    username,
    password,
    device: { name: 'test', keys: randomKeys(2) },
  });

  describe('accounts', () => {
    it('gives a session with tokens, nodes and a secret to a new account', () => {
      const { deviceSecret, registrationId, ...rest } = alice as RegisteredDevice & {
        registrationId: number;
      };
      expect(session.parse(rest)).toMatchObject({
        deviceId: 1,
        mailboxNodes: ['/node1', '/node2', '/node3'],
        writeConcern: 2,
      });
      expect(Buffer.from(deviceSecret, 'base64url')).toHaveLength(32);
      expect(rest.mailboxTokenExpiresAt).toBeGreaterThan(rest.masterTokenExpiresAt);
      expect(registrationId).toBeGreaterThan(0);
    });

    it('refuses a username that is taken', async () => {
      const { status, body } = await ask('POST', '/api/accounts', { body: newDevice(alice.username) });
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: 'username-taken' });
    });

    it('are found by name by those who have a token', async () => {
      const bob = await register(master.url);
      const found = await ask('GET', `/api/accounts/${bob.username}`, { token: alice.masterToken });
      const { body: list } = await ask('GET', `/api/device-lists/${bob.accountId}`, {
        token: alice.masterToken,
      });
      expect(signedDeviceList.parse(list).devices).toMatchObject([{ deviceId: 1 }]);
      expect(account.parse(found.body)).toEqual({ accountId: bob.accountId, username: bob.username, list });
      const nobody = await ask('GET', `/api/accounts/${randomName()}`, { token: alice.masterToken });
      expect(nobody).toMatchObject({ status: 404, body: { code: 'not-found' } });
      expect(await ask('GET', `/api/accounts/${bob.username}`)).toMatchObject({ status: 401 });
    });

    it('end with their devices, connections and name, for the right password only', async () => {
      const bob = await register(master.url);
      const socket = await connect(master.url, bob);
      const options = (password: string) => ({ token: bob.masterToken, body: { password } });
      const record = `/api/removed-accounts/${bob.accountId}`;
      const asker = { token: (await register(master.url)).masterToken };
      expect(await ask('GET', record, asker)).toMatchObject({ status: 404, body: { code: 'not-found' } });
      expect(await ask('GET', record)).toMatchObject({ status: 401 });
      expect(await ask('DELETE', '/api/account', options('wrong password'))).toMatchObject({ status: 401 });
      expect(socket.closed()).toBeNull();
      expect(await ask('DELETE', '/api/account', options(PASSWORD))).toEqual({ status: 204, body: null });
      expect(await ask('GET', record, asker)).toEqual({ status: 204, body: null });
      await waitFor('the connection to end', () => socket.closed() === 4401);
      expect(await ask('GET', '/api/devices', { token: bob.masterToken })).toMatchObject({ status: 401 });
      const { accountId, deviceId, deviceSecret } = bob;
      expect(await ask('POST', '/api/tokens', { body: { accountId, deviceId, deviceSecret } })).toMatchObject(
        {
          status: 401,
        },
      );
      expect((await register(master.url, bob.username)).accountId).not.toBe(bob.accountId);
    });
  });

  describe('blobs', () => {
    const part = (node: string, id: string, ticket: string, body?: string) =>
      fetch(`${node}/blobs/${id}/0`, {
        ...(body !== undefined && { method: 'PUT', body }),
        headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/octet-stream' },
      });

    it('are stored with one ticket and read with another, which say nothing of who asked', async () => {
      const token = alice.masterToken;
      const { status, body } = await ask('POST', '/api/blobs', { token, body: { bytes: 5 } });
      expect(status).toBe(201);
      const written = blobTicket.parse(body);
      const { id, ticket, nodes: where } = written;
      expect(where).toEqual(['/node1', '/node2', '/node3']);
      expect(Math.abs(messageTime(id) - Date.now())).toBeLessThan(60_000);
      const [node = ''] = nodes.nodeUrls;
      expect((await part(node, id, ticket, 'hello')).status).toBe(200);
      const bob = await register(master.url);
      const read = blobTicket.parse((await ask('GET', `/api/blobs/${id}`, { token: bob.masterToken })).body);
      expect(read).toMatchObject({ id, nodes: where });
      expect(await (await part(node, id, read.ticket)).text()).toBe('hello');
      expect((await part(node, id, read.ticket, 'hello')).status).toBe(403);
      for (const one of [ticket, read.ticket]) {
        const claims = JSON.parse(Buffer.from(one.split('.')[1] ?? '', 'base64url').toString()) as object;
        expect(JSON.stringify(claims)).not.toMatch(new RegExp(`${alice.accountId}|${bob.accountId}`));
        expect(claims).toMatchObject({ sub: id });
      }
    });

    it('are given to devices alone, in sizes that are taken here', async () => {
      const token = alice.masterToken;
      const store = (body: unknown) => ask('POST', '/api/blobs', { token, body });
      expect(await ask('POST', '/api/blobs', { body: { bytes: 5 } })).toMatchObject({ status: 401 });
      const some = '0190a000-0000-7000-8000-000000000000';
      expect(await ask('GET', `/api/blobs/${some}`)).toMatchObject({ status: 401 });
      expect(await ask('GET', '/api/blobs/x', { token })).toMatchObject({ status: 400 });
      const largest = blobBytesFor(100 * 1024 * 1024);
      expect(await store({ bytes: largest })).toMatchObject({ status: 201 });
      expect(await store({ bytes: largest + 1 })).toMatchObject({
        status: 413,
        body: { code: 'payload-too-large', path: 'bytes' },
      });
      for (const bytes of [0, -1, 1.5, '5', 2 ** 31])
        expect(await store({ bytes })).toMatchObject({ status: 400, body: { code: 'bad-request' } });
    });
  });

  describe('devices', () => {
    it('are added with the password, listed and removed', async () => {
      const bob = await register(master.url);
      const second = await login(master.url, bob.username);
      expect(second).toMatchObject({ accountId: bob.accountId, deviceId: 2 });
      const list = async () =>
        devices.parse((await ask('GET', '/api/devices', { token: bob.masterToken })).body).devices;
      expect((await list()).map(({ deviceId }) => deviceId)).toEqual([1, 2]);
      for (let round = 0; round < 2; round += 1) {
        expect(await ask('DELETE', '/api/devices/2', { token: bob.masterToken })).toMatchObject({
          status: 204,
        });
      }
      expect((await list()).map(({ deviceId }) => deviceId)).toEqual([1]);
      expect(await ask('GET', '/api/devices', { token: second.masterToken })).toMatchObject({ status: 401 });
    });

    it('get the same answer for a wrong password as for an unknown name', async () => {
      const wrong = await ask('POST', '/api/devices', { body: newDevice(alice.username, 'wrong password') });
      const unknown = await ask('POST', '/api/devices', { body: newDevice(randomName()) });
      expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(unknown).toEqual(wrong);
    });
  });

  describe('device lists', () => {
    const put = (token: string, list: object) => ask('PUT', '/api/device-list', { token, body: { list } });
    const replace = (token: string, list: object, password = PASSWORD) =>
      ask('PUT', '/api/account-key', { token, body: { password, list } });
    const own = async (token: string) => devices.parse((await ask('GET', '/api/devices', { token })).body);

    it('are kept when their account key has signed them and they follow, and told to all devices', async () => {
      const bob = await register(master.url);
      const { list } = await own(bob.masterToken);
      const other = await register(master.url);
      const answers = [
        await put(bob.masterToken, { ...list, generation: 2 }),
        await put(other.masterToken, list!),
        await put(bob.masterToken, { ...list, more: 1 }),
        await put(bob.masterToken, list!),
      ];
      expect(answers).toMatchObject([
        { status: 400, body: { code: 'bad-request', path: 'list.signature' } },
        { status: 400, body: { code: 'bad-request', path: 'list.accountId' } },
        { status: 400, body: { code: 'bad-request' } },
        { status: 204 },
      ]);
      const socket = await connect(master.url, bob);
      const waiting = await addWaiting(`${master.url}/api/devices`, bob.username);
      await socket.hears('devices');
      expect((await own(waiting.masterToken)).list).toEqual(list);
      const listed = (await own(bob.masterToken)).devices.find(({ deviceId }) => deviceId === 2)!;
      const { registrationId, identityKey } = listed;
      const add = [{ deviceId: 2, registrationId, identityKey }];
      const next = await listDevices(master.url, bob, { add });
      await socket.hears('devices', 2);
      expect((await own(waiting.masterToken)).list).toEqual(next);
      expect(await put(bob.masterToken, list!)).toMatchObject({
        ...{ status: 409, body: { code: 'device-list-conflict' } },
      });
      await socket.close();
    });

    it('say for whom there are keys: a device that waits has its connection, and nothing else', async () => {
      const bob = await register(master.url);
      const waiting = await addWaiting(`${master.url}/api/devices`, bob.username);
      const keys = async (token: string, query = '') =>
        ask('GET', `/api/keys/${bob.accountId}${query}`, { token });
      const { bundles, list } = keyBundles.parse((await keys(alice.masterToken)).body);
      expect(bundles.map(({ deviceId }) => deviceId)).toEqual([1]);
      expect(list).toEqual((await own(bob.masterToken)).list);
      expect(await keys(alice.masterToken, '?device=2')).toMatchObject({ status: 404 });
      const [from, to] = [await connect(master.url, alice), await connect(master.url, waiting)];
      expect(await from.send([recipient(bob)])).toMatchObject({ type: 'accepted' });
      expect(await from.send([recipient(bob, waiting)])).toMatchObject({
        error: { code: 'devices-changed', mismatches: [{ extra: [2] }] },
      });
      expect(await to.send([recipient(alice)])).toMatchObject({
        ...{ type: 'refused', error: { code: 'device-waiting' } },
      });
      to.write({ type: 'typing', to: alice.accountId, active: true });
      to.write({ type: 'presence', state: 'online', to: [alice.accountId] });
      expect((await to.hears('error', 2)).map(({ error }) => error.code)).toEqual([
        ...['device-waiting', 'device-waiting'],
      ]);
      expect([from.heard('envelope'), from.heard('typing'), from.heard('presence')]).toEqual([[], [], []]);
      await from.close();
      await to.close();
    });

    it('of another key end the one before, for the password alone', async () => {
      const bob = await register(master.url);
      const before = (await own(bob.masterToken)).list!;
      const key = newTestAccountKey();
      const sign = (generation: number) =>
        key.sign({ accountId: bob.accountId, generation, devices: before.devices });
      expect(await put(bob.masterToken, sign(2))).toMatchObject({ status: 409 });
      expect(await replace(bob.masterToken, sign(2), 'wrong password')).toMatchObject({ status: 401 });
      expect(await replace(bob.masterToken, sign(1))).toMatchObject({ status: 409 });
      expect(await replace(bob.masterToken, { ...sign(2), signature: before.signature })).toMatchObject({
        ...{ status: 400, body: { path: 'list.signature' } },
      });
      expect(await replace(bob.masterToken, sign(2))).toMatchObject({ status: 204 });
      expect((await own(bob.masterToken)).list).toEqual(sign(2));
      await expect(listDevices(master.url, bob, { remove: [] })).rejects.toThrow('409');
    });
  });

  describe('a change of the password', () => {
    const change = (token: string, password: string, newPassword: string, removeOtherDevices = false) =>
      ask('PUT', '/api/account/password', { token, body: { password, newPassword, removeOtherDevices } });
    const NEW = 'another horse entirely';

    it('asks for the old one, and ends tokens and connections that there were, for all of them get new ones', async () => {
      const bob = await register(master.url);
      const second = await login(master.url, bob.username);
      const sockets = await Promise.all([bob, second].map((device) => connect(master.url, device)));
      expect(await change(bob.masterToken, 'wrong password', NEW)).toMatchObject({ status: 401 });
      expect(await change(bob.masterToken, PASSWORD, 'short')).toMatchObject({
        ...{ status: 400, body: { code: 'bad-request', path: 'newPassword' } },
      });
      expect(sockets.map((socket) => socket.closed())).toEqual([null, null]);

      const changed = await change(bob.masterToken, PASSWORD, NEW);
      const fresh = session.parse(changed.body);
      for (const socket of sockets) await waitFor('the connection to end', () => socket.closed() === 4402);
      for (const { masterToken } of [bob, second]) {
        expect(await ask('GET', '/api/devices', { token: masterToken })).toMatchObject({
          ...{ status: 401, body: { code: 'token-expired' } },
        });
        await expect(connect(master.url, { masterToken })).rejects.toThrow('401');
      }
      const { accountId, deviceId, deviceSecret } = second;
      const renewed = await ask('POST', '/api/tokens', { body: { accountId, deviceId, deviceSecret } });
      for (const { masterToken } of [fresh, session.parse(renewed.body)]) {
        const { body } = await ask('GET', '/api/devices', { token: masterToken });
        expect(devices.parse(body).devices).toHaveLength(2);
        await (await connect(master.url, { masterToken })).close();
      }
      expect(await ask('POST', '/api/devices', { body: newDevice(bob.username) })).toMatchObject({
        status: 401,
      });
      expect(await ask('POST', '/api/devices', { body: newDevice(bob.username, NEW) })).toMatchObject({
        status: 201,
      });
    });

    it('removes the other devices when that is wanted', async () => {
      const bob = await register(master.url);
      const second = await login(master.url, bob.username);
      const socket = await connect(master.url, second);
      const { body } = await change(bob.masterToken, PASSWORD, NEW, true);
      await waitFor('the connection to end', () => socket.closed() === 4401);
      const left = await ask('GET', '/api/devices', { token: session.parse(body).masterToken });
      expect(devices.parse(left.body).devices.map(({ deviceId }) => deviceId)).toEqual([1]);
    });

    it('tries as few wrong passwords as signing in does', async () => {
      const bob = await register(master.url);
      const answers = [];
      for (let attempt = 0; attempt < 40; attempt += 1)
        answers.push((await change(bob.masterToken, `wrong password ${attempt}`, NEW)).status);
      expect(answers[0]).toBe(401);
      expect(answers.at(-1)).toBe(429);
    });
  });

  it('tells connected devices of one that signs in', async () => {
    const bob = await register(master.url);
    const socket = await connect(master.url, bob);
    await login(master.url, bob.username);
    await socket.hears('devices');
    await socket.close();
  });

  describe('tokens', () => {
    it('are renewed for the secret of the device alone', async () => {
      const { accountId, deviceId, deviceSecret } = alice;
      const renewed = await ask('POST', '/api/tokens', { body: { accountId, deviceId, deviceSecret } });
      const { masterToken } = session.parse(renewed.body);
      expect(await ask('GET', '/api/devices', { token: masterToken })).toMatchObject({ status: 200 });
      const other = await register(master.url);
      for (const body of [
        { accountId, deviceId, deviceSecret: other.deviceSecret },
        { accountId, deviceId: 2, deviceSecret },
        { accountId: crypto.randomUUID(), deviceId, deviceSecret },
      ]) {
        expect(await ask('POST', '/api/tokens', { body })).toMatchObject({
          status: 401,
          body: { code: 'unauthorized' },
        });
      }
    });

    it('of other audiences are refused, and expired ones are told so', async () => {
      const expired = await nodes.signer.device(alice, 'master', Date.now() - LIMITS.clockSkewMs - 1000);
      for (const [token, code] of [
        [alice.mailboxToken, 'unauthorized'],
        [await nodes.signer.master(Date.now() + 60_000), 'unauthorized'],
        [expired, 'token-expired'],
        ['x', 'unauthorized'],
      ]) {
        expect(await ask('GET', '/api/devices', { token: token! })).toMatchObject({
          status: 401,
          body: { code },
        });
      }
    });
  });

  describe('keys', () => {
    it('start sessions with all devices, or one; never with the asking one', async () => {
      const bob = await register(master.url, undefined, randomKeys(2));
      const second = await login(master.url, bob.username, randomKeys(0));
      const fetch = async (query = '', token = alice.masterToken) =>
        ask('GET', `/api/keys/${bob.accountId}${query}`, { token });
      const { bundles } = keyBundles.parse((await fetch()).body);
      expect(bundles.map(({ deviceId }) => deviceId)).toEqual([1, 2]);
      expect(bundles[0]!.preKey).toBeDefined();
      expect(bundles[1]!.preKey).toBeUndefined();
      const one = keyBundles.parse((await fetch('?device=1')).body);
      expect(one.bundles.map(({ deviceId }) => deviceId)).toEqual([1]);
      expect(one.bundles[0]!.preKey).not.toEqual(bundles[0]!.preKey);
      const own = keyBundles.parse((await fetch('', second.masterToken)).body);
      expect(own.bundles.map(({ deviceId }) => deviceId)).toEqual([1]);
      expect(await fetch('?device=9')).toMatchObject({ status: 404 });
      expect(await fetch('?device=x')).toMatchObject({ status: 400, body: { path: 'device' } });
      expect(await fetch('?other=1')).toMatchObject({ status: 400 });
      const unknown = `/api/keys/${crypto.randomUUID()}`;
      expect(await ask('GET', unknown, { token: alice.masterToken })).toMatchObject({ status: 404 });
    });

    it('each one-time key goes to one of 50 who ask at the same time', async () => {
      const bob = await register(master.url, undefined, randomKeys(40));
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          ask('GET', `/api/keys/${bob.accountId}`, { token: alice.masterToken }),
        ),
      );
      const ids = answers.flatMap(({ body }) => keyBundles.parse(body).bundles[0]!.preKey?.keyId ?? []);
      expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
    });

    it('are replenished up to the bound', async () => {
      const bob = await register(master.url, undefined, randomKeys(0));
      const { preKeys, kyberPreKeys, signedPreKey } = randomKeys(LIMITS.oneTimePreKeys);
      const stock = await ask('PUT', '/api/keys', {
        token: bob.masterToken,
        body: { preKeys, kyberPreKeys, signedPreKey },
      });
      expect(keyStock.parse(stock.body)).toEqual({ preKeys: 100, kyberPreKeys: 16 });
      expect(await ask('GET', '/api/keys', { token: bob.masterToken })).toEqual(stock);
      const more = { preKeys: [{ ...preKeys[0]!, keyId: 999 }], kyberPreKeys: [] };
      expect(await ask('PUT', '/api/keys', { token: bob.masterToken, body: more })).toMatchObject({
        status: 400,
        body: { code: 'bad-request', path: 'preKeys' },
      });
    });
  });

  describe('rates', () => {
    const limited = {
      status: 429,
      body: { code: 'rate-limited', retryAfterMs: expect.any(Number) as number },
    };

    it('hold logins of an address and of a username', async () => {
      const strict = await nodes.master({
        LOGINS_PER_ADDRESS_PER_MINUTE: '6',
        LOGIN_FAILURES_PER_USERNAME_PER_HOUR: '2',
      });
      const wrong = () =>
        call(`${strict.url}/api/devices`, 'POST', { body: newDevice(alice.username, 'wrong password') });
      expect((await wrong()).status).toBe(401);
      expect((await wrong()).status).toBe(401);
      expect(await wrong()).toMatchObject(limited);
      const right = await call(`${strict.url}/api/devices`, 'POST', { body: newDevice(alice.username) });
      expect(right).toMatchObject(limited);
      for (let index = 0; index < 2; index += 1) {
        const other = await call(`${strict.url}/api/devices`, 'POST', { body: newDevice(randomName()) });
        expect(other.status).toBe(401);
      }
      const over = await call(`${strict.url}/api/devices`, 'POST', { body: newDevice(randomName()) });
      expect(over).toMatchObject(limited);
      await strict[Symbol.asyncDispose]();
    });

    describe('of wrong passwords', () => {
      let strict: MasterNode;
      beforeAll(async () => {
        strict = await nodes.master({ LOGIN_FAILURES_PER_USERNAME_PER_HOUR: '3', TRUST_PROXY: 'loopback' });
      });
      afterAll(() => strict[Symbol.asyncDispose]());

      const signIn = async (address: string, username: string, password?: string): Promise<number> => {
        const body = newDevice(username, password);
        return (await call(`${strict.url}/api/devices`, 'POST', { body, address })).status;
      };

      it('are not passed by guesses that come together', async () => {
        const victim = await register(strict.url);
        const guesses = Array.from({ length: 20 }, () =>
          signIn('192.0.2.1', victim.username, 'wrong password'),
        );
        const answers = await Promise.all(guesses);
        expect(answers.filter((status) => status === 401)).toHaveLength(3);
        expect(answers.filter((status) => status === 429)).toHaveLength(17);
        expect(await metric(strict.url, 'gateway_rate_limited_total{limit="loginFailures"}')).toBe(17);
      });

      it('of a stranger keep the owner out nowhere', async () => {
        const owner = await register(strict.url);
        for (let guess = 0; guess < 4; guess += 1)
          await signIn('192.0.2.2', owner.username, 'wrong password');
        expect(await signIn('192.0.2.2', owner.username)).toBe(429);
        expect(await signIn('198.51.100.7', owner.username)).toBe(201);
        const deleted = await call(`${strict.url}/api/account`, 'DELETE', {
          token: owner.masterToken,
          body: { password: PASSWORD },
          address: '192.0.2.2',
        });
        expect(deleted.status).toBe(204);
      });

      it('hold a device of the account by itself, and count no right password', async () => {
        const owner = await register(strict.url);
        for (let login = 0; login < 5; login += 1) {
          expect(await signIn('192.0.2.3', owner.username)).toBe(201);
        }
        const remove = (password: string) =>
          call(`${strict.url}/api/account`, 'DELETE', { token: owner.masterToken, body: { password } });
        for (let guess = 0; guess < 3; guess += 1) expect((await remove('wrong password')).status).toBe(401);
        expect(await remove(PASSWORD)).toMatchObject(limited);
      });
    });

    it('hold registrations, tokens and look-ups', async () => {
      const strict = await nodes.master({
        REGISTRATIONS_PER_ADDRESS_PER_HOUR: '1',
        TOKENS_PER_ADDRESS_PER_MINUTE: '1',
        // The first one is the device's list.
        REQUESTS_PER_DEVICE_PER_HOUR: '2',
      });
      const { accountId, deviceId, deviceSecret, masterToken: token } = await register(strict.url);
      const again = await call(`${strict.url}/api/accounts`, 'POST', { body: newDevice(randomName()) });
      expect(again).toMatchObject(limited);
      const body = { accountId, deviceId, deviceSecret };
      expect((await call(`${strict.url}/api/tokens`, 'POST', { body })).status).toBe(200);
      expect(await call(`${strict.url}/api/tokens`, 'POST', { body })).toMatchObject(limited);
      const lookup = () => call(`${strict.url}/api/keys/${alice.accountId}`, 'GET', { token });
      expect((await lookup()).status).toBe(200);
      expect(await lookup()).toMatchObject(limited);
      await strict[Symbol.asyncDispose]();
    });

    it('hold the files that an account stores, and those that a device reads', async () => {
      const strict = await nodes.master({
        BLOB_MB_PER_ACCOUNT_PER_DAY: '1',
        BLOB_READS_PER_DEVICE_PER_HOUR: '1',
      });
      const { masterToken: token } = await register(strict.url);
      const store = (bytes: number) => call(`${strict.url}/api/blobs`, 'POST', { token, body: { bytes } });
      const stored = await store(600_000);
      expect(stored.status).toBe(201);
      expect(await store(600_000)).toMatchObject(limited);
      const other = { token: (await register(strict.url)).masterToken, body: { bytes: 600_000 } };
      expect((await call(`${strict.url}/api/blobs`, 'POST', other)).status).toBe(201);
      const { id } = blobTicket.parse(stored.body);
      const read = () => call(`${strict.url}/api/blobs/${id}`, 'GET', { token });
      expect((await read()).status).toBe(200);
      expect(await read()).toMatchObject(limited);
      await strict[Symbol.asyncDispose]();
    });

    it('hold the bytes that new accounts and devices of one address have kept', async () => {
      await using strict = await nodes.master({
        NEW_DEVICE_KIB_PER_ADDRESS_PER_HOUR: '60',
        TRUST_PROXY: 'loopback',
      });
      const large = (address: string, path: string, username = randomName()) =>
        call(`${strict.url}/api/${path}`, 'POST', {
          body: { ...newDevice(username), device: { name: 'test', keys: randomKeys(100) } },
          address,
        });
      const owner = await register(strict.url);
      expect((await large('192.0.2.1', 'accounts')).status).toBe(201);
      expect(await large('192.0.2.1', 'accounts')).toMatchObject(limited);
      expect(await large('192.0.2.1', 'devices', owner.username)).toMatchObject(limited);
      expect((await large('192.0.2.2', 'devices', owner.username)).status).toBe(201);
    });

    it('hold one account to a rate of key fetches of another one, and nobody else', async () => {
      const strict = await nodes.master({ KEY_FETCHES_PER_ACCOUNT_PER_HOUR: '2' });
      const [eager, other, bob] = [
        await register(strict.url),
        await register(strict.url),
        await register(strict.url),
      ];
      const fetchKeys = (of: typeof eager, by: typeof eager) =>
        call(`${strict.url}/api/keys/${of.accountId}`, 'GET', { token: by.masterToken });
      for (let count = 0; count < 2; count += 1) expect((await fetchKeys(bob, eager)).status).toBe(200);
      expect(await fetchKeys(bob, eager)).toMatchObject(limited);
      expect((await fetchKeys(other, eager)).status).toBe(200);
      expect((await fetchKeys(bob, other)).status).toBe(200);
      await strict[Symbol.asyncDispose]();
    });

    it('believe a proxy about the address only when configured', async () => {
      const from = (url: string, address: string) =>
        fetch(`${url}/api/tokens`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
          body: JSON.stringify({
            accountId: alice.accountId,
            deviceId: 1,
            deviceSecret: alice.deviceSecret,
          }),
        });
      const statuses = async (variables: Record<string, string>): Promise<number[]> => {
        const strict = await nodes.master({ TOKENS_PER_ADDRESS_PER_MINUTE: '1', ...variables });
        const [one, two] = [await from(strict.url, '192.0.2.1'), await from(strict.url, '192.0.2.2')];
        await strict[Symbol.asyncDispose]();
        return [one.status, two.status];
      };
      expect(await statuses({})).toEqual([200, 429]);
      expect(await statuses({ TRUST_PROXY: 'loopback' })).toEqual([200, 200]);
    });
  });

  describe('registration', () => {
    const post = (url: string, body: object) => call(`${url}/api/accounts`, 'POST', { body });
    const refusals = (url: string, code: string) =>
      metric(url, `gateway_registrations_refused_total{code="${code}"}`);
    const solved = ({ challenge, bits }: WorkDemand) => {
      for (let count = 0; ; count += 1) {
        const work = { challenge, solution: count.toString(36) };
        if (leadingZeroBits(createHash('sha256').update(workText(work)).digest()) >= bits) return work;
      }
    };
    const demand = (answer: { body: unknown }): WorkDemand => errorBody.parse(answer.body).work!;

    it('costs work, once for each account, also for who asks whether a username is free', async () => {
      await using strict = await nodes.master({ REGISTRATION_WORK_BITS: '8' });
      const asked = newDevice(randomName());
      const first = await post(strict.url, asked);
      expect(first).toMatchObject({ status: 428, body: { code: 'work-needed', work: { bits: 8 } } });
      const work = solved(demand(first));
      expect(await post(strict.url, { ...asked, work })).toMatchObject({ status: 201 });
      const again = await post(strict.url, { ...asked, work });
      expect(again).toMatchObject({ status: 428 });
      expect(await post(strict.url, { ...asked, work: solved(demand(again)) })).toMatchObject({
        status: 409,
      });
      expect(await refusals(strict.url, 'work-needed')).toBe(2);
      // Those who have an account go on meanwhile.
      const known = await login(strict.url, asked.username);
      expect(await call(`${strict.url}/api/devices`, 'GET', { token: known.masterToken })).toMatchObject({
        status: 200,
      });
    });

    it('is closed where the operator says so, and signs in who has an account', async () => {
      await using strict = await nodes.master({ REGISTRATION: 'closed' });
      expect(await post(strict.url, newDevice(randomName()))).toMatchObject({
        status: 403,
        body: { code: 'registration-closed' },
      });
      expect((await login(strict.url, alice.username)).accountId).toBe(alice.accountId);
    });

    it('takes an invite code where the operator says so, once', async () => {
      await using strict = await nodes.master({ REGISTRATION: 'invite' });
      await using invites = openInvites({ ...readConfig(nodes.variables), log: silentLog });
      const invite = await invites.make('', Date.now() + 60_000);
      const [one, other] = [newDevice(randomName()), newDevice(randomName())];
      expect(await post(strict.url, one)).toMatchObject({ status: 403, body: { code: 'invite-needed' } });
      const wrong = { ...one, invite: invite.replace(/^./, (letter) => (letter === '0' ? '1' : '0')) };
      expect(await post(strict.url, wrong)).toMatchObject({ status: 403, body: { code: 'invite-invalid' } });
      expect(await post(strict.url, { ...one, invite: 'short' })).toMatchObject({
        status: 400,
        body: { path: 'invite' },
      });
      // Whether a username is taken is told to nobody who has no code.
      const taken = newDevice(alice.username);
      expect(await post(strict.url, { ...taken, invite: wrong.invite })).toMatchObject({ status: 403 });
      expect(await post(strict.url, { ...taken, invite })).toMatchObject({ status: 409 });
      expect(await post(strict.url, { ...one, invite })).toMatchObject({ status: 201 });
      expect(await post(strict.url, { ...other, invite })).toMatchObject({
        status: 403,
        body: { code: 'invite-invalid' },
      });
      expect(await refusals(strict.url, 'invite-invalid')).toBe(3);
      expect((await login(strict.url, alice.username)).accountId).toBe(alice.accountId);
    });
  });

  describe('status', () => {
    it('tells what is up', async () => {
      expect((await ask('GET', '/health')).body).toMatchObject({
        status: 'ok',
        directory: [{ up: true }],
        mailboxNodes: [{ name: 'node1', cell: 'default', up: true }, { name: 'node2' }, { name: 'node3' }],
        cells: [{ name: 'default', joining: false, hasQuorum: true }],
        bus: { kind: 'in-process', up: true, peers: 0, masters: 1 },
      });
      expect((await ask('GET', '/ready')).status).toBe(200);
      const text = await (await fetch(`${master.url}/metrics`)).text();
      expect(text).toContain('gateway_connections');
      expect(text).not.toContain(alice.accountId);
    });

    it('starts without CouchDB, mailbox nodes and bus, alive and not ready', async () => {
      const alone = await nodes.master({
        MASTERS: '2',
        BUS_URLS: 'nats://name:password@127.0.0.1:9',
        DIRECTORY_URLS: 'http://name:password@127.0.0.1:9',
        MAILBOX_NODES: 'node1=http://127.0.0.1:9|/node1,node2=http://127.0.0.1:9|/node2',
      });
      expect(await call(`${alone.url}/health`, 'GET')).toMatchObject({
        status: 200,
        body: {
          status: 'degraded',
          bus: { kind: 'nats', up: false, peers: 0, masters: 2 },
        },
      });
      expect(await call(`${alone.url}/ready`, 'GET')).toMatchObject({
        status: 503,
        body: { code: 'unavailable' },
      });
      const answer = await call(`${alone.url}/api/accounts`, 'POST', { body: newDevice(randomName()) });
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      await alone[Symbol.asyncDispose]();
    });
  });

  describe('bad requests', () => {
    it.each([
      ['GET', '/api/nothing', 404, 'not-found'],
      ['PATCH', '/api/accounts', 405, 'method-not-allowed'],
      ['GET', '/api/account', 405, 'method-not-allowed'],
      ['POST', '/metrics', 405, 'method-not-allowed'],
      ['GET', '/api/accounts/UPPER', 400, 'bad-request'],
      ['GET', '/api/keys/..%2f..%2fetc', 400, 'bad-request'],
      ['GET', '/api/accounts/%E0%A4%A', 400, 'bad-request'],
      ['DELETE', '/api/devices/0', 400, 'bad-request'],
      ['DELETE', '/api/devices/1%3A2', 400, 'bad-request'],
    ])('%s %s is %d %s', async (method, path, status, code) => {
      expect(await ask(method, path, { token: alice.masterToken })).toMatchObject({ status, body: { code } });
    });

    it('are those with text that CouchDB does not store', async () => {
      const { device, ...rest } = newDevice(randomName());
      const body = { ...rest, device: { ...device, name: 'half \ud83d' } };
      const refused = { status: 400, body: { code: 'bad-request', path: 'device.name' } };
      expect(await ask('POST', '/api/accounts', { body })).toMatchObject(refused);
      const whole = { ...rest, device: { ...device, name: 'whole \u{1f600}' } };
      expect(await ask('POST', '/api/accounts', { body: whole })).toMatchObject({ status: 201 });
    });

    it('name what is wrong with the body', async () => {
      const raw = async (body: string, type = 'application/json') => {
        const headers = { 'content-type': type };
        const answer = await fetch(`${master.url}/api/accounts`, { method: 'POST', body, headers });
        return { status: answer.status, body: errorBody.parse(await answer.json()) };
      };
      const good = newDevice(randomName());
      expect(await raw('{')).toMatchObject({ status: 400, body: { code: 'bad-request' } });
      expect(await raw('{}', 'text/plain')).toMatchObject({ status: 415 });
      expect(await raw(JSON.stringify('x'.repeat(2 * LIMITS.bodyBytes)))).toMatchObject({ status: 413 });
      expect(await raw(JSON.stringify({ ...good, username: 7 }))).toMatchObject({
        body: { path: 'username' },
      });
      expect(await raw(JSON.stringify({ ...good, more: 1 }))).toMatchObject({ status: 400 });
      const { device } = good;
      const keys = { ...device.keys, preKeys: [{ keyId: 1, publicKey: 'short' }] };
      expect(await raw(JSON.stringify({ ...good, device: { ...device, keys } }))).toMatchObject({
        body: { path: 'device.keys.preKeys.0.publicKey' },
      });
    });

    it('of any shape are refused by name: never a 500, never a stack', async () => {
      const { accountId, deviceId, deviceSecret, masterToken } = await register(master.url);
      const bodies: [string, string, object][] = [
        ['POST', '/api/accounts', newDevice(alice.username)],
        ['POST', '/api/devices', newDevice(alice.username, 'wrong password')],
        ['POST', '/api/tokens', { accountId, deviceId, deviceSecret }],
        ['PUT', '/api/keys', randomKeys(1)],
        ['DELETE', '/api/account', { password: 'wrong password' }],
      ];
      const damage = fc.tuple(fc.nat(), fc.jsonValue(), fc.boolean());
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...bodies),
          damage,
          async ([method, path, good], [at, value, add]) => {
            const keys = add ? ['extra'] : Object.keys(good);
            const body = { ...good, [keys[at % keys.length]!]: value };
            const answer = await ask(method, path, { token: masterToken, body });
            expect(answer.status).not.toBe(500);
            if (answer.status >= 400) {
              const { message } = errorBody.parse(answer.body);
              expect(message).not.toMatch(/\bat |node_modules|\.ts/);
            }
          },
        ),
        { numRuns: 400 },
      );
    });
  });
});
