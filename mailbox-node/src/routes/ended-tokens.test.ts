import { createTokenSigner, createTokenVerifier } from '@restante/service-kit';
import { newTestKeys } from '@restante/testkit';
import { expect, test } from 'vitest';
import { createOwnerTokens } from './ended-tokens.ts';

test('a token of an earlier list ends when one of a later list has been seen, of that account alone', async () => {
  const { privatePem, publicPem } = newTestKeys();
  const signer = createTokenSigner(privatePem);
  const tokens = createOwnerTokens(createTokenVerifier(publicPem));
  const [account, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const sign = (accountId: string, deviceId: number, generation?: number) =>
    signer.device({ accountId, deviceId }, 'mailbox', Date.now() + 60_000, generation);
  const [removed, first, mastersOwn] = [
    await sign(account, 2, 4),
    await sign(account, 1, 0),
    await sign(account, 1),
  ];
  const owner = await tokens.device(removed, 'mailbox');
  expect(owner).toEqual({ accountId: account, deviceId: 2, generation: 4, cells: null });
  expect(tokens.isEnded(owner)).toBe(false);
  await expect(tokens.device(first, 'mailbox')).rejects.toMatchObject({ code: 'token-expired' });
  await tokens.device(await sign(other, 1, 9), 'mailbox');
  await tokens.device(removed, 'mailbox');
  await tokens.device(await sign(account, 1, 5), 'mailbox');
  await expect(tokens.device(removed, 'mailbox')).rejects.toMatchObject({ code: 'token-expired' });
  expect(tokens.isEnded(owner)).toBe(true);
  expect(await tokens.device(mastersOwn, 'mailbox')).toMatchObject({ deviceId: 1 });
});
