import { gzipSync } from 'node:zlib';
import { LIMITS, VERSION_HEADER, VERSIONS } from '@restante/protocol';
import { FUZZED_BLOB_BYTES, type Device } from '../stage/device.ts';
import type { Credential, Endpoint } from '../surface/endpoints.ts';
import type { Json } from '../values/json.ts';
import { mutateBytes } from '../values/mutate-bytes.ts';
import { mutateValue } from '../values/mutate-value.ts';
import { valueOf, type Known } from '../values/shape.ts';
import type { Draft } from './draft.ts';
import { gateBodyOf, isOfGate, knownAtGate } from './gate.ts';
import type { Input } from './input.ts';
import { knownOfOne, knownTo } from './known.ts';
import type { Gate, World } from './world.ts';

/** Requests at the endpoints, from sound ones to ones of which nothing is. */

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
const OCTETS = 'application/octet-stream';
const TYPES = [
  OCTETS,
  'application/json',
  'application/json; charset=utf-16',
  'application/json; charset=x',
  'text/plain',
  'application/json, text/plain',
  'multipart/form-data',
  '',
];
const ENCODINGS = ['gzip', 'deflate', 'br', 'zstd', 'x'];

/** How many changes: none, so that what lies behind the checks is reached, or a few. */
export const severity = ({ random }: Draft): number => random.pick([0, 0, 0, 1, 1, 1, 2, 4]);

/** What node lets through in a header or a path; raw bytes go another way. */
const printable = (text: string): string =>
  text.replace(/[^\x21-\x7e]/g, (odd) => encodeURIComponent(odd.toWellFormed()));
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 8_000);

const parameter = (name: string, known: Known, draft: Draft): string => {
  const value: Json = known[name] ?? known['id'] ?? '';
  const changed = draft.chance(80) ? value : draft.mutate<Json>(value, 1, mutateValue);
  const text = typeof changed === 'string' ? changed : JSON.stringify(changed);
  return draft.chance(95) ? encodeURIComponent(text.toWellFormed()) : printable(text);
};

/** A query parameter. `limit` is no field of any schema. */
const queryValue = (name: string, known: Known, draft: Draft): string =>
  parameter(name, { ...known, limit: draft.random.pick([1, 2, 100, 500, 2_000]) }, draft);

export const pathOf = ({ path, query }: Endpoint, known: Known, draft: Draft): string => {
  const { random, chance, mutate } = draft;
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => parameter(name, known, draft));
  const asked = query
    .filter((name) => name === 'device' || chance(50))
    .map((name) => `${name}=${queryValue(name, known, draft)}`);
  if (chance(5))
    asked.push(random.pick(['x=1', 'device=1', '__proto__=1', 'a[b]=1', '=', '%', 'device[]=1']));
  const whole = asked.length === 0 ? filled : `${filled}?${asked.join('&')}`;
  const changed = chance(92)
    ? whole
    : mutate(whole, 1, (text, own) => mutateBytes(Buffer.from(text), own).toString('latin1'));
  return printable(changed.startsWith('/') ? changed : `/${changed}`).slice(0, 12_000);
};

type Credentials = Readonly<Record<Exclude<Credential, 'none'>, string>>;

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;
const bearer = (token: string): string => `Bearer ${token}`;

/** What is right where a device or a gate asks for it. */
const credentialsOf = ({ tokens }: Device, { reader, mesh }: Gate): Credentials => ({
  master: bearer(tokens.master),
  mailbox: bearer(tokens.mailbox),
  store: bearer(tokens.store),
  ticket: bearer(tokens.toWrite),
  reader: basic(reader),
  mesh: basic(mesh),
});

