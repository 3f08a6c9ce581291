import { VERSIONS } from '@restante/protocol';
import { expect, test } from 'vitest';
import { shapeOf } from '../values/shape.ts';
import { endpointsIn, protocolPage } from './endpoints.ts';
import { framesOf } from './frames.ts';

const endpoints = endpointsIn(protocolPage());

test('every body that a client or a master sends is that of an endpoint', () => {
  // What is asked is strict, what is told is not.
  const asked = Object.entries(VERSIONS[0].bodies.read)
    .filter(([, schema]) => shapeOf(schema).additionalProperties === false)
    .map(([name]) => name);
  expect(asked.length).toBeGreaterThan(5);
  const bodies = endpoints.map(({ body }) => body);
  expect(asked.filter((name) => !bodies.some((body) => body === name))).toEqual([]);
});

test('every call on the page is an endpoint, with its parameters and what it asks for', () => {
  const calls = [...protocolPage().matchAll(/^\| (`(?:GET|POST|PUT|DELETE) .*?) \|/gm)].flatMap(
    ([, cell = '']) => [...cell.matchAll(/`([A-Z]+ \/[^`?]*)/g)],
  );
  expect(endpoints.map(({ method, path }) => `${method} ${path}`)).toEqual(calls.map(([, call]) => call));
  expect(endpoints.find(({ path }) => path === '/messages/:accountId/ids')).toEqual({
    service: 'mailbox-node',
    method: 'GET',
    path: '/messages/:accountId/ids',
    query: ['device', 'limit', 'after'],
    credential: 'mailbox',
    body: null,
  });
  expect(endpoints.filter(({ credential }) => credential === null)).toEqual([]);
});

test('every frame of the schema is there, and a page without one of them is refused', () => {
  const frames = framesOf(protocolPage());
  const { oneOf = [] } = shapeOf(VERSIONS[0].upstream.read);
  expect(frames.map(({ type }) => type)).toEqual(oneOf.map(({ properties }) => properties?.['type']?.const));
  expect(frames.find(({ type }) => type === 'send')?.answers).toEqual(['accepted', 'refused']);
  expect(() => framesOf(protocolPage().replace('| `typing` ', '| `writing` '))).toThrow('the frame typing');
});
