import { expect, it } from 'vitest';
import { createOperator, isOperatorPassword, LOGIN_MS } from './operator.ts';

const PASSWORD = 'correct-horse-battery';
const HOME = '203.0.113.5';

it('gives a token for the password alone, which holds for a working day', async () => {
  let now = 1_000;
  const operator = createOperator(PASSWORD, () => now);
  for (const wrong of ['', 'correct-horse', `${PASSWORD} `, PASSWORD.toUpperCase()]) {
    await expect(operator.logIn(wrong, HOME)).rejects.toMatchObject({ code: 'unauthorized' });
  }
  const token = await operator.logIn(PASSWORD, HOME);
  expect(operator.isToken(token)).toBe(true);
  now += LOGIN_MS - 1;
  expect(operator.isToken(token)).toBe(true);
  now += 1;
  expect(operator.isToken(token)).toBe(false);
});

it('takes no token that it has not given', async () => {
  const operator = createOperator(PASSWORD);
  const token = await operator.logIn(PASSWORD, HOME);
  const [until = '', signature = ''] = token.split('.');
  const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  for (const other of [
    '',
    '.',
    until,
    `${Number(until) + 1}.${signature}`,
    `0${token}`,
    `${until}.${flipped}`,
    `${token}A`,
    'x'.repeat(10_000),
  ]) {
    expect(operator.isToken(other), other.slice(0, 80)).toBe(false);
  }
  expect(createOperator(PASSWORD).isToken(token)).toBe(false);
});

it('lets an address try ten times a minute, whoever else tries', async () => {
  const operator = createOperator(PASSWORD);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await expect(operator.logIn('wrong', '2001:db8::1')).rejects.toMatchObject({ code: 'unauthorized' });
  }
  for (const password of ['wrong', PASSWORD]) {
    await expect(operator.logIn(password, '2001:db8::2')).rejects.toMatchObject({
      code: 'rate-limited',
      detail: { retryAfterMs: expect.any(Number) },
    });
  }
  expect(operator.isToken(await operator.logIn(PASSWORD, HOME))).toBe(true);
});

it('needs a password that is not guessed', () => {
  for (const good of ['x'.repeat(16), PASSWORD, '~!@#$%^&*()_+=-[]'])
    expect(isOperatorPassword(good)).toBe(true);
  for (const bad of ['x'.repeat(15), 'x'.repeat(201), `${PASSWORD}\n`, `ü${PASSWORD}`, 'sixteen letters !']) {
    expect(isOperatorPassword(bad)).toBe(false);
  }
});
