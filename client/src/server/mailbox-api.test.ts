import { VERSIONS } from '@restante/protocol';
import { expect, test } from 'vitest';
import { createHttp } from './http.ts';
import { mailboxApi } from './mailbox-api.ts';

const good = (last: string) => ({
  id: `01980000-0000-7000-8000-00000000000${last}`,
  senderId: '11111111-1111-4111-8111-111111111111',
  senderDeviceId: 1,
  sentAt: 1,
  expiresAt: 2,
  type: 'message',
  payload: 'AAAA',
});

test('an envelope that breaks the protocol is counted, and does not fail its page', async () => {
  const bad = [{ ...good('2'), payload: 5 }, { note: 'by hand' }, null];
  const body = { messages: [good('1'), ...bad, good('3')], complete: true, next: null, expired: 4 };
  const answer = () => Promise.resolve(new Response(JSON.stringify(body)));
  const api = mailboxApi(createHttp(answer, VERSIONS));
  const access = { node: 'http://node', mailbox: { accountId: good('1').senderId, deviceId: 1 }, token: 't' };
  const page = await api.page(access, null, 10, new AbortController().signal, 1_000);
  expect(page).toEqual({ ...body, messages: [good('1'), good('3')], unreadable: bad.length });
});
