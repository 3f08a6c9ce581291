import { buckets, LIMITS } from '@restante/protocol';
import { isLive, type Person, type TestCluster } from '@restante/testkit/cluster';

/** What is seen of a cluster from outside. */

const spans = buckets(10, LIMITS.messageTtlMs);

export const bucketAt = ({ parts }: TestCluster, timeMs = Date.now()): string =>
  parts.databasePrefix + spans.nameAt(timeMs);

/** Ids of what waits for somebody on a node (1 to 3), in order. */
export const waitingOn = async (
  cluster: TestCluster,
  number: number,
  { address }: Person,
): Promise<string[]> =>
  [...(await cluster.envelopesOn(number))]
    .filter(([id, leaves]) => id.startsWith(`${address.accountId}:`) && leaves.some(isLive))
    .map(([id]) => id)
    .sort();

/** The status of an answer to somebody who asks for the tokens of a device with this secret. */
export const tokenStatus = async (
  { masters }: TestCluster,
  { address }: Person,
  deviceSecret: string,
  deviceId = address.deviceId,
): Promise<number> => {
  const { status } = await fetch(`${masters[0]!}/api/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accountId: address.accountId, deviceId, deviceSecret }),
  });
  return status;
};
