import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { downstream, ERRORS, LIMITS, PROTOCOL_HISTORY, upstream } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { openMeshGate } from '../mailbox-node/src/routes/mesh.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const protocol = read('docs/protocol.md');

/** Cells of the table rows whose first cell is one code word, by that word. */
const rows = new Map(
  protocol
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter((cells) => /^`[^`]+`$/.test(cells[0] ?? ''))
    .map((cells) => [cells[0]!.slice(1, -1), cells]),
);

/** The sources of a folder, without tests, as one text. */
const sources = (folder: string): string =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => read(`${folder}/${name}`))
    .join('\n');

type GateParameters = Parameters<typeof openMeshGate>;

/** The gate of the mesh puts its paths together: what it adds to an app. */
const gateRoutes = (): string[] => {
  const routes: string[] = [];
  const noting = (method: string) => (path: string) => routes.push(`${method} ${path}`);
  const none = () => undefined;
  const app = { use: none, head: none, get: noting('GET'), post: noting('POST'), put: noting('PUT') };
  const gate = { reader: {}, writer: {}, readers: {} };
  openMeshGate(app as unknown as GateParameters[0], gate as unknown as GateParameters[1]);
  return routes;
};

/** Routes of a service that declares each with `app.get('/path', ...)`, as `METHOD /path`. */
const mailboxNodeRoutes = (): string[] => [
  ...[...sources('mailbox-node/src').matchAll(/app\.(get|post|put|delete)\(\s*'(\/[^']*)'/g)].map(
    ([, method, path]) => `${method!.toUpperCase()} ${path!}`,
  ),
  ...gateRoutes(),
];

/** Routes of a service that declares each resource with its methods: `resource(app, '/path', { get: [...] })`. */
const masterRoutes = (): string[] =>
  sources('master-node/src/http')
    .split("resource(app, '")
    .slice(1)
    .flatMap((resource) =>
      [...resource.matchAll(/\b(get|post|put|delete): \[/g)].map(
        ([, method]) => `${method!.toUpperCase()} ${resource.slice(0, resource.indexOf("'"))}`,
      ),
    );

/** `METHOD /path` of every call that stands in backticks, without its query. */
const documentedCalls = new Set(
  [...protocol.matchAll(/`(GET|POST|PUT|DELETE) (\/[^`?]*)(?:\?[^`]*)?`/g)].map(
    ([, method, path]) => `${method!} ${path!}`,
  ),
);

describe('docs/protocol.md', () => {
  it('has every frame', () => {
    for (const schema of [...upstream.def.options, ...downstream.def.options]) {
      for (const type of schema.shape.type.def.values) expect(rows.has(type), type).toBe(true);
    }
  });

  it('has the error table as it is', () => {
    for (const [code, row] of Object.entries(ERRORS)) {
      expect(rows.get(code)?.slice(1, 4), code).toEqual([
        String(row.status),
        String(row.close),
        row.retry ? 'yes' : 'no',
      ]);
    }
  });

  it('has every route of the services', () => {
    const routes = [...mailboxNodeRoutes(), ...masterRoutes()];
    expect(routes.length).toBeGreaterThanOrEqual(20);
    expect(routes.filter((route) => !documentedCalls.has(route))).toEqual([]);
  });

  it('has no route that is not there', () => {
    const routes = new Set([...mailboxNodeRoutes(), ...masterRoutes(), 'GET /ws']);
    expect([...documentedCalls].filter((call) => !routes.has(call))).toEqual([]);
  });

  it('has every version', () => {
    for (const { version, change } of PROTOCOL_HISTORY)
      expect(protocol).toMatch(new RegExp(`\\| ${version} +\\| ${change}`));
  });

  it('has the limits as they are', () => {
    expect(LIMITS.payloadBytes).toBe(96 * 1024);
    for (const text of [
      `payload ${LIMITS.payloadBytes / 1024} KiB`,
      `frame ${LIMITS.frameBytes / 1024 ** 2} MiB`,
      `${LIMITS.envelopesPerSend} envelopes to ${LIMITS.recipientsPerSend} accounts`,
      `${LIMITS.envelopesPerStore} envelopes or`,
      `${LIMITS.envelopesPerPage} envelopes or ${LIMITS.pageBytes / 1024 ** 2} MiB per page`,
      `${LIMITS.idsPerAcknowledge} ids per acknowledgement`,
    ]) {
      expect(protocol.replaceAll(/\s+/g, ' ')).toContain(text);
    }
  });
});

describe('docs/operations.md', () => {
  const operations = read('docs/operations.md');
  const manuals = [operations, read('README.md'), read('CONTRIBUTING.md')].join('\n');
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = Object.keys(scripts).filter((name) => !/^pre/.test(name));

  it('or a page beside it has every npm command', () => {
    for (const name of commands) {
      const call = name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`;
      expect(manuals, call).toContain(call);
    }
  });

  it('has every command of the operators, with all its options', () => {
    const files = [...read('scripts/src/main.ts').matchAll(/'(\.\/commands\/[a-z-]+\.ts)'/g)];
    expect(files.length).toBeGreaterThanOrEqual(5);
    for (const [, file] of files) {
      const source = read(`scripts/src/${file!}`);
      const options = [...source.matchAll(/^ {2}(--[a-z-]+)\b/gm)].map(([, option]) => option!);
      expect(options, file).not.toEqual([]);
      for (const option of options) expect(operations, `${file!} ${option}`).toContain(option);
    }
  });
});

