import { buckets, LIMITS } from '@restante/protocol';
import { isLive, metricOf, type Person, type TestCluster } from '@restante/testkit/cluster';

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

/** How much of what a peer's mesh brought a node (1 to 3) has refused, for a reason. */
export const refusedWrites = (
  { parts }: TestCluster,
  number: number,
  from: { readonly peer: string; readonly reason: string },
): Promise<number> =>
  metricOf(parts.mailboxNodes[number - 1]!.url, 'mailbox_mesh_writes_refused_total', from);

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
