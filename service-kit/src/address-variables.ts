import { LIMITS } from '@restante/protocol';
import { z } from 'zod';
import { parseCouchUrl } from './couch-url.ts';

/**
 * Variables that hold addresses. Every service and command reads them by these schemas, so that what one refuses all
 * refuse. A message says what is wrong and never quotes: an address may hold a password.
 */

const UNESCAPED = 'a name or password with % # / ? or a comma has them escaped: %25 %23 %2F %3F %2C';

/** Why this is no address of an HTTP server; null when it is one. */
const faultOfAddress = (text: string): string | null => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return text.includes('@') ? UNESCAPED : 'is no URL: http://host:port';
  if (scheme !== 'http' && scheme !== 'https') return 'does not begin with http:// or https://';
  const isWhole = URL.canParse(text);
  const { pathname, search, hash } = new URL(isWhole ? text : 'http://host');
  // A raw character ends the credentials early: the rest of them, with the @, is found behind the host.
  if (/@/.test(pathname + search + hash) || (!isWhole && text.includes('@'))) return UNESCAPED;
  if (!isWhole) return 'is no URL: http://host:port';
  return search === '' && hash === '' ? null : 'has a ? or # behind the host: http://host:port';
};

/** Why this is no CouchDB with credentials; null when it is one. */
const faultOfCouch = (text: string): string | null => {
  const fault = faultOfAddress(text);
  if (fault !== null) return fault;
  try {
    const { username, password } = parseCouchUrl(text);
    return username !== '' && password !== ''
      ? null
      : 'has no name and password: http://name:password@host:5984';
  } catch {
    return UNESCAPED;
  }
};

const faultOfHttp = (text: string): string | null => {
  const fault = faultOfAddress(text);
  if (fault !== null) return fault;
  const { username, password } = new URL(text);
  return username === '' && password === '' ? null : 'has a name or password, which nobody would use';
};

const address = (faultOf: (text: string) => string | null) =>
  z
    .string()
    .transform((text) => text.trim().replace(/\/+$/, ''))
    .superRefine((text, context) => {
      const fault = faultOf(text);
      if (fault !== null) context.addIssue(fault);
    });

const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

/** The entry that stands in a list for the second time, or undefined. */
const repeated = (entries: readonly string[]): string | undefined =>
  entries.find((entry, index) => entries.indexOf(entry) !== index);

const addresses = <A extends ReturnType<typeof address>>(one: A) =>
  commaSeparated
    .pipe(z.array(one).min(1, 'names no server'))
    .refine((list) => repeated(list.map(serverOf)) === undefined, 'names one server twice');

/** Scheme, host, port and path: what is left without credentials. */
export const serverOf = (url: string): string => parseCouchUrl(url).url;

/** Name of a mailbox node. */
export const nodeName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'is no node name: a-z, 0-9, dash');

/** Beginning of the names of all databases of a cluster. */
export const databasePrefix = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'is no beginning of a database name: a-z, then a-z, 0-9, _ and -');

/** An HTTP server, without credentials. */
export const httpUrl = address(faultOfHttp);
/** HTTP servers, separated by commas. */
export const httpUrls = addresses(httpUrl);

const faultOfOrigin = (text: string): string | null => {
  const fault = faultOfHttp(text);
  if (fault !== null) return fault;
  return new URL(text).origin === text
    ? null
    : 'is no origin: https://host, in small letters, without a path';
};

/** Origins of all servers, separated by commas: what browsers name them by. None: there is one server. */
export const serverOrigins = addresses(address(faultOfOrigin)).refine(
  (list) => list.length <= LIMITS.masters,
  `names more than ${LIMITS.masters} servers`,
);

/** A CouchDB with credentials. */
export const couchUrl = address(faultOfCouch);
/** CouchDBs with credentials, separated by commas. */
export const couchUrls = addresses(couchUrl);

/** `name=url` with credentials, separated by commas: the CouchDBs of mailbox nodes, each name and server once. */
export const namedCouchUrls = commaSeparated
  .transform((entries) => entries.map((entry) => entry.split(/=(.*)/s, 2)))
  .pipe(z.array(z.tuple([nodeName, couchUrl], 'is not name=url')))
  .transform((pairs) => pairs.map(([name, url]) => ({ name, url })))
  .superRefine((nodes, context) => {
    const name = repeated(nodes.map((node) => node.name));
    if (name !== undefined) context.addIssue(`names ${name} twice`);
    if (repeated(nodes.map(({ url }) => serverOf(url))) !== undefined) {
      context.addIssue('names one server twice');
    }
  });
