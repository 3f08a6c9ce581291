import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS, type DeviceAddress, type DeviceKeys, type SignedDeviceList } from '@restante/protocol';
import { newTestAccountKey } from '@restante/testkit';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import type { DeviceToAdd, Directory } from './directory.ts';

/** Clock that the directory under test reads. */
export type Clock = { nowMs: number };

export const NUMBER_REST_MS = 1_000_000;

const device = (keys: DeviceKeys = randomKeys(3), name = 'test'): DeviceToAdd => ({
  name,
  keys,
  secretHash: randomUUID(),
});

/** What every implementation of {@link Directory} must do. Removed numbers rest for {@link NUMBER_REST_MS}. */
export const directoryContract = (start: (clock: Clock) => Promise<Directory & AsyncDisposable>): void => {
  describe('the contract of a directory', () => {
    const clock: Clock = { nowMs: Date.now() };
    let directory: Directory & AsyncDisposable;
    const makeAccount = async (keys?: DeviceKeys): Promise<DeviceAddress & { username: string }> => {
      const username = randomName();
      return { username, ...(await directory.createAccount(username, 'hash', device(keys))) };
    };

    beforeAll(async () => {
      directory = await start(clock);
    });
    afterAll(() => directory[Symbol.asyncDispose]());

    it('finds an account by its name and by its id', async () => {
      const { username, accountId, deviceId } = await makeAccount();
      expect(deviceId).toBe(1);
      expect(await directory.findUsername(username)).toBe(accountId);
      expect(await directory.account(accountId)).toMatchObject({ accountId, username, passwordHash: 'hash' });
    });

    it('knows nothing of what is not there', async () => {
      const accountId = randomUUID();
      const nobody = { accountId, deviceId: 1 };
      expect(await directory.findUsername(randomName())).toBeNull();
      expect(await directory.account(accountId)).toBeNull();
      expect(await directory.devices(accountId)).toBeNull();
      expect(await directory.device(nobody)).toBeNull();
      expect(await directory.takeKeyBundle(nobody)).toBeNull();
      expect(await directory.keyStock(nobody)).toBeNull();
      await expect(directory.addDevice(accountId, device())).rejects.toMatchObject({ code: 'not-found' });
      await expect(directory.replenishKeys(nobody, { preKeys: [], kyberPreKeys: [] })).rejects.toMatchObject({
        code: 'not-found',
      });
      await directory.removeDevice(nobody);
      await directory.deleteAccount(accountId);
    });

    it('gives a username to one of many who want it at the same time, and the others nothing', async () => {
      const username = randomName();
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => directory.createAccount(username, 'hash', device())),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'username-taken' });
      }
      expect(await directory.findUsername(username)).toBe(won[0]!.value.accountId);
    });

    it('gives devices that are added at the same time different numbers, the lowest ones', async () => {
      const { accountId } = await makeAccount();
      const numbers = await Promise.all(
        Array.from({ length: 6 }, () => directory.addDevice(accountId, device())),
      );
      expect(numbers.sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7]);
      const devices = await directory.devices(accountId);
      expect(devices!.map(({ deviceId }) => deviceId)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it('names devices apart that would have one name', async () => {
      const { accountId } = await makeAccount();
      const long = 'n'.repeat(64);
      for (const name of ['Firefox', 'Firefox', 'Firefox', long, long])
        await directory.addDevice(accountId, { ...device(), name });
      const names = (await directory.devices(accountId))!.map(({ name }) => name).slice(1);
      expect(names).toEqual(['Firefox', 'Firefox (2)', 'Firefox (3)', long, `${'n'.repeat(60)} (2)`]);
    });

    it('changes a password, and with each change the generation of tokens', async () => {
      const { accountId, username } = await makeAccount();
      const before = await directory.account(accountId);
      expect(before).toMatchObject({ username, tokenGeneration: 0 });
      for (const generation of [1, 2]) {
        expect(await directory.changePassword(accountId, `hash ${generation}`)).toBe(generation);
        expect(await directory.account(accountId)).toEqual({
          ...{ accountId, username, passwordHash: `hash ${generation}`, tokenGeneration: generation },
          list: null,
        });
        expect((await directory.accountDevices(accountId))?.tokenGeneration).toBe(generation);
      }
      await directory.deleteAccount(accountId);
      expect(await directory.changePassword(accountId, 'hash')).toBeNull();
    });

    it('keeps the list that follows on the last one, by the same key or by another as is asked for', async () => {
      const { accountId } = await makeAccount();
      const [own, other] = [newTestAccountKey(), newTestAccountKey()];
      const list = (key = own, generation = 1, registrationId = 7) =>
        key.sign({
          ...{ accountId, generation },
          devices: [{ deviceId: 1, registrationId, identityKey: randomKeys(0).identityKey }],
        });
      const refused = (given: SignedDeviceList, by: 'same key' | 'another key') =>
        expect(directory.putDeviceList(given, by)).rejects.toMatchObject({ code: 'device-list-conflict' });
      const listOf = async () => (await directory.accountDevices(accountId))?.list;
      await refused(list(own, 1_001), 'same key');
      const [first, second, third] = [list(), list(own, 2), list(other, 3)];
      for (const given of [first, second, second]) await directory.putDeviceList(given, 'same key');
      expect(await listOf()).toEqual(second);
      expect((await directory.account(accountId))?.list).toEqual(second);
      for (const given of [first, list(own, 2), list(own, 1_003), third]) await refused(given, 'same key');
      for (const given of [list(own, 3), list(other, 2), list(other, 1_003)])
        await refused(given, 'another key');
      await directory.putDeviceList(third, 'another key');
      expect(await listOf()).toEqual(third);
      await directory.changePassword(accountId, 'another');
      expect(await listOf()).toEqual(third);
      const raced = await Promise.allSettled(
        [8, 9, 10].map((id) => directory.putDeviceList(list(other, 4, id), 'same key')),
      );
      expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const last = await listOf();
      expect(await directory.deviceList(accountId)).toEqual(last);
      await directory.deleteAccount(accountId);
      expect(await directory.deviceList(accountId)).toEqual(last);
      expect(await directory.deviceList(randomUUID())).toBeNull();
      await expect(directory.putDeviceList(list(), 'same key')).rejects.toMatchObject({ code: 'not-found' });
    });

    it('refuses a device when all numbers are taken', async () => {
      const { accountId } = await makeAccount(randomKeys(0));
      for (let deviceId = 2; deviceId <= LIMITS.deviceId; deviceId += 1) {
        await directory.addDevice(accountId, device(randomKeys(0)));
      }
      await expect(directory.addDevice(accountId, device())).rejects.toMatchObject({ code: 'device-limit' });
    });

    it('lets the number of a removed device rest, and gives none of its keys to the next', async () => {
      const { accountId } = await makeAccount();
      const removed = { accountId, deviceId: await directory.addDevice(accountId, device(randomKeys(3))) };
      await directory.removeDevice(removed);
      expect(await directory.device(removed)).toBeNull();
      expect(await directory.takeKeyBundle(removed)).toBeNull();
      expect((await directory.devices(accountId))!.map(({ deviceId }) => deviceId)).toEqual([1]);
      expect(await directory.addDevice(accountId, device())).toBe(3);

      clock.nowMs += 2 * NUMBER_REST_MS;
      const keys = randomKeys(0);
      expect(await directory.addDevice(accountId, device(keys))).toBe(2);
      expect(await directory.keyStock(removed)).toEqual({ preKeys: 0, kyberPreKeys: 0 });
      expect((await directory.takeKeyBundle(removed))!.bundle.identityKey).toBe(keys.identityKey);
    });

    it('ends an account with its devices, keys and name', async () => {
      const { accountId, deviceId, username } = await makeAccount();
      await directory.addDevice(accountId, device());
      expect(await directory.isRemoved(accountId)).toBe(false);
      await directory.deleteAccount(accountId);
      await directory.deleteAccount(accountId);
      expect(await directory.isRemoved(accountId)).toBe(true);
      expect(await directory.isRemoved(randomUUID())).toBe(false);
      expect(await directory.account(accountId)).toBeNull();
      expect(await directory.devices(accountId)).toBeNull();
      expect(await directory.device({ accountId, deviceId })).toBeNull();
      expect(await directory.findUsername(username)).toBeNull();
      const { accountId: next } = await directory.createAccount(username, 'hash', device());
      expect(await directory.findUsername(username)).toBe(next);
      await directory.deleteAccount(accountId);
      expect(await directory.findUsername(username)).toBe(next);
    });

    it('hands out each one-time key once to 50 who ask at the same time, then those of last resort', async () => {
      const keys = randomKeys(40);
      const address = await makeAccount(keys);
      const taken = await Promise.all(Array.from({ length: 50 }, () => directory.takeKeyBundle(address)));
      const preKeys = taken.flatMap((one) => one!.bundle.preKey ?? []);
      const kyber = taken.filter((one) => one!.hasOneTimeKyberPreKey).map((one) => one!.bundle.kyberPreKey);
      const byId = (a: { keyId: number }, b: { keyId: number }) => a.keyId - b.keyId;
      expect(preKeys.sort(byId)).toEqual(keys.preKeys);
      expect(kyber.sort(byId)).toEqual(keys.kyberPreKeys);
      expect(
        taken.filter((one) => !one!.hasOneTimeKyberPreKey).map((one) => one!.bundle.kyberPreKey),
      ).toEqual(Array(50 - keys.kyberPreKeys.length).fill(keys.lastResortKyberPreKey));
      expect(taken.at(-1)!.left).toEqual({ preKeys: 0, kyberPreKeys: 0 });
      expect(await directory.keyStock(address)).toEqual({ preKeys: 0, kyberPreKeys: 0 });
    });

    it('does not bring back a used key when its upload is repeated', async () => {
      const keys = randomKeys(2);
      const address = await makeAccount(keys);
      await directory.takeKeyBundle(address);
      const { preKeys, kyberPreKeys } = keys;
      expect(await directory.replenishKeys(address, { preKeys, kyberPreKeys })).toEqual({
        preKeys: 1,
        kyberPreKeys: 1,
      });
    });

    it('replaces the signed keys that are given and adds the one-time ones', async () => {
      const keys = randomKeys(1);
      const more = randomKeys(2, 100);
      const address = await makeAccount(keys);
      const { preKeys } = more;
      const stock = await directory.replenishKeys(address, {
        signedPreKey: more.signedPreKey,
        preKeys,
        kyberPreKeys: [],
      });
      expect(stock).toEqual({ preKeys: 3, kyberPreKeys: 1 });
      await directory.takeKeyBundle(address);
      const { bundle, hasOneTimeKyberPreKey } = (await directory.takeKeyBundle(address))!;
      expect(bundle.signedPreKey).toEqual(more.signedPreKey);
      expect(hasOneTimeKyberPreKey).toBe(false);
      expect(bundle.kyberPreKey).toEqual(keys.lastResortKyberPreKey);
    });

    it('refuses more one-time keys than the bound, and adds none of them', async () => {
      const address = await makeAccount(randomKeys(60));
      const { preKeys, kyberPreKeys } = randomKeys(41, 1000);
      const replenish = (keys: Pick<DeviceKeys, 'preKeys' | 'kyberPreKeys'>) =>
        directory.replenishKeys(address, keys);
      const refusal = (path: string) => ({ code: 'bad-request', detail: { path } });
      await expect(replenish({ preKeys, kyberPreKeys: [] })).rejects.toMatchObject(refusal('preKeys'));
      await expect(
        replenish({ preKeys: preKeys.slice(1), kyberPreKeys: kyberPreKeys.slice(0, 1) }),
      ).rejects.toMatchObject(refusal('kyberPreKeys'));
      expect(await directory.keyStock(address)).toEqual({ preKeys: 60, kyberPreKeys: 16 });
    });

    it('tells of a connecting device whether it is there, its generation of tokens, and that its keys run out', async () => {
      const address = await makeAccount(randomKeys(20));
      const other = { ...address, deviceId: await directory.addDevice(address.accountId, device()) };
      const nobody = { accountId: randomUUID(), deviceId: 1 };
      const standings = (...devices: DeviceAddress[]) => Promise.all(devices.map(directory.standing));
      const full = { tokenGeneration: 0, keysLow: false };
      expect(await standings(address, other, nobody, { ...address, deviceId: 9 })).toEqual([
        full,
        { ...full, keysLow: true },
        null,
        null,
      ]);
      await directory.changePassword(address.accountId, 'other');
      await directory.removeDevice(other);
      expect((await directory.takeKeyBundle(address))!.left).toEqual({ preKeys: 19, kyberPreKeys: 15 });
      const few = { tokenGeneration: 1, keysLow: true };
      expect(await standings(address, other, address)).toEqual([few, null, few]);
      const { preKeys } = randomKeys(10, 100);
      await directory.replenishKeys(address, { preKeys, kyberPreKeys: [] });
      expect(await directory.standing(address)).toEqual({ tokenGeneration: 1, keysLow: false });
    });

    it('makes no key of an id that is below those before, and counts none twice after 300 were used', async () => {
      const address = await makeAccount(randomKeys(0));
      const seen = new Set<number>();
      let used = 0;
      for (let first = 2; used < 300; first += 100) {
        const { preKeys } = randomKeys(100, first);
        await directory.replenishKeys(address, { preKeys, kyberPreKeys: [] });
        const taken = await Promise.all(Array.from({ length: 100 }, () => directory.takeKeyBundle(address)));
        for (const one of taken) {
          seen.add(one!.bundle.preKey!.keyId);
          used += 1;
        }
        const again = await directory.replenishKeys(address, { preKeys, kyberPreKeys: [] });
        expect(again.preKeys).toBe(0);
      }
      expect(seen.size).toBe(used);
    });
  });
};
