import { readFile } from 'node:fs/promises';
import { waitFor } from '@restante/testkit';
import type { BrowserPerson } from '@restante/testkit/messenger';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { photo } from './photo.ts';
import { stageOfFile } from './stage-of-file.ts';

/** Files between people in browsers. */

const stage = stageOfFile();

type Given = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

const bytesOf = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 24));

const choose = async (person: BrowserPerson, ...files: readonly Given[]): Promise<void> => {
  await person
    .page()
    .locator('form input[type=file]')
    .setInputFiles([...files]);
  await person.page().getByRole('list', { name: 'Files to send' }).waitFor();
};
const send = (person: BrowserPerson): Promise<void> =>
  person.page().getByRole('button', { name: 'Send', exact: true }).click();
const filesOf = (person: BrowserPerson): Locator => person.page().locator('[data-part=files]');
const row = (person: BrowserPerson, name: string): Locator =>
  person.page().locator('[data-part=file]').filter({ hasText: name });
/** What the browser saves. */
const saved = async (person: BrowserPerson, name: string): Promise<{ name: string; bytes: Buffer }> => {
  const [download] = await Promise.all([
    person.page().waitForEvent('download'),
    person
      .page()
      .getByRole('button', { name: `Save ${name}` })
      .last()
      .click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

describe('files', () => {
  it('come as they were sent, with name and size, and what was said to them', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const pdf = { name: 'Vertrag für Bob.pdf', mimeType: 'application/pdf', buffer: bytesOf(2_300_000) };
    const note = { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('meet me') };
    await choose(alice!, pdf, note);
    await alice!.page().getByRole('textbox', { name: 'Add a caption' }).fill('please sign');
    await send(alice!);
    await bob!.sees('please sign');
    await row(bob!, pdf.name).getByText('2.3 MB').waitFor();
    for (const file of [pdf, note]) {
      const got = await saved(bob!, file.name);
      expect(got.name).toBe(file.name);
      expect(got.bytes.equals(file.buffer)).toBe(true);
    }
    await alice!.sent('please sign', 'read');
    // The list of conversations, and a quotation, say what came.
    await choose(alice!, note);
    await send(alice!);
    await row(bob!, note.name).nth(1).waitFor();
    await waitFor('the list to name it', async () =>
      (await bob!.conversation(alice!.username).innerText()).includes(note.name),
    );
  });

  it('that are pictures are seen, without what they say of their place', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const picture = { name: 'sea.jpg', mimeType: 'image/jpeg', buffer: await photo(alice!, 3_200, 2_400) };
    expect(picture.buffer.includes('GPS')).toBe(true);
    await choose(alice!, picture);
    await send(alice!);
    const tile = bob!.page().locator('[data-part=picture]');
    await tile.waitFor();
    await waitFor('the whole picture', async () => (await tile.getAttribute('data-shows')) === 'whole');
    await tile.click();
    await bob!.page().getByRole('dialog').getByRole('img', { name: 'sea.jpg', exact: true }).waitFor();
    const got = await saved(bob!, 'sea.jpg');
    expect(got.bytes.includes('GPS')).toBe(false);
    expect(got.bytes.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    await bob!.page().getByRole('button', { name: 'Close' }).click();

    // As a file it is what it was.
    await choose(alice!, picture);
    await alice!.page().getByRole('checkbox', { name: 'As file' }).check();
    await send(alice!);
    await tile.nth(1).click();
    expect((await saved(bob!, 'sea.jpg')).bytes.equals(picture.buffer)).toBe(true);
  });

  it('that are not what they say are never shown, and can be saved', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    const huge = Buffer.alloc(60);
    huge.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    huge.write('IHDR', 12, 'latin1');
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    await choose(
      alice!,
      { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: svg },
      { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') },
      { name: 'polyglot.png', mimeType: 'image/png', buffer: svg },
      { name: 'huge.png', mimeType: 'image/png', buffer: huge },
      { name: 'photo\u202Egnp.exe', mimeType: 'application/x-msdownload', buffer: bytesOf(10) },
    );
    await send(alice!);
    await filesOf(bob!).waitFor();
    for (const name of ['drawing.svg', 'page.html', 'photognp.exe']) await row(bob!, name).waitFor();
    const tiles = bob!.page().locator('[data-part=picture]');
    expect(await tiles.count()).toBe(2);
    await tiles.first().click();
    await bob!.page().getByText('This cannot be shown here').waitFor();
    expect((await saved(bob!, 'polyglot.png')).bytes.equals(svg)).toBe(true);
    await bob!.page().getByRole('button', { name: 'Close' }).click();
    expect(await bob!.page().locator('[data-part=picture] img').count()).toBe(0);
  });

  it('go on over a lost network and a tab that was closed, show how far they are, and can be stopped', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const film = { name: 'film.mkv', mimeType: 'video/x-matroska', buffer: bytesOf(12_000_000) };
    // What makes files ready is loaded when it is first needed.
    await choose(alice!, { name: 'first.txt', mimeType: 'text/plain', buffer: bytesOf(9) });
    await send(alice!);
    await row(bob!, 'first.txt').waitFor();
    await alice!.goOffline();
    await choose(alice!, film);
    await send(alice!);
    const upload = (): Locator => alice!.page().locator('[data-part=upload]');
    await upload().waitFor();
    await alice!.leave();
    await alice!.goOnline();
    await alice!.enter();
    await alice!.open(bob!.username);
    await row(bob!, film.name).waitFor();
    expect((await saved(bob!, film.name)).bytes.equals(film.buffer)).toBe(true);
    await upload().waitFor({ state: 'detached' });

    await alice!.goOffline();
    await choose(alice!, { ...film, name: 'other.mkv' });
    await send(alice!);
    await upload().getByRole('button', { name: 'Pause' }).click();
    await upload().getByText('Paused').waitFor();
    await alice!.goOnline();
    await alice!.isConnected('live');
    await alice!.write('it waits');
    await bob!.sees('it waits');
    expect(await row(bob!, 'other.mkv').count()).toBe(0);
    await upload().getByRole('button', { name: 'Cancel' }).click();
    await row(alice!, 'other.mkv').waitFor({ state: 'detached' });
  });

  it('can be pasted and taken out again, and a picture is scaled down before it is sent', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await alice!.composer().focus();
    const large = await photo(alice!, 4_000, 500);
    await alice!.pasteFile({ type: 'image/jpeg', bytes: [...large] });
    await choose(alice!, { name: 'not this.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await alice!.page().getByRole('button', { name: 'Remove not this.txt' }).click();
    await send(alice!);
    const tile = bob!.page().locator('[data-part=picture]');
    await waitFor('the whole picture', async () => (await tile.getAttribute('data-shows')) === 'whole');
    const width = await tile
      .locator('img')
      .evaluate((img) => (img as unknown as { readonly naturalWidth: number }).naturalWidth);
    expect(width).toBe(2_560);
    expect(await row(bob!, 'not this.txt').count()).toBe(0);
  });
});
