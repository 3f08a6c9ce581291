import { inviteCode } from '@restante/protocol';
import { newTestKeys } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCouchTrio, type CouchTrio } from '../testing/couch-trio.ts';
import { callCommand } from '../testing/call-command.ts';
import { invites } from './invites.ts';

describe('invites', () => {
  let trio: CouchTrio;
  let environment: Record<string, string>;
  beforeAll(async () => {
    trio = await startCouchTrio();
    const { privatePem, publicPem } = newTestKeys();
    environment = {
      DIRECTORY_URLS: trio.nodes.map(({ adminUrl }) => adminUrl).join(','),
      DIRECTORY_PRIVATE_KEY: privatePem,
      DIRECTORY_PUBLIC_KEYS: publicPem,
    };
  });
  afterAll(() => trio[Symbol.asyncDispose]());
  const call = (...args: string[]) => callCommand(invites, args, environment);

  it('makes codes, lists what is known of them, and revokes one', async () => {
    expect(await call()).toMatchObject({ code: 0, out: 'no code has been made\n' });
    const made = await call(
      '--make',
      '2',
      '--days',
      '3',
      '--note',
      'for Anna',
      '--url',
      'https://chat.example',
    );
    expect(made).toMatchObject({ code: 0, err: '' });
    const lines = made.out.trim().split('\n');
    expect(lines).toHaveLength(2);
    const codes = lines.map((line) => {
      const [code = '', link] = line.split('  ');
      expect(inviteCode.safeParse(code).success).toBe(true);
      expect(link).toBe(`https://chat.example/#/invite/${code}`);
      return code;
    });
    const listed = await call();
    expect(listed.out.match(/ open /g)).toHaveLength(2);
    expect(listed.out).toContain('for Anna');
    for (const code of codes) expect(listed.out).not.toContain(code);

    expect(await call('--revoke', codes[0]!)).toMatchObject({ code: 0 });
    expect(await call('--revoke', codes[0]!)).toMatchObject({ code: 1 });
    const [digits = ''] = (await call()).out
      .split('\n')
      .find((line) => line.includes(' open '))!
      .split(' ');
    expect(await call('--revoke', digits)).toMatchObject({ code: 0 });
    const all = JSON.parse((await call('--json')).out) as { state: string }[];
    expect(all.map(({ state }) => state)).toEqual(['revoked', 'revoked']);
  });

  it('tells what it cannot do', async () => {
    expect(await call('--revoke', '0123456789')).toMatchObject({ code: 1, err: 'there is no such code\n' });
    expect(await call('--revoke', 'no code')).toMatchObject({ code: 2 });
    expect(await call('--days', '3')).toMatchObject({ code: 2 });
    expect(await call('--make', '0')).toMatchObject({ code: 2 });
    const { DIRECTORY_URLS = '', DIRECTORY_PUBLIC_KEYS = '' } = environment;
    const unsigned = await callCommand(invites, [], { DIRECTORY_URLS, DIRECTORY_PUBLIC_KEYS });
    expect(unsigned.code).toBe(2);
    expect(unsigned.err).toContain('DIRECTORY_PRIVATE_KEY');
  });
});
