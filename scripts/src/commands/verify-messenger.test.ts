import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@restante/service-kit';
import { buildWebClient, buildWebClientInto } from '@restante/web-client/build';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFront, type Front } from '../front/service.ts';
import { callCommand } from '../testing/call-command.ts';
import { verifyMessenger } from './verify-messenger.ts';

const NOBODY = 'http://127.0.0.1:1';

describe('verify-messenger', () => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-verify-'));
  const served = join(folder, 'served');
  let built: string;
  let front: Front;

  beforeAll(async () => {
    built = await buildWebClient();
    cpSync(built, served, { recursive: true });
    front = await startFront(
      {
        host: '127.0.0.1',
        port: 0,
        masterUrls: [NOBODY],
        mailboxNodeUrls: [NOBODY],
        serverOrigins: [],
        objectStoreOrigin: null,
        messengerDir: served,
      },
      createLog('front', 'silent'),
    );
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const verify = (...args: string[]) => callCommand(verifyMessenger, ['--url', front.url, ...args], {});

  it('finds the messenger that these sources give', async () => {
    const { code, out } = await verify();
    expect(out).toContain('byte for byte');
    expect(code).toBe(0);
  });

  it('tells a file that was changed, and one that is gone, and exits with 1', async () => {
    const [script] = readdirSync(join(served, 'assets')).filter((name) => name.endsWith('.js'));
    writeFileSync(
      join(served, 'assets', script!),
      `${readFileSync(join(served, 'assets', script!), 'utf8')} `,
    );
    rmSync(join(served, 'icon.svg'));
    const { code, out } = await verify('--manifest', join(built, 'integrity.json'), '--json');
    expect(JSON.parse(out)).toMatchObject({
      same: false,
      differences: expect.arrayContaining([
        `/assets/${script!} has another content`,
        '/icon.svg is answered with 404',
      ]),
    });
    expect(code).toBe(1);
    cpSync(built, served, { recursive: true });
  });

  it('tells a manifest that names other files', async () => {
    writeFileSync(join(served, 'integrity.json'), '{"/index.html":"sha384-other"}');
    const { code, out } = await verify('--manifest', join(built, 'integrity.json'));
    expect(out).toContain('/integrity.json names another /index.html');
    expect(code).toBe(1);
    cpSync(built, served, { recursive: true });
  });

  it('exits with 2 for bad options, and with 1 when nobody answers', async () => {
    expect((await callCommand(verifyMessenger, [], {})).code).toBe(2);
    expect((await verify('--manifest', join(folder, 'none.json'))).code).toBe(2);
    const args = ['--url', NOBODY, '--manifest', join(built, 'integrity.json')];
    const { code, err } = await callCommand(verifyMessenger, args, {});
    expect(code).toBe(1);
    expect(err).toMatch(/^fetch failed: bad port$/m);
  });

  it('the same sources give the same files, wherever they are built', async () => {
    const other = join(folder, 'other');
    await buildWebClientInto(other);
    expect(readFileSync(join(other, 'integrity.json'), 'utf8')).toBe(
      readFileSync(join(built, 'integrity.json'), 'utf8'),
    );
    const here = new URL('../../..', import.meta.url).pathname;
    for (const file of readdirSync(other, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      expect(readFileSync(join(file.parentPath, file.name), 'utf8').includes(here), file.name).toBe(false);
    }
  });
});
