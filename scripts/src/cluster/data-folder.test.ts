import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTokenSigner, createTokenVerifier } from '@restante/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataInUseError, isDataInUse, lockData } from './data-lock.ts';
import { openRotatingLog } from './rotating-log.ts';
import { ensureSecrets } from './secrets.ts';

describe('data folder', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'restante-data-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('belongs to one cluster at a time', async () => {
    const dataDir = join(dir, 'lock');
    expect(await isDataInUse(dataDir)).toBe(false);
    const lock = await lockData(dataDir);
    expect(await isDataInUse(dataDir)).toBe(true);
    await expect(lockData(dataDir)).rejects.toBeInstanceOf(DataInUseError);
    await lock[Symbol.asyncDispose]();
    expect(await isDataInUse(dataDir)).toBe(false);
    await (await lockData(dataDir))[Symbol.asyncDispose]();
  });

  it('is free again when its owner was killed', async () => {
    const dataDir = join(dir, 'killed');
    const module = fileURLToPath(new URL('./data-lock.ts', import.meta.url));
    const owner = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `const { lockData } = await import(${JSON.stringify(module)});
         await lockData(${JSON.stringify(dataDir)});
         process.stdout.write('locked');
         setInterval(() => undefined, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(owner.stdout, 'data');
    expect(await isDataInUse(dataDir)).toBe(true);
    owner.kill('SIGKILL');
    await once(owner, 'close');
    const lock = await lockData(dataDir);
    await lock[Symbol.asyncDispose]();
  });

  it('keeps secrets that only this user can read, the same at every start', async () => {
    const secrets = ensureSecrets(dir);
    expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(ensureSecrets(dir)).toEqual(secrets);
    const passwords = secrets.nodes.flatMap((users) => Object.values(users).map(({ password }) => password));
    expect(new Set(passwords).size).toBe(12);
    const token = await createTokenSigner(secrets.tokenPrivateKey).master(Date.now() + 60_000);
    await createTokenVerifier(secrets.tokenPublicKey).master(token);
  });

  it('completes secrets of a release that had fewer, and keeps what is there', () => {
    const file = join(dir, 'secrets.json');
    const secrets = ensureSecrets(dir);
    const earlier = { ...secrets, nodes: secrets.nodes.map(({ admin, data }) => ({ admin, data })) };
    writeFileSync(file, JSON.stringify(earlier));
    const completed = ensureSecrets(dir);
    expect(completed).toMatchObject(earlier);
    expect(completed.nodes.map(({ mesh, reader }) => [mesh.user, reader.user])).toEqual([
      ['mesh-1', 'reader-1'],
      ['mesh-2', 'reader-2'],
      ['mesh-3', 'reader-3'],
    ]);
    expect(ensureSecrets(dir)).toEqual(completed);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file of secrets without quoting it', () => {
    const file = join(dir, 'secrets.json');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, -40));
    expect(() => ensureSecrets(dir)).toThrow(/does not hold the secrets/);
    writeFileSync(file, whole);
  });

  it('refuses the data of a version that signed nothing, and leaves it as it is', () => {
    const file = join(dir, 'secrets.json');
    const whole = readFileSync(file, 'utf8');
    const { directoryPrivateKey, directoryPublicKeys, nodes, ...others } = ensureSecrets(dir);
    expect([directoryPrivateKey, directoryPublicKeys].every(Boolean)).toBe(true);
    const earlier = { ...others, nodes: nodes.map(({ admin, data }) => ({ admin, data })) };
    writeFileSync(file, JSON.stringify(earlier));
    expect(() => ensureSecrets(dir)).toThrow(/is of a version before 0\.2\.0.*move the folder away/);
    expect(readFileSync(file, 'utf8')).toBe(JSON.stringify(earlier));
    writeFileSync(file, whole);
  });

  it('bounds a log to two files of the given size', () => {
    const file = join(dir, 'logs', 'service.log');
    {
      using log = openRotatingLog(file, 1_000);
      for (let line = 0; line < 100; line += 1) log.write(Buffer.from(`line ${line} ${'.'.repeat(40)}\n`));
    }
    expect(statSync(file).size).toBeLessThanOrEqual(1_000);
    expect(statSync(`${file}.1`).size).toBeLessThanOrEqual(1_000);
    expect(readFileSync(file, 'utf8')).toContain('line 99 ');
    {
      using log = openRotatingLog(file, 1_000);
      log.write(Buffer.from('after a restart\n'));
    }
    expect(readFileSync(file, 'utf8')).toMatch(/line 99 .*\nafter a restart\n$/);
  });
});
