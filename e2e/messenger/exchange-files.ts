import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@restante/testkit';
import type { MessengerPage } from '@restante/testkit/messenger';
import { film } from './film.ts';
import { photo } from './photo.ts';

type Tab = Pick<MessengerPage, 'page'>;

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const send = async ({ page }: Tab, file: string): Promise<void> => {
  await page().locator('form input[type=file]').setInputFiles(file);
  await page().getByRole('list', { name: 'Files to send' }).waitFor();
  await page().getByRole('button', { name: 'Send', exact: true }).click();
};

const saved = async ({ page }: Tab, name: string): Promise<Buffer> => {
  const [download] = await Promise.all([
    page().waitForEvent('download', { timeout: 0 }),
    page()
      .getByRole('button', { name: `Save ${name}` })
      .click(),
  ]);
  return readFile(await download.path());
};

/**
 * Two people, each with the conversation with the other open and a microphone, send each other a picture, a film of so many megabytes, a PDF and
 * a voice message: what is saved is what was sent.
 */
export const exchangeFiles = async (one: Tab, other: Tab, filmMegabytes: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'restante-exchange-'));
  try {
    const given = {
      'sea.jpg': await photo(one, 3_200, 2_400),
      'lake.webm': await film(one, filmMegabytes, 1_000_000),
      'lease.pdf': Buffer.from('%PDF-1.7\n'.repeat(100_000)),
    };
    for (const [name, bytes] of Object.entries(given)) {
      await writeFile(join(folder, name), bytes);
      await send(one, join(folder, name));
    }
    const picture = other.page().locator('[data-part=picture]');
    await picture.waitFor({ timeout: 0 });
    await waitFor('the picture', async () => (await picture.getAttribute('data-shows')) === 'whole');
    for (const name of ['lease.pdf', 'lake.webm'] as const) {
      await other.page().locator('[data-part=file]').filter({ hasText: name }).waitFor({ timeout: 0 });
      if (hashOf(await saved(other, name)) !== hashOf(given[name]))
        throw new Error(`${name} is not what it was`);
    }

    const spoken = other.page();
    await spoken.context().grantPermissions(['microphone']);
    await spoken.getByRole('button', { name: 'Record a voice message' }).press('Enter');
    await spoken
      .getByRole('group', { name: 'Recording' })
      .getByRole('timer')
      .getByText(/0:0[2-9]/)
      .waitFor();
    await spoken.keyboard.press('Enter');
    const voice = one.page().locator('[data-part=voice]');
    await voice.getByRole('button', { name: 'Play voice message' }).click();
    await waitFor('it to play', async () => (await voice.locator('rect.played').count()) > 3);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
