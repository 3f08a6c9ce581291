import { ConfigError, httpUrls, namedHttpUrls, nodeName, readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import type { NamedUrl } from '../state/cluster-state.ts';
import { isOperatorPassword } from './operator.ts';
import type { OwnServer } from './own-server.ts';

const list = z.string().transform((text) => text.split(',').map((entry) => entry.trim()));
const address = z
  .string()
  .refine((text) => (URL.parse(`tls://${text}`)?.port ?? '') !== '', 'is not host:port');

/** Variables of a watch. */
export const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3002),
  /** Masters of this server: names, which may have several addresses. */
  MASTER_URLS: httpUrls,
  MASTER_PROCESSES: z.coerce.number().int().positive().default(1),
  /** `name=url` of mailbox nodes, separated by commas, and which of them are on this server (default all). */
  MAILBOX_NODES: namedHttpUrls,
  NODES_HERE: list.pipe(z.array(nodeName)).optional(),
  /** Name of this server. */
  DOMAIN: z.string().default('this server'),
  /** Names of all servers of the cell, separated by commas, which of them this one is, and where each one's watch is; none: it is alone. */
  SERVERS: list.default([]),
  SERVER_NUMBER: z.coerce.number().int().positive().default(1),
  WATCH_URLS: httpUrls.default([]),
  /** Where people, and other servers of a cell, are shown a certificate: `host:port`. */
  PEOPLE_ADDRESS: address.optional(),
  DOOR_ADDRESS: address.optional(),
  /** Without it nobody sees more than the public. */
  OPERATOR_PASSWORD: z
    .string()
    .refine(isOperatorPassword, 'needs 16 visible characters of ASCII or more')
    .optional(),
  /** How many proxies before it tell the caller's address. */
  TRUST_PROXY: z.coerce.number().int().nonnegative().default(0),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type WatchConfig = {
  readonly host: string;
  readonly port: number;
  /** Of the cell, with where their watches are. */
  readonly servers: readonly NamedUrl[];
  /** Name of this one, which is among them. */
  readonly name: string;
  readonly own: OwnServer;
  readonly operatorPassword: string | null;
  readonly trustProxy: number;
  readonly logLevel: string;
};

/** @throws ConfigError */
export const readConfig = (variables: Readonly<Record<string, string | undefined>>): WatchConfig => {
  const read = readEnvironment(environment, variables);
  const { MAILBOX_NODES, NODES_HERE, SERVERS, SERVER_NUMBER, WATCH_URLS } = read;
  const unknown = NODES_HERE?.find((here) => !MAILBOX_NODES.some(({ name }) => name === here));
  if (unknown !== undefined) throw new ConfigError(`NODES_HERE: MAILBOX_NODES has no node ${unknown}`);
  const servers =
    SERVERS.length === 0
      ? [{ name: read.DOMAIN, url: '' }]
      : SERVERS.map((name, index) => ({ name, url: WATCH_URLS[index] ?? '' }));
  if (SERVERS.length > WATCH_URLS.length && SERVERS.length > 0) {
    throw new ConfigError('WATCH_URLS has fewer servers than SERVERS');
  }
  const own = SERVERS.length === 0 ? servers[0] : servers[SERVER_NUMBER - 1];
  if (own === undefined)
    throw new ConfigError(`SERVER_NUMBER is ${SERVER_NUMBER}, and SERVERS has no such one`);
  return {
    host: read.HOST,
    port: read.PORT,
    servers,
    name: own.name,
    own: {
      masterUrls: read.MASTER_URLS,
      masterCount: read.MASTER_PROCESSES,
      mailboxNodes: MAILBOX_NODES.filter(({ name }) => NODES_HERE?.includes(name) ?? true),
      certificates: [
        ...(read.PEOPLE_ADDRESS === undefined
          ? []
          : [{ name: 'people' as const, address: read.PEOPLE_ADDRESS, servername: null }]),
        ...(read.DOOR_ADDRESS === undefined || SERVERS.length === 0
          ? []
          : [
              {
                name: 'servers' as const,
                address: read.DOOR_ADDRESS,
                servername: `server${SERVER_NUMBER}.cell`,
              },
            ]),
      ],
    },
    operatorPassword: read.OPERATOR_PASSWORD ?? null,
    trustProxy: read.TRUST_PROXY,
    logLevel: read.LOG_LEVEL,
  };
};
