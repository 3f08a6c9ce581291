import { subprotocol, tokenSubprotocol, VERSIONS } from '@restante/protocol';
import { mutateBytes } from '../values/mutate-bytes.ts';
import type { Draft } from './draft.ts';
import type { Input } from './input.ts';
import { drawRequest } from './request.ts';
import type { World } from './world.ts';

/** Whole connections of raw bytes: requests and upgrades as HTTP has them, and then changed; or bytes that mean nothing. */

const PATHS = [
  '/ws',
  '//',
  '/ws?x',
  'http://[',
  '*',
  '/ws#',
  '///ws',
  '/%',
  'ws',
  'http://a:b@c:99999/',
  '/\\',
  '/ws/',
];

const lines = (first: string, headers: Readonly<Record<string, string>>): string =>
  [first, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');

const request = (world: World, draft: Draft): { target: string; to: string; bytes: Buffer } => {
  const { target, to, method, path, headers, body } = drawRequest(world, draft);
  const given = body === null ? headers : { ...headers, 'content-length': String(body.length) };
  const head = Buffer.from(lines(`${method} ${path} HTTP/1.1`, { host: 'fuzz', ...given }), 'latin1');
  return { target: `bytes: ${target}`, to, bytes: body === null ? head : Buffer.concat([head, body]) };
};

const upgrade = (
  world: World,
  { random, chance, mutate }: Draft,
): { target: string; to: string; bytes: Buffer } => {
  const { tokens } = random.pick(world.devices);
  const token = chance(80) ? tokens.master : random.pick(Object.values(tokens));
  const offered = [
    ...VERSIONS.map(({ version }) => subprotocol(version)),
    ...(chance(10) ? [subprotocol(random.below(1_000))] : []),
    tokenSubprotocol(token),
  ];
  const protocols = mutate(offered.join(', '), chance(20) ? 1 : 0, (text, own) =>
    mutateBytes(Buffer.from(text), own).toString('latin1'),
  );
  const headers = {
    host: 'fuzz',
    connection: 'Upgrade',
    upgrade: chance(95) ? 'websocket' : random.pick(['h2c', 'x', '']),
    'sec-websocket-version': chance(95) ? '13' : random.pick(['0', '12', 'x']),
    'sec-websocket-key': chance(95) ? Buffer.from(random.bytes(16)).toString('base64') : 'x',
    'sec-websocket-protocol': protocols,
    ...(chance(10) && {
      'sec-websocket-extensions': random.pick([
        'permessage-deflate',
        'permessage-deflate; server_max_window_bits=99',
        ';',
      ]),
    }),
    ...(chance(10) && { origin: random.pick(['http://localhost', 'null', '\u00ff']) }),
  };
  const path = chance(75) ? '/ws' : random.pick(PATHS);
  return {
    target: 'GET /ws',
    to: random.pick(world.masters),
    bytes: Buffer.from(lines(`GET ${path} HTTP/1.1`, headers), 'latin1'),
  };
};

export const drawBytes = (world: World, draft: Draft): Extract<Input, { kind: 'bytes' }> => {
  const { random, chance, mutate } = draft;
  const drawn = chance(40) ? upgrade(world, draft) : request(world, draft);
  const to = chance(85) ? drawn.to : random.pick([...world.others, ...world.mailboxNodes, ...world.masters]);
  const bytes = chance(95) ? drawn.bytes : Buffer.from(random.bytes(1 + random.below(400)));
  return { ...drawn, kind: 'bytes', to, bytes: mutate(bytes, random.pick([0, 1, 1, 2, 4]), mutateBytes) };
};
