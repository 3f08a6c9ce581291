import { VERSION_HEADER, VERSIONS_HEADER } from '@restante/protocol';
import { EARLIER_VERSION, NOW_AND_EARLIER } from '@restante/testkit';
import { expect, test } from 'vitest';
import { createHttp } from './http.ts';

const [NOW] = NOW_AND_EARLIER.map(({ version }) => version);

/** A server that speaks some versions, and what it was asked. */
const server = (spoken: { versions: readonly number[] }) => {
  const asked: { version: number; body: unknown }[] = [];
  const fetch = (_url: unknown, init: RequestInit = {}): Promise<Response> => {
    const version = Number(new Headers(init.headers).get(VERSION_HEADER));
    const known = spoken.versions.includes(version);
    const body = known ? { deleted: 1, more: true } : { code: 'unsupported-version', message: 'no' };
    if (known) asked.push({ version, body: JSON.parse(init.body as string) });
    const headers = { [VERSIONS_HEADER]: spoken.versions.join(', ') };
    return Promise.resolve(new Response(JSON.stringify(body), { status: known ? 200 : 426, headers }));
  };
  return { asked, http: createHttp(fetch, NOW_AND_EARLIER) };
};
const ask = ({ http }: ReturnType<typeof server>) =>
  http.ask('deleteResponse', {
    ...{ server: 'http://node', path: '/messages/delete', method: 'POST' },
    body: ['deleteRequest', { ids: ['id'] }],
  });

test('a server is spoken to in the newest version that it knows, and again in its own once it was updated', async () => {
  const spoken = { versions: [EARLIER_VERSION] };
  const node = server(spoken);
  expect(await ask(node)).toEqual({ deleted: 1 });
  spoken.versions = [NOW!, EARLIER_VERSION];
  await ask(node);
  await ask(node);
  expect(node.asked).toEqual([
    { version: EARLIER_VERSION, body: { messages: ['id'] } },
    { version: EARLIER_VERSION, body: { messages: ['id'] } },
    { version: NOW, body: { ids: ['id'] } },
  ]);
});

test('a server that knows none of the versions is told of as that', async () => {
  const node = server({ versions: [EARLIER_VERSION - 1] });
  await expect(ask(node)).rejects.toMatchObject({ code: 'unsupported-version' });
  expect(node.asked).toEqual([]);
});
