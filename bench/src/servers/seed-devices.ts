import nano from 'nano';
import type { DirectorySignatures } from '@restante/master-node';
import { deviceKey, type DeviceAddress } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { newDeviceKeys } from '../load/device.ts';

const PER_REQUEST = 500;
const WITHIN_MS = 600_000;

/** Writes devices with their accounts into the directory, as a registration does, without keys that are handed out. */
export const seedDevices = async (
  couchUrls: readonly string[],
  database: string,
  signatures: DirectorySignatures,
  devices: readonly DeviceAddress[],
): Promise<void> => {
  const directories = couchUrls.map((url) => nano(url).use(database));
  const [first] = directories;
  const createdAt = Date.now();
  const times = { createdAt, updatedAt: createdAt };
  const hash = 'a hash that no password has';
  for (let from = 0; from < devices.length; from += PER_REQUEST) {
    const docs = devices.slice(from, from + PER_REQUEST).flatMap(({ accountId, deviceId }) => {
      const { registrationId, identityKey, signedPreKey, lastResortKyberPreKey } = newDeviceKeys();
      const keys = { registrationId, identityKey, signedPreKey, lastResortKyberPreKey };
      const username = `seed${accountId.slice(0, 8)}`;
      return [
        { _id: `account:${accountId}`, username, passwordHash: hash, ...times },
        {
          _id: `device:${deviceKey({ accountId, deviceId })}`,
          name: 'bench',
          ...keys,
          secretHash: hash,
          ...times,
        },
      ];
    });
    await first!.bulk({
      docs: docs.map((one) => ({ ...signatures.sign(one._id, 1, one), _id: one._id })),
    });
  }
  const counts = async (): Promise<number[]> =>
    (await Promise.all(directories.map((directory) => directory.info()))).map(({ doc_count }) => doc_count);
  await waitFor(
    'the devices at all three',
    async () => (await counts()).every((count) => count >= 2 * devices.length),
    {
      timeoutMs: WITHIN_MS,
      everyMs: 500,
    },
  );
};
