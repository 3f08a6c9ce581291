import {
  deriveMessageId,
  keyBundles,
  keyStock,
  mailboxIds,
  mailboxPage,
  type Envelope,
  type KeyBundle,
} from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import {
  call,
  connect,
  login,
  mintId,
  randomKeys,
  randomName,
  recipient,
  register,
  waiting,
  type TestDevice,
} from './test-device.model.ts';

/** A master and its three mailbox nodes, by their URLs. */
export type ClusterUnderTest = { readonly masterUrl: string; readonly nodeUrls: readonly string[] };

/**
 * What a cluster promises to its clients, as far as a messenger rests on it: the real cluster keeps it, and so does each one that
 * stands in for it in tests.
 */
export const clusterContract = (name: string, cluster: () => ClusterUnderTest): void => {
  describe(`${name} keeps the contract of a cluster`, () => {
    const master = (): string => cluster().masterUrl;
    const idsOn = (url: string, device: TestDevice): Promise<string[]> =>
      waiting(url, device).then((envelopes) => envelopes.map(({ id }) => id));
    /** Each node: those that are not needed for `accepted` have a message a little later. */
    const allHave = async (device: TestDevice, ids: readonly string[]): Promise<void> => {
      for (const url of cluster().nodeUrls)
        await waitFor(`${ids.length} on each node`, async () => {
          const found = await idsOn(url, device);
          return ids.every((id) => found.includes(id));
        });
    };
    const bundlesOf = async (asker: TestDevice, { accountId }: TestDevice): Promise<readonly KeyBundle[]> => {
      const { body } = await call(`${master()}/api/keys/${accountId}`, 'GET', { token: asker.masterToken });
      return keyBundles.parse(body).bundles;
    };
    const ask = (url: string, { accountId, deviceId, mailboxToken }: TestDevice, path: string, query = '') =>
      call(`${url}/messages/${accountId}${path}?device=${deviceId}${query}`, 'GET', { token: mailboxToken });
    const deleteOn = (url: string, { mailboxToken }: TestDevice, ids: readonly string[]) =>
      call(`${url}/messages/delete`, 'POST', { token: mailboxToken, body: { ids } });

    it('gives each device a number of its own, and a name to one account', async () => {
      const username = randomName();
      const first = await register(master(), username);
      const second = await login(master(), username);
      expect(second.accountId).toBe(first.accountId);
      expect([first.deviceId, second.deviceId]).toEqual([1, 2]);
      expect(first.mailboxNodes).toHaveLength(3);
      expect(first.writeConcern).toBe(2);
      await expect(register(master(), username)).rejects.toThrow('username-taken');
      const found = await call(`${master()}/api/accounts/${username}`, 'GET', { token: first.masterToken });
      expect(found.body).toMatchObject({ accountId: first.accountId, username, list: { generation: 2 } });
      const unknown = await call(`${master()}/api/accounts/${randomName()}`, 'GET', {
        token: first.masterToken,
      });
      expect(unknown).toMatchObject({ status: 404, body: { code: 'not-found' } });
      const devices = await call(`${master()}/api/devices`, 'GET', { token: first.masterToken });
      expect(devices.body).toMatchObject({ devices: [{ deviceId: 1 }, { deviceId: 2 }] });
    });

    it('gives each one-time key to one asker, and goes on with those of last resort', async () => {
      const [alice, bob] = [await register(master()), await register(master(), randomName(), randomKeys(2))];
      const bundles = (await Promise.all([1, 2, 3].map(() => bundlesOf(alice, bob)))).flat();
      const ids = bundles.map(({ preKey, kyberPreKey }) => [preKey?.keyId ?? null, kyberPreKey.keyId]);
      expect(ids.map(([id]) => id).sort()).toEqual([2, 3, null].sort());
      expect(ids.map(([, id]) => id).sort()).toEqual([1, 2, 3]);
      const body = { preKeys: randomKeys(1, 7).preKeys, kyberPreKeys: randomKeys(1, 7).kyberPreKeys };
      const answer = await call(`${master()}/api/keys`, 'PUT', { token: bob.masterToken, body });
      expect(keyStock.parse(answer.body)).toEqual({ preKeys: 1, kyberPreKeys: 1 });
      expect(await bundlesOf(alice, bob)).toMatchObject([
        { preKey: { keyId: 7 }, kyberPreKey: { keyId: 7 } },
      ]);
      expect(await bundlesOf(bob, bob)).toEqual([]);
    });

    it('begins a connection with welcome, answers a ping, and ends an older connection of the device', async () => {
      const device = await register(master());
      const first = await connect(master(), device);
      expect(first.frames[0]).toMatchObject({ type: 'welcome', deviceId: 1, accountId: device.accountId });
      first.write({ type: 'ping' });
      await first.hears('pong');
      const second = await connect(master(), device);
      await waitFor('the end of the older one', () => first.closed() === 4409);
      await second.close();
    });

    it('pushes a message, accepts it with its id, and has it on every node as it was pushed', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const [fromAlice, toBob] = [await connect(master(), alice), await connect(master(), bob)];
      const id = mintId();
      const answer = await fromAlice.send([recipient(bob)], id);
      const messageId = deriveMessageId(alice, id);
      expect(answer).toMatchObject({ type: 'accepted', id, messageId });
      expect(answer.type === 'accepted' && answer.copies).toBeGreaterThanOrEqual(2);
      const [pushed] = await toBob.hears('envelope');
      expect(pushed?.envelope).toMatchObject({ id: messageId, senderId: alice.accountId, senderDeviceId: 1 });
      await allHave(bob, [messageId]);
      for (const url of cluster().nodeUrls) expect(await waiting(url, bob)).toEqual([pushed?.envelope]);
      expect(await waiting(cluster().nodeUrls[0] ?? '', alice)).toEqual([]);
    });

    it('takes a message that is sent again for the same one', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const fromAlice = await connect(master(), alice);
      const [id, message] = [mintId(), recipient(bob)];
      const answers = [await fromAlice.send([message], id)];
      const again = await connect(master(), alice);
      answers.push(await again.send([message], id));
      const messageId = deriveMessageId(alice, id);
      expect(answers).toMatchObject([
        { type: 'accepted', messageId },
        { type: 'accepted', messageId },
      ]);
      await allHave(bob, [messageId]);
      for (const url of cluster().nodeUrls) expect(await idsOn(url, bob)).toEqual([messageId]);
    });

    it('gives a mailbox in the order of ids, page by page, with and without the messages', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const fromAlice = await connect(master(), alice);
      const now = Date.now();
      const minted = [5, 1, 4, 2, 3].map((later) => mintId(now + later));
      for (const id of minted) await fromAlice.send([recipient(bob)], id);
      const ids = minted.map((id) => deriveMessageId(alice, id)).sort();
      await allHave(bob, ids);
      for (const url of cluster().nodeUrls) {
        const read: string[] = [];
        const listed: string[] = [];
        for (let after = ''; ;) {
          const query = `&limit=2${after === '' ? '' : `&after=${after}`}`;
          const page = mailboxPage.parse((await ask(url, bob, '', query)).body);
          const list = mailboxIds.parse((await ask(url, bob, '/ids', query)).body);
          read.push(...page.messages.map(({ id }) => id));
          listed.push(...list.ids);
          expect([list.complete, list.next]).toEqual([page.complete, page.next]);
          if (page.complete) break;
          after = page.next ?? '';
        }
        expect(read).toEqual(ids);
        expect(listed).toEqual(ids);
      }
    });

    it('deletes what is acknowledged, tells its sender, and does not keep what is sent again after that', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const [fromAlice, toBob] = [await connect(master(), alice), await connect(master(), bob)];
      const [id, message] = [mintId(), recipient(bob)];
      await fromAlice.send([message], id);
      const messageId = deriveMessageId(alice, id);
      await allHave(bob, [messageId]);
      const messages = [{ id: messageId, senderId: alice.accountId, senderDeviceId: 1 }];
      for (const receipts of [true, false]) toBob.write({ type: 'acknowledge', receipts, messages });
      const acknowledged = { type: 'acknowledged', ids: [messageId], copies: 3 };
      expect(await toBob.hears('acknowledged', 2)).toEqual([acknowledged, acknowledged]);
      const receipt = { type: 'receipt', accountId: bob.accountId, deviceId: 1, ids: [messageId] };
      expect(await fromAlice.hears('receipt')).toEqual([receipt]);
      for (const url of cluster().nodeUrls) expect(await idsOn(url, bob)).toEqual([]);
      expect(await (await connect(master(), alice)).send([message], id)).toMatchObject({ type: 'accepted' });
      for (const url of cluster().nodeUrls) expect(await idsOn(url, bob)).toEqual([]);
    });

    it('deletes at one node what its owner says, whether it is there or not, for good', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const fromAlice = await connect(master(), alice);
      const [id, message] = [mintId(), recipient(bob)];
      const messageId = deriveMessageId(alice, id);
      for (const url of cluster().nodeUrls) {
        expect(await deleteOn(url, bob, [messageId])).toEqual({ status: 200, body: { deleted: 0 } });
        // Somebody else's is nothing to them.
        expect(await deleteOn(url, alice, [messageId])).toMatchObject({ status: 200 });
      }
      await fromAlice.send([message], id);
      for (const url of cluster().nodeUrls) expect(await idsOn(url, bob)).toEqual([]);
    });

    it('stores and pushes nothing when the devices do not fit, and says which', async () => {
      const username = randomName();
      const [alice, first] = [await register(master()), await register(master(), username)];
      const second = await login(master(), username);
      const [fromAlice, toFirst] = [await connect(master(), alice), await connect(master(), first)];
      const { accountId } = first;
      const wrong = { ...first, deviceId: 9 };
      const stale = { ...second, registrationId: (second.registrationId % 16_000) + 1 };
      const answer = await fromAlice.send([recipient(wrong, stale)]);
      const mismatches = [{ accountId, missing: [1], extra: [9], stale: [2] }];
      expect(answer).toMatchObject({ type: 'refused', error: { code: 'devices-changed', mismatches } });
      expect(await fromAlice.send([recipient(first, second)])).toMatchObject({ type: 'accepted' });
      expect(await toFirst.hears('envelope')).toHaveLength(1);
      // The sender's own device is not among those that its own account's envelopes are for.
      const own = await (await connect(master(), second)).send([recipient(first)]);
      expect(own).toMatchObject({ type: 'accepted' });
    });

    it('refuses a time that is far ahead', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const fromAlice = await connect(master(), alice);
      const answer = await fromAlice.send([recipient(bob)], mintId(Date.now() + 3_600_000));
      expect(answer).toMatchObject({ type: 'refused', error: { code: 'clock-skew' } });
    });

    it('tells at each node of what arrives once it says that it listens', async () => {
      const [alice, bob] = [await register(master()), await register(master())];
      const fromAlice = await connect(master(), alice);
      const ended = new AbortController();
      const listen = async (url: string) => {
        const path = `/messages/${bob.accountId}/events?device=1`;
        const headers = { authorization: `Bearer ${bob.mailboxToken}` };
        const { body } = await fetch(url + path, { headers, signal: ended.signal });
        let told = '';
        const read = async (): Promise<void> => {
          for await (const chunk of body ?? []) told += new TextDecoder().decode(chunk);
        };
        read().catch(() => undefined);
        await waitFor('it to listen', () => told.startsWith(': listening\n\n'));
        return () => told;
      };
      const streams = await Promise.all(cluster().nodeUrls.map(listen));
      const id = mintId();
      await fromAlice.send([recipient(bob)], id);
      for (const told of streams) {
        const data = await waitFor('the event', () => /^data: (.*)\n\n/m.exec(told())?.[1]);
        expect((JSON.parse(data) as Envelope).id).toBe(deriveMessageId(alice, id));
      }
      ended.abort();
    });

    it('answers nobody whom it does not know', async () => {
      const device = await register(master());
      const { deviceId, accountId, deviceSecret } = device;
      const stranger = { ...device, mailboxToken: 'nobody', masterToken: 'nobody' };
      const unauthorized = { status: 401, body: { code: 'unauthorized' } };
      for (const url of cluster().nodeUrls) expect(await ask(url, stranger, '')).toMatchObject(unauthorized);
      const keys = await call(`${master()}/api/keys/${accountId}`, 'GET', { token: 'nobody' });
      expect(keys).toMatchObject(unauthorized);
      const body = { accountId, deviceId, deviceSecret };
      const tokens = await call(`${master()}/api/tokens`, 'POST', { body });
      expect(tokens).toMatchObject({ status: 200, body: { accountId, deviceId, writeConcern: 2 } });
      await expect(connect(master(), stranger)).rejects.toThrow();
    });
  });
};
