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

test('ids are listed alone; a node that knows no such page gives the messages', async () => {
  const asked: string[] = [];
  const answers = new Map<string, { status: number; body: object }>();
  const answer = (url: unknown) => {
    const { pathname, search } = new URL(String(url));
    asked.push(pathname + search);
    const { status, body } = answers.get(pathname)!;
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  };
  const api = mailboxApi(createHttp(answer, VERSIONS));
  const { senderId: accountId } = good('1');
  const access = { node: 'http://node', mailbox: { accountId, deviceId: 1 }, token: 't' };
  const list = () => api.list(access, good('1').id, new AbortController().signal, 1_000);
  const rest = { complete: true, next: null, expired: 4 };

  answers.set(`/messages/${accountId}/ids`, {
    status: 200,
    body: { ids: [good('2').id, 'no id', good('3').id], ...rest },
  });
  expect(await list()).toEqual({
    ...{ ...rest, unreadable: 1 },
    listed: [good('2'), good('3')].map(({ id }) => ({ id, envelope: null })),
  });
  answers.set(`/messages/${accountId}/ids`, { status: 404, body: { code: 'not-found', message: '' } });
  answers.set(`/messages/${accountId}`, { status: 200, body: { messages: [good('2')], ...rest } });
  expect(await list()).toEqual({
    ...{ ...rest, unreadable: 0 },
    listed: [{ id: good('2').id, envelope: good('2') }],
  });
  expect(asked.map((path) => path.replace(accountId, 'me'))).toEqual([
    `/messages/me/ids?device=1&limit=2000&after=${good('1').id}`,
    `/messages/me/ids?device=1&limit=2000&after=${good('1').id}`,
    `/messages/me?device=1&limit=500&after=${good('1').id}`,
  ]);
  for (const body of [
    { code: 'forbidden', message: '' },
    { code: 'unavailable', message: '' },
  ]) {
    answers.set(`/messages/${accountId}/ids`, { status: 500, body });
    await expect(list()).rejects.toMatchObject({ code: body.code });
  }
});
