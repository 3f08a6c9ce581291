import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.ts';
import { Enrollment } from './enrollment.svelte.ts';

const filled = (): Enrollment => {
  const enrollment = new Enrollment(' Anna ', 'Chromium on Linux');
  enrollment.password = 'four random words';
  return enrollment;
};

describe('Enrollment', () => {
  it('sends a username as it was meant, and a password as it was typed', async () => {
    const sent: unknown[] = [];
    const enrollment = filled();
    enrollment.password = ' four random words ';
    await enrollment.submit((credentials) => Promise.resolve(void sent.push(credentials)));
    expect(sent).toEqual([
      { username: 'anna', password: ' four random words ', deviceName: 'Chromium on Linux' },
    ]);
    expect(enrollment.failure).toBeNull();
  });

  it.each([
    ['username', 'an', 'badUsername'],
    ['password', 'short', 'shortPassword'],
    ['password', 'x'.repeat(257), 'longPassword'],
    ['deviceName', ' ', 'badDeviceName'],
    ['deviceName', 'x'.repeat(65), 'badDeviceName'],
  ] as const)('sends nothing with a bad %s', async (field, value, error) => {
    const enrollment = filled();
    enrollment[field] = value;
    await enrollment.submit(() => Promise.reject(new Error('sent')));
    expect(enrollment.errors).toEqual({ [field]: error });
    expect(enrollment.failure).toBeNull();
  });

  it('takes a password that is tried first only from who has it already', async () => {
    const enrollment = filled();
    enrollment.password = 'Passwort123!';
    let sent = 0;
    const ask = (): Promise<void> => Promise.resolve(void (sent += 1));
    await enrollment.submit(ask, true);
    expect(enrollment.errors).toEqual({ password: 'commonPassword' });
    expect(sent).toBe(0);
    await enrollment.submit(ask);
    expect(enrollment.errors).toEqual({});
    expect(sent).toBe(1);
  });

  it('asks for an invite code where the server takes one, and sends it as it was meant', async () => {
    const enrollment = filled();
    expect(enrollment.asksInvite).toBe(false);
    const refusal = new EngineError({ code: 'invite-needed', message: 'no' });
    await enrollment.submit(() => Promise.reject(refusal), true);
    expect(enrollment.asksInvite).toBe(true);
    expect(enrollment.failure?.code).toBe('invite-needed');
    expect(enrollment.errors).toEqual({});
    const sent: unknown[] = [];
    const ask = (credentials: object): Promise<void> => Promise.resolve(void sent.push(credentials));
    await enrollment.submit(ask, true);
    expect(enrollment.errors).toEqual({ invite: 'badInvite' });
    enrollment.invite = ' o123456789-abcdefghjkmnpqrs ';
    await enrollment.submit(ask, true);
    await enrollment.submit(ask);
    expect(sent).toMatchObject([{ invite: '0123456789ABCDEFGHJKMNPQRS' }, { username: 'anna' }]);
    expect(sent[1]).not.toHaveProperty('invite');
    const invited = new Enrollment('', 'Chromium on Linux', '0123456789ABCDEFGHJKMNPQRS');
    expect(invited.asksInvite).toBe(true);
  });

  it('says why it was refused', async () => {
    const enrollment = filled();
    await enrollment.submit(() => Promise.reject(new EngineError({ code: 'unauthorized', message: 'no' })));
    expect(enrollment.failure?.code).toBe('unauthorized');
    expect(enrollment.password).toBe('four random words');
  });
});
