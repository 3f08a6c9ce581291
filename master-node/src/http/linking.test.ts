import { deviceGrant, heardSealedMessage, rendezvous, RENDEZVOUS_MS } from '@restante/protocol';
import { startNatsServers, waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MasterNode } from '../index.ts';
import {
  addWaiting,
  call,
  listDevices,
  login,
  PASSWORD,
  randomKeys,
  register,
  type TestDevice,
} from '../testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from '../testing/test-nodes.model.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('linking a device', () => {
  const clock = { aheadMs: 0 };
  let nodes: TestNodes;
  let master: MasterNode;
  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master({}, { now: () => Date.now() + clock.aheadMs });
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  const ask = (method: string, path: string, options?: Parameters<typeof call>[2], at = master.url) =>
    call(`${at}/api/${path}`, method, options);
  const open = async (at = master.url) => rendezvous.parse((await ask('POST', 'rendezvous', {}, at)).body).id;
  const read = async (id: string, slot = 'first', at = master.url) => {
    const { status, body } = await ask('GET', `rendezvous/${id}/${slot}`, {}, at);
    return status === 200 ? heardSealedMessage.parse(body).sealed : (body as { code: string }).code;
  };
  const write = async (id: string, sealed: string, at = master.url, slot = 'first') => {
    const { status, body } = await ask('PUT', `rendezvous/${id}/${slot}`, { body: { sealed } }, at);
    return status === 204 ? 'written' : (body as { code: string }).code;
  };

  describe('a rendezvous', () => {
    it('is for anybody, takes one message in each slot, and the same one again', async () => {
      const answer = await ask('POST', 'rendezvous');
      expect(answer).toMatchObject({ status: 201, body: { endsInMs: RENDEZVOUS_MS } });
      const { id } = rendezvous.parse(answer.body);
      expect(await read(id)).toBeNull();
      expect(await write(id, 'AAAA')).toBe('written');
      expect(await write(id, 'AAAA')).toBe('written');
      expect(await write(id, 'BBBB')).toBe('slot-taken');
      expect(await write(id, 'CCCC', master.url, 'second')).toBe('written');
      expect([await read(id), await read(id, 'second')]).toEqual(['AAAA', 'CCCC']);
    });

    it('refuses what is none, and what is too large', async () => {
      const id = await open();
      expect(await read('019a0000-0000-7000-8000-000000000000')).toBe('not-found');
      expect(await read('x')).toBe('bad-request');
      expect(await read(id, 'third')).toBe('bad-request');
      expect(await write(id, 'A'.repeat(4 * 1024 + 4))).toBe('bad-request');
      expect(await write(id, 'A'.repeat(4 * 1024))).toBe('written');
    });

    it('is over after five minutes', async () => {
      const id = await open();
      await write(id, 'AAAA');
      clock.aheadMs = RENDEZVOUS_MS;
      try {
        expect([await read(id), await write(id, 'AAAA')]).toEqual(['not-found', 'not-found']);
      } finally {
        clock.aheadMs = 0;
      }
    });

    it('is opened, read and written at a rate for each address', async () => {
      const strict = await nodes.master({
        ...{ RENDEZVOUS_PER_ADDRESS_PER_HOUR: '2', RENDEZVOUS_MESSAGES_PER_ADDRESS_PER_MINUTE: '3' },
        TRUST_PROXY: 'true',
      });
      const from = (address: string) => ({ address });
      const post = () => ask('POST', 'rendezvous', from('203.0.113.1'), strict.url);
      const { body } = await post();
      await post();
      expect(await post()).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
      const get = (address: string) =>
        ask('GET', `rendezvous/${rendezvous.parse(body).id}/first`, from(address), strict.url);
      for (let round = 0; round < 3; round += 1) await get('203.0.113.1');
      expect(await get('203.0.113.1')).toMatchObject({ status: 429, body: { code: 'rate-limited' } });
      expect(await get('203.0.113.2')).toMatchObject({ status: 200 });
    });

    it('is found at any of three masters on one bus; of two messages at once one is taken', async () => {
      await using nats = await startNatsServers(3);
      const masters = await Promise.all(
        [0, 1, 2].map((index) =>
          nodes.master({ MASTERS: '3', BUS_URLS: [nats.urls[index], nats.urls[(index + 1) % 3]].join(',') }),
        ),
      );
      const health = async ({ url }: MasterNode) =>
        ((await (await fetch(`${url}/health`)).json()) as { bus: { peers: number } }).bus.peers;
      for (const each of masters)
        await waitFor('the masters to know each other', async () => (await health(each)) === 2);
      const [one, two, three] = masters.map(({ url }) => url) as [string, string, string];
      const id = await open(one);
      expect(await read(id, 'first', two)).toBeNull();
      const answers = await Promise.all([write(id, 'AAAA', two), write(id, 'BBBB', three)]);
      expect(answers.toSorted()).toEqual(['slot-taken', 'written']);
      const kept = answers[0] === 'written' ? 'AAAA' : 'BBBB';
      for (const at of [one, two, three]) expect(await read(id, 'first', at)).toBe(kept);
      await masters[0]![Symbol.asyncDispose]();
      expect(await read(id, 'first', two)).toBe('unavailable');
    });
  });

  describe('a grant', () => {
    const grantBy = async ({ masterToken }: Pick<TestDevice, 'masterToken'>, identityKey: string) =>
      ask('POST', 'device-grants', { token: masterToken, body: { identityKey } });
    const granted = async (by: TestDevice, identityKey: string): Promise<string> =>
      deviceGrant.parse((await grantBy(by, identityKey)).body).grant;
    const add = (grant: string, keys: ReturnType<typeof randomKeys>) =>
      ask('POST', 'devices', { body: { grant, device: { name: 'linked', keys } } });

    it('adds the device that it is for, once', async () => {
      const [alice, keys] = [await register(master.url), randomKeys(2)];
      const grant = await granted(alice, keys.identityKey);
      expect(await add(grant, randomKeys(2))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const added = await add(grant, keys);
      expect(added).toMatchObject({ status: 201, body: { accountId: alice.accountId, deviceId: 2 } });
      const used = { status: 409, body: { code: 'grant-used' } };
      expect(await add(grant, keys)).toMatchObject(used);
      await ask('DELETE', 'devices/2', { token: alice.masterToken });
      expect(await add(grant, keys)).toMatchObject(used);
      expect(await add(await granted(alice, keys.identityKey), keys)).toMatchObject(used);
    });

    it('adds one device where two ask at once', async () => {
      const [alice, keys] = [await register(master.url), randomKeys(2)];
      const grant = await granted(alice, keys.identityKey);
      const answers = await Promise.all(Array.from({ length: 4 }, () => add(grant, keys)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    });

    it('is given to devices on the list alone', async () => {
      const alice = await register(master.url);
      const waiting = await addWaiting(`${master.url}/api/devices`, alice.username);
      const { identityKey } = randomKeys(1);
      expect(await grantBy(waiting, identityKey)).toMatchObject({
        status: 403,
        body: { code: 'device-waiting' },
      });
      expect(await ask('POST', 'device-grants', { body: { identityKey } })).toMatchObject({ status: 401 });
    });

    it('ends with a change of the password', async () => {
      const [alice, keys] = [await register(master.url), randomKeys(2)];
      const grant = await granted(alice, keys.identityKey);
      await ask('PUT', 'account/password', {
        token: alice.masterToken,
        body: { password: PASSWORD, newPassword: 'another good password', removeOtherDevices: false },
      });
      expect(await add(grant, keys)).toMatchObject({ status: 401, body: { code: 'token-expired' } });
    });

    it('adds none for what is no grant, and none of a device that has left the list', async () => {
      const [alice, keys] = [await register(master.url), randomKeys(2)];
      const second = await login(master.url, alice.username);
      const refused = { status: 401, body: { code: 'unauthorized' } };
      for (const text of ['x', alice.masterToken, `${'a'.repeat(40)}.b.c`])
        expect(await add(text, keys)).toMatchObject(refused);
      const grant = await granted(second, keys.identityKey);
      await listDevices(master.url, alice, { remove: [second.deviceId] });
      expect(await add(grant, keys)).toMatchObject(refused);
    });

    it('is over after five minutes, and what clocks may be apart', async () => {
      const [alice, keys] = [await register(master.url), randomKeys(2)];
      const by = { accountId: alice.accountId, deviceId: alice.deviceId };
      const right = { by, identityKey: keys.identityKey, generation: 0 };
      expect(await add(await nodes.signer.grant(right, Date.now() - DAY_MS), keys)).toMatchObject({
        status: 401,
        body: { code: 'token-expired' },
      });
      expect(await add(await nodes.signer.grant(right, Date.now() + DAY_MS), keys)).toMatchObject({
        status: 201,
      });
    });
  });
});