describe('e2e/README.md', () => {
  const readme = read('e2e/README.md');

  it('maps every law and every fault to tests that are there', () => {
    for (const law of protocol.matchAll(/^(\d+)\. \*\*/gm)) {
      expect(readme).toMatch(new RegExp(`^\\| ${law[1]!} `, 'm'));
    }
    const files = [...readme.matchAll(/`([\w/-]+\.(?:test|contract)\.ts)`/g)].map(([, file]) => file!);
    for (const file of files) {
      const path = /^(?!(?:attacks|messenger|monitoring|servers)\/).+\//.test(file) ? file : `e2e/${file}`;
      expect(existsSync(new URL(`../${path}`, import.meta.url)), path).toBe(true);
    }
    for (const [, file, title] of readme.matchAll(/`([\w-]+\.test\.ts)`: "([^"]+)"/g)) {
      expect(read(`e2e/${file!}`)).toContain(title);
    }
  });
});

describe('docs/threat-model.md', () => {
  const page = read('docs/threat-model.md');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [header = [], , ...acts] = page
    .split('\n')
    .slice(page.split('\n').findIndex((line) => line.includes('| network ')))
    .filter((_line, index, lines) => lines.slice(0, index + 1).every((one) => one.startsWith('|')))
    .map(cells);
  const sections = page
    .split(/^## /m)
    .slice(1, header.length)
    .map((section) => [...section.matchAll(/^- \*\*(.+?)\*\*: (\w+)(.*(?:\n {2}.*)*)/gm)]);
  const TEST = /`([\w/.-]+\.(?:test|contract)\.ts)`: "([^"]+)"/g;

  it('says of every adversary what the table says', () => {
    expect(header.slice(1)).toHaveLength(10);
    expect(acts).toHaveLength(11);
    // The last one can everything.
    const told = sections.slice(0, -1).map((each) => each.map(([, act, verdict]) => [act, verdict]));
    const table = header.slice(1, -1).map((_, column) => acts.map((row) => [row[0], row[column + 1]]));
    expect(told).toEqual(table);
    expect(new Set(acts.flatMap((row) => row.slice(1)))).toEqual(new Set(['cannot', 'noticed', 'can']));
    expect(acts.every((row) => row.at(-1) === 'can')).toBe(true);
  });

  it('has a test for every "cannot", and names none that is not there', () => {
    for (const [, act, verdict, reason = ''] of sections.flat()) {
      if (verdict === 'cannot') expect([...reason.matchAll(TEST)], `${act!}:${reason}`).not.toEqual([]);
    }
    const named = [...page.matchAll(TEST)];
    expect(named.length).toBeGreaterThan(50);
    for (const [, file, title] of named) {
      expect(existsSync(new URL(`../${file!}`, import.meta.url)), file).toBe(true);
      // A quotation mark within a title is escaped there.
      expect(read(file!).replaceAll("\\'", "'"), `${file!}: ${title!}`).toContain(title);
    }
  });
});
