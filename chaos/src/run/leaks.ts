import { join } from 'node:path';
import { ensureSecrets } from '@restante/scripts/cluster';
import { filesWithText } from '@restante/testkit/cluster';
import type { World } from '../world/world.ts';

/** Where something lies that only people, or only services, may read. Nothing of it is written down: files are named, no contents. */

/** A password that somebody has chosen may be a word that logs have. */
const SHORTEST_PASSWORD = 16;

/** What people alone may have. */
const secretsOfPeople = async ({ marker, devices }: World): Promise<(string | Uint8Array)[]> => {
  const asked = await Promise.all(devices().map(({ process }) => process.ask('secrets', null)));
  const known = asked.filter((secrets) => secrets !== null);
  const texts = new Set(known.flatMap((secrets) => secrets.texts));
  const keys = known.flatMap((secrets) => secrets.keys);
  return [marker, ...texts, ...keys.map((key) => Buffer.from(key, 'base64'))];
};

/** What services have in their configuration, and must not tell. */
const secretsOfServices = ({ cluster }: World): string[] => {
  const passwords = cluster.parts.couchServers
    .flatMap(({ adminUrl, dataUrl, meshUrl, readerUrl }) => [adminUrl, dataUrl, meshUrl, readerUrl])
    .map((url) => decodeURIComponent(new URL(url).password))
    .filter((password) => password.length >= SHORTEST_PASSWORD);
  const [, signingKey] = ensureSecrets(cluster.dataDir).tokenPrivateKey.split('\n');
  return [...new Set(passwords), ...(signingKey === undefined ? [] : [signingKey])];
};

/** Files of the servers, and logs, that this run has left something in. */
export const filesWithSecrets = async (world: World): Promise<string[]> => {
  const { dataDir } = world.cluster;
  const onDisks = await filesWithText(dataDir, await secretsOfPeople(world), world.begunAtMs);
  const inLogs = await filesWithText(join(dataDir, 'logs'), secretsOfServices(world), world.begunAtMs);
  return [...onDisks, ...inLogs];
};
