import type { DeviceAddress, Envelope, MailboxPage, MessageId } from '@restante/protocol';
import { request } from 'undici';

/** A page of a mailbox, at most 500 messages after `after`, as JSON that is not checked. */
export const readPage = async (
  nodeUrl: string,
  { accountId, deviceId }: DeviceAddress,
  token: string,
  after: MessageId | null = null,
): Promise<MailboxPage> => {
  const query = `device=${deviceId}&limit=500${after === null ? '' : `&after=${after}`}`;
  const answer = await request(`${nodeUrl}/messages/${accountId}?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = await answer.body.json();
  if (answer.statusCode !== 200) throw new Error(`the page was answered with ${answer.statusCode}`);
  return body as MailboxPage;
};

/** Everything in a mailbox on one node, page after page. */
export const readMailbox = async (
  nodeUrl: string,
  mailbox: DeviceAddress,
  token: string,
): Promise<Envelope[]> => {
  const all: Envelope[] = [];
  let after: MessageId | null = null;
  do {
    const page = await readPage(nodeUrl, mailbox, token, after);
    all.push(...page.messages);
    after = page.complete ? null : page.next;
  } while (after !== null);
  return all;
};
