import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { vaultContract } from '../vault/vault.contract.ts';
import type { Vault } from '../vault/vault.ts';
import { sqliteVault } from './sqlite-vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'restante-vault-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const nextFile = (): string => join(folder, `${(files += 1)}.sqlite`);
const paths = new Map<Vault, string>();

vaultContract(
  'SQLite',
  () => {
    const path = nextFile();
    const vault = sqliteVault(path);
    paths.set(vault, path);
    return Promise.resolve(vault);
  },
  (closed) => Promise.resolve(sqliteVault(paths.get(closed)!)),
);

test('kill -9 at any moment: every commit that was reported is whole, and none is half there', async () => {
  const path = nextFile();
  const writer = new URL('testing/vault-writer.ts', import.meta.url).pathname;
  let reported = 0;
  for (let kill = 1; kill <= 5; kill += 1) {
    const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const target = reported + 1 + kill * 7;
    for await (const line of createInterface({ input: child.stdout })) {
      reported = Number(line);
      if (reported >= target) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const vault = sqliteVault(path);
    const [one, two] = [
      (await vault.list('renewals', { limit: 100_000 })).map(({ key }) => key),
      (await vault.list('expired', { limit: 100_000 })).map(({ key }) => key),
    ];
    await vault.close();
    expect(one).toEqual(two);
    expect(one.length).toBeGreaterThanOrEqual(reported);
  }
});
