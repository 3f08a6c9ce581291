import { randomBytes, randomUUID } from 'node:crypto';
import type { DeviceAddress } from '@restante/protocol';
import type { BenchCluster } from './cluster.ts';

const AT_A_TIME = 1_000;

const noise = (bytes: number): string => randomBytes(bytes).toString('base64');

const documentsOf = ({ accountId, deviceId }: DeviceAddress): object[] => {
  const times = { createdAt: Date.now(), updatedAt: Date.now() };
  const signed = (bytes: number) => ({ keyId: 1, publicKey: noise(bytes), signature: noise(64) });
  return [
    {
      _id: `account:${accountId}`,
      username: `b${accountId.slice(0, 8)}`,
      passwordHash: 'none',
      ...times,
    },
    {
      _id: `device:${accountId}:${deviceId}`,
      name: 'bench',
      registrationId: 1,
      identityKey: noise(33),
      signedPreKey: signed(33),
      lastResortKyberPreKey: signed(1_569),
      secretHash: 'none',
      ...times,
    },
  ];
};

/** Writes accounts with one device each, none of which has one-time keys, into the directory of a master's first CouchDB. */
export const fillDirectory = async (cluster: BenchCluster, accounts: number): Promise<DeviceAddress[]> => {
  const devices = Array.from({ length: accounts }, () => ({ accountId: randomUUID(), deviceId: 1 }));
  const { username, password, origin } = new URL(cluster.couchServers[0]!.adminUrl);
  for (let from = 0; from < devices.length; from += AT_A_TIME) {
    const answer = await fetch(`${origin}/${cluster.databasePrefix}directory/_bulk_docs`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa(`${username}:${password}`)}`,
      },
      body: JSON.stringify({ docs: devices.slice(from, from + AT_A_TIME).flatMap(documentsOf) }),
    });
    if (answer.status !== 201) throw new Error(`the directory was filled with ${answer.status}`);
    await answer.arrayBuffer();
  }
  return devices;
};
