import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildWebClient } from '@restante/web-client/build';
import { securityHeaders } from '@restante/web-client/headers';
import { INTEGRITY_FILE, integrityOf, type IntegrityManifest } from '@restante/web-client/integrity';
import { serverOrigins } from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, UsageError, type Command, type CommandContext } from '../cli/command.ts';

const options = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  servers: serverOrigins.default([]),
  files: z.url({ protocol: /^https?$/ }).optional(),
  manifest: z.string().optional(),
  json: z.boolean().default(false),
});

const manifestSchema = z.record(z.string().startsWith('/'), z.string().startsWith('sha384-'));

/** An answer that takes longer is none. */
const PATIENCE_MS = 30_000;

const parseManifest = (text: string): IntegrityManifest | null => {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

const readManifest = async (file: string): Promise<IntegrityManifest> => {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`--manifest: ${file} cannot be read`);
  });
  const manifest = parseManifest(text);
  if (manifest === null) throw new UsageError(`--manifest: ${file} is no integrity manifest`);
  return manifest;
};

const fetchFile = async (origin: string, path: string, signal: AbortSignal) => {
  const response = await fetch(new URL(path, origin), {
    redirect: 'manual',
    cache: 'no-store',
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  });
  const content = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, content };
};

/** What is wrong with one answer, in words. */
const compareFile = async (
  origin: string,
  path: string,
  wanted: string,
  wantedHeaders: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string[]> => {
  const { status, headers, content } = await fetchFile(origin, path, signal);
  if (status !== 200) return [`${path} is answered with ${status}`];
  return [
    ...(integrityOf(content) === wanted ? [] : [`${path} has another content`]),
    ...Object.entries(wantedHeaders)
      .filter(([name, value]) => headers.get(name) !== value)
      .map(([name]) => `${path} has another ${name} header`),
  ];
};

/** The manifest that the server publishes must be the same one too. */
const compareManifest = async (
  origin: string,
  wanted: IntegrityManifest,
  signal: AbortSignal,
): Promise<string[]> => {
  const { content } = await fetchFile(origin, `/${INTEGRITY_FILE}`, signal);
  const served = parseManifest(new TextDecoder().decode(content));
  if (served === null) return [`/${INTEGRITY_FILE} is no integrity manifest`];
  const paths = new Set([...Object.keys(served), ...Object.keys(wanted)]);
  return [...paths]
    .filter((path) => served[path] !== wanted[path])
    .map((path) => `/${INTEGRITY_FILE} names another ${path}`);
};

const run = async ({ args, print, signal }: CommandContext): Promise<number> => {
  const flags = readOptions(
    args,
    {
      ...{ url: { type: 'string' }, servers: { type: 'string' }, files: { type: 'string' } },
      ...{ manifest: { type: 'string' }, json: { type: 'boolean' } },
    },
    options,
  );
  const wanted = await readManifest(flags.manifest ?? join(await buildWebClient(), INTEGRITY_FILE));
  const headers = securityHeaders(flags.servers, flags.files ?? null);
  const files = Object.entries({ ...wanted, '/': wanted['/index.html'] ?? '' });
  const differences = (
    await Promise.all([
      ...files.map(([path, integrity]) => compareFile(flags.url, path, integrity, headers, signal)),
      compareManifest(flags.url, wanted, signal),
    ])
  ).flat();

  if (flags.json) print(JSON.stringify({ same: differences.length === 0, files: files.length, differences }));
  else {
    for (const difference of differences) print(`difference: ${difference}`);
    if (differences.length === 0) print(`${flags.url} serves these ${files.length} files, byte for byte.`);
    else print(`${flags.url} does not serve this messenger.`);
  }
  return differences.length === 0 ? 0 : 1;
};

export const verifyMessenger: Command = {
  summary: 'compares the messenger that a server serves with these sources',
  help: `
Usage: npm run verify-messenger -- --url https://host [--servers https://a,https://b] [--files https://s3] [--manifest integrity.json] [--json]

Builds the messenger from these sources and compares it with what the server gives: every file by its hash, the
published integrity.json, and the security headers of every answer.

  --url       origin that serves the messenger
  --servers   origins of all servers of the cell, to which the messenger may connect (SERVER_ORIGINS)
  --files     origin of the object store in which files lie, where they do (S3_ENDPOINT)
  --manifest  compares with this integrity.json and builds nothing
  --json      the outcome as JSON

Exit code: 0 everything is the same, 1 a difference (each is told) or no answer, 2 bad options.
`,
  run,
};
