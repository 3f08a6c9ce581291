import type { DeviceAddress } from '@restante/protocol';
import { newEnvelopes } from './envelopes.ts';
import { openPost } from './http-post.ts';

const PER_REQUEST = 100;
const CONNECTIONS = 2;

/** Stores `count` messages on a node, `perMailbox` for each mailbox. Answers with the mailboxes. */
export const fill = async (
  nodeUrl: string,
  storeToken: string,
  count: number,
  perMailbox: number,
): Promise<DeviceAddress[]> => {
  await using post = openPost(nodeUrl, '/messages', {
    connections: CONNECTIONS,
    authorization: `Bearer ${storeToken}`,
    isGood: (answer) => !answer.includes('refused'),
  });
  const mailboxes = new Map<string, DeviceAddress>();
  let left = count;
  const connection = async (): Promise<void> => {
    while (left > 0) {
      const envelopes = newEnvelopes(Math.min(left, PER_REQUEST), perMailbox);
      left -= envelopes.length;
      for (const { accountId, deviceId } of envelopes) mailboxes.set(accountId, { accountId, deviceId });
      await post.send(JSON.stringify({ envelopes }));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return [...mailboxes.values()];
};