/** The value of the header, or null for none. */
const authorization = (
  { credential }: Endpoint,
  right: Credentials,
  { tokens }: Device,
  { gates }: World,
  draft: Draft,
): string | null => {
  const { random, chance, mutate } = draft;
  const all = [
    ...Object.values(tokens).map(bearer),
    ...gates.flatMap(({ reader, mesh }) => [reader, mesh]).map(basic),
  ];
  const one = random.pick(all);
  if (chance(80)) return credential === 'none' ? null : credential === null ? one : right[credential];
  return random.pick<() => string | null>([
    () => null,
    () => one,
    () => random.pick(Object.values(right)),
    () => mutate(one, 1, (text, own) => mutateBytes(Buffer.from(text), own).toString('latin1')),
    () => basic('admin:admin'),
    () => bearer(random.pick(Object.values(tokens)).split('.').slice(0, 2).join('.') + '.'),
    () => 'Bearer a.b.c',
  ])();
};

const valueFor = (endpoint: Endpoint, world: World, known: Known, draft: Draft): Json => {
  if (isOfGate(endpoint)) return gateBodyOf(endpoint, world, draft);
  const shape =
    endpoint.body === null || endpoint.body === 'octets' ? undefined : world.bodies[endpoint.body];
  return shape === undefined ? null : valueOf(shape, draft.random, known);
};

const bodyOf = (endpoint: Endpoint, world: World, known: Known, draft: Draft): Buffer | null => {
  const { random, chance, mutate } = draft;
  if (endpoint.body === 'octets') {
    const octets = Buffer.from(random.bytes(FUZZED_BLOB_BYTES));
    return chance(80) ? octets : mutate(octets, 1 + random.below(3), mutateBytes);
  }
  const sound = valueFor(endpoint, world, known, draft);
  if (sound === null) return chance(95) ? null : Buffer.from(random.pick(['{}', 'x', '[', '']));
  const value = mutate(sound, severity(draft), mutateValue);
  const text = Buffer.from(JSON.stringify(value));
  if (chance(2)) return Buffer.concat([text, Buffer.alloc(LIMITS.bodyBytes, ' ')]);
  return chance(90) ? text : mutate(text, 1 + random.below(3), mutateBytes);
};

/** A request and what it is for, without what carries it. */
export const drawRequest = (world: World, draft: Draft): Extract<Input, { kind: 'requests' }> => {
  const { random, chance } = draft;
  const endpoint = random.pick(world.endpoints);
  const device = random.pick(world.devices);
  const gate = random.pick(world.gates);
  const known = isOfGate(endpoint)
    ? knownAtGate(world, draft)
    : (chance(80) ? knownOfOne : knownTo)(device, world, random);
  const method = chance(95) ? endpoint.method : random.pick(METHODS);
  const headers: Record<string, string> = {
    'x-forwarded-for': `10.${random.bytes(3).join('.')}`,
    'x-request-id': chance(95) ? 'fuzz' : headerText('a,'.repeat(random.below(100))),
  };
  const shown = authorization(endpoint, credentialsOf(device, gate), device, world, draft);
  if (shown !== null) headers['authorization'] = headerText(shown);
  if (chance(50)) {
    const versions = VERSIONS.map(({ version }) => String(version));
    headers[VERSION_HEADER] = random.pick(chance(90) ? versions : ['0', '999', '-1', 'x', '4, 4', '1e0']);
  }
  let body = bodyOf(endpoint, world, known, draft);
  if (body !== null) {
    const type = endpoint.body === 'octets' ? OCTETS : 'application/json';
    headers['content-type'] = chance(95) ? type : random.pick(TYPES);
    if (chance(4)) {
      headers['content-encoding'] = random.pick(ENCODINGS);
      if (chance(50)) body = gzipSync(body);
    }
  }
  return {
    kind: 'requests',
    target: `${endpoint.service} ${endpoint.method} ${endpoint.path}`,
    to: endpoint.service === 'master' ? random.pick(world.masters) : gate.url,
    method,
    path: pathOf(endpoint, knownForPath(endpoint, known, draft), draft),
    headers,
    body,
  };
};

/** Who asks to have a device removed seldom means one of those that go on asking. */
const knownForPath = ({ method }: Endpoint, known: Known, { chance }: Draft): Known =>
  method === 'DELETE' && chance(96) ? { ...known, deviceId: 99 } : known;
