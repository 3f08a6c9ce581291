import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environment as mailboxNode } from '@restante/mailbox-node';
import { environment as master } from '@restante/master-node';
import { environment as watch } from '@restante/scripts/watch';
import { describe, expect, test } from 'vitest';

/** The settings of production: what services know, what the compose file gives them, what the example explains. */

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string): string => readFileSync(path(name), 'utf8');
const compose = read('docker-compose.prod.yml');
const example = read('.env.production.example');
const deploy = [
  'scripts/deploy',
  ...readdirSync(path('scripts/deploy-parts')).map((part) => `scripts/deploy-parts/${part}`),
]
  .map(read)
  .join('\n');

const all = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
];
const explained = all(example, /^([A-Z]\w*)=/gm);
const used = all(compose, /\$\{(\w+)/g);

/** The block of a service or of an anchor, from its line to the next one of the same indentation. */
const block = (start: string): string => {
  const from = compose.indexOf(`\n${start}`) + 1;
  const indentation = /^ */.exec(start)?.[0] ?? '';
  const end = compose.slice(from + start.length).search(new RegExp(`\\n${indentation}\\S`));
  return compose.slice(from, end < 0 ? undefined : from + start.length + end);
};
const given = (text: string): string[] => all(text, /^ +([A-Z][A-Z0-9_]*):/gm);

describe('each variable', () => {
  test('of a mailbox node is given to it', () => {
    const variables = [...given(block('x-mailbox-node-environment:')), ...given(block('  node1:'))];
    const { COUCHDB_SELF_URL, COUCHDB_PEERS, ...taken } = mailboxNode.shape;
    expect(variables).toEqual(expect.arrayContaining(Object.keys(taken)));
    // Those of release 0.2.0 are refused.
    for (const former of [COUCHDB_SELF_URL, COUCHDB_PEERS])
      expect(former.safeParse('http://m:p@one').success).toBe(false);
    expect(compose).not.toMatch(/COUCHDB_(SELF_URL|PEERS)/);
  });

  test('of a master is given to it', () => {
    expect(given(block('  master:'))).toEqual(expect.arrayContaining(Object.keys(master.shape)));
  });

  test('of a watch is given to it', () => {
    expect(given(block('  watch:'))).toEqual(expect.arrayContaining(Object.keys(watch.shape)));
  });

  test('that the compose file takes is in the example, and the other way round', () => {
    expect(explained).toEqual(expect.arrayContaining(used));
    const known = [...used, ...all(deploy, /(?:setting|put|is_set) ([A-Z]\w*)/g), 'COMPOSE_PROFILES'];
    expect(known).toEqual(expect.arrayContaining(explained));
  });

  test('has a comment in its group', () => {
    for (const part of example.split('\n\n')) expect(part).toMatch(/^#/);
  });

  test('has the same default in both', () => {
    for (const name of explained) {
      const inCompose = new RegExp(`\\$\\{${name}:-([^}]*)\\}`).exec(compose)?.[1];
      const inExample = new RegExp(`^${name}=(.*)$`, 'm').exec(example)?.[1];
      if (inCompose !== undefined && name !== 'RESTANTE_VERSION') expect(inExample, name).toBe(inCompose);
    }
  });
});
