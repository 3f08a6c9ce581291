import { readFileSync } from 'node:fs';
import { VERSIONS, type BodyName } from '@restante/protocol';

/**
 * The calls of the services, as `docs/protocol.md` has them; `e2e/docs.test.ts` holds that page to the routes of the services, both ways, so
 * that a new call is fuzzed from its first day.
 */
export type Endpoint = {
  readonly service: 'master' | 'mailbox-node';
  readonly method: string;
  /** With parameters as `:name`. */
  readonly path: string;
  readonly query: readonly string[];
  /** What is asked of the caller; null: none that is known here, so any is tried. */
  readonly credential: Credential | null;
  /** `octets`: bytes as they are. */
  readonly body: BodyName | 'octets' | null;
};

/** A token by its audience, a ticket for a blob, or credentials of the mesh by their name; `none` where nothing is asked, or a secret in the body. */
export type Credential = 'none' | 'master' | 'mailbox' | 'store' | 'ticket' | 'reader' | 'mesh';

const SECTIONS = { 'Master: REST': 'master', 'Mailbox node': 'mailbox-node' } as const;

const CREDENTIALS: readonly (readonly [RegExp, Credential])[] = [
  [/^(anyone|device|operator)$/, 'none'],
  [/^Bearer$/, 'master'],
  [/^owner\b/, 'mailbox'],
  [/^master \(`store`\)$/, 'store'],
  [/^ticket$/, 'ticket'],
  [/^reader$/, 'reader'],
  [/^mesh$/, 'mesh'],
];

const isBody = (name: string): name is BodyName => Object.hasOwn(VERSIONS[0].bodies.read, name);

const rowsOf = (section: string): string[][] =>
  section.split('\n').flatMap((line) =>
    line.startsWith('| `')
      ? [
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        ]
      : [],
  );

const readEndpoints = (service: Endpoint['service'], section: string): Endpoint[] =>
  rowsOf(section).flatMap(([calls = '', who = '', bodies = '', ...rest]) => {
    const [asked = ''] = bodies.split('→');
    const [, body = ''] = /`(\w+)`/.exec(asked) ?? [];
    const query = [...[calls, ...rest].join(' ').matchAll(/[?&](\w+)=/g)].map(([, name = '']) => name);
    return [...calls.matchAll(/`([A-Z]+) (\/[^`?]*)[^`]*`/g)].map(([, method = '', path = '']) => ({
      service,
      method,
      path,
      query,
      credential: CREDENTIALS.find(([pattern]) => pattern.test(who))?.[1] ?? null,
      body: isBody(body) ? body : /\boctets\b/.test(asked) ? 'octets' : null,
    }));
  });

/** @throws Error when the page has no such tables any more */
export const endpointsIn = (page: string): Endpoint[] =>
  Object.entries(SECTIONS).flatMap(([title, service]) => {
    const [, section = ''] = page.split(`\n## ${title}\n`);
    const found = readEndpoints(service, section.split('\n## ')[0] ?? '');
    if (found.length === 0) throw new Error(`docs/protocol.md has no calls under "${title}"`);
    return found;
  });

export const protocolPage = (): string =>
  readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
