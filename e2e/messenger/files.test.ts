import { readFile } from 'node:fs/promises';
import { waitFor } from '@restante/testkit';
import type { BrowserPerson } from '@restante/testkit/messenger';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { film } from './film.ts';
import { photo } from './photo.ts';
import { stageOfFile } from './stage-of-file.ts';

/** Files between people in browsers. */

const stage = stageOfFile({ hasMicrophone: true });

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

  it('that no server has any more are asked for, and come from the device that has them', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const pdf = { name: 'lease.pdf', mimeType: 'application/pdf', buffer: bytesOf(1_300_000) };
    const picture = { name: 'sea.jpg', mimeType: 'image/jpeg', buffer: await photo(alice!, 3_200, 2_400) };
    await choose(alice!, pdf, picture);
    await send(alice!);
    await row(bob!, pdf.name).waitFor();
    await stage().cluster.deleteBlobs();
    await row(bob!, pdf.name)
      .getByRole('button', { name: `Save ${pdf.name}` })
      .click();
    await row(bob!, pdf.name).getByText('It is not on the servers any more.').waitFor();
    await bob!.page().getByRole('button', { name: 'Ask for it again' }).click();
    await row(bob!, pdf.name).getByText('1.3 MB').waitFor();
    const got = await saved(bob!, pdf.name);
    expect(got.bytes.equals(pdf.buffer)).toBe(true);
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

describe('a film, without a service worker', () => {
  it('plays when all of it has come', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const buffer = await film(alice!, 5, 300_000);
    await choose(alice!, { name: 'lake.webm', mimeType: 'video/webm', buffer });
    await send(alice!);
    await bob!.page().getByRole('button', { name: 'Play lake.webm' }).click();
    const player = bob!.page().locator('video');
    await waitFor('it to play', () =>
      player.evaluate((video) => (video as unknown as { readonly currentTime: number }).currentTime > 0.2),
    );
    expect(await player.getAttribute('src')).toMatch(/^blob:/);
  });
});

describe('storage', () => {
  it('is told by conversation in the settings, and files are removed there; one that is opened comes again', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const film = { name: 'film.bin', mimeType: 'application/octet-stream', buffer: bytesOf(2_500_000) };
    await choose(alice!, film);
    await send(alice!);
    await row(bob!, film.name).waitFor();
    expect((await saved(bob!, film.name)).bytes.equals(film.buffer)).toBe(true);
    const page = bob!.page();
    const takes = page.getByText(/^1 file, 2\.\d MB$/);
    await page.goto('/#/settings/storage');
    await takes.waitFor();
    await page.getByRole('button', { name: `Remove files with ${alice!.username}` }).click();
    await bob!.confirm('Remove');
    await takes.waitFor({ state: 'detached' });
    await bob!.open(alice!.username);
    expect((await saved(bob!, film.name)).bytes.equals(film.buffer)).toBe(true);
  });
});

describe('all files of a conversation', () => {
  const menu = async (person: BrowserPerson): Promise<void> => {
    await person.page().getByRole('button', { name: 'Conversation menu' }).click();
    await person.page().getByRole('menuitem', { name: 'Pictures and files' }).click();
  };

  it('stand on a screen of their own, are opened and saved there, lead to their message, and leave with it', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const page = bob!.page();
    await menu(bob!);
    await page.getByText('Nothing has been sent here yet.').waitFor();
    const pdf = { name: 'plan.pdf', mimeType: 'application/pdf', buffer: bytesOf(40_000) };
    await choose(alice!, pdf, {
      name: 'sea.jpg',
      mimeType: 'image/jpeg',
      buffer: await photo(alice!, 640, 480),
    });
    await alice!.page().getByRole('textbox', { name: 'Add a caption' }).fill('by the sea');
    await send(alice!);
    const tile = page.locator('[data-part=picture]');
    await waitFor('the whole picture', async () => (await tile.getAttribute('data-shows')) === 'whole');
    expect((await saved(bob!, pdf.name)).bytes.equals(pdf.buffer)).toBe(true);
    await page.reload();
    await row(bob!, pdf.name).waitFor();
    await page
      .getByRole('listitem')
      .filter({ has: row(bob!, pdf.name) })
      .getByRole('link', { name: 'In the conversation' })
      .click();
    await bob!.sees('by the sea');
    await menu(bob!);
    await row(bob!, pdf.name).waitFor();
    await alice!.act('by the sea', 'Delete for everyone');
    await alice!.confirm('Delete for everyone');
    await page.getByText('Nothing has been sent here yet.').waitFor();
  });
});

describe('what is fetched by itself', () => {
  const chooseUpTo = async (person: BrowserPerson, kind: string, upTo: string): Promise<void> => {
    await person.page().getByRole('combobox', { name: kind }).selectOption(upTo);
  };
  const settings = async (person: BrowserPerson): Promise<void> => {
    await person.page().goto('/#/settings/storage');
    await person.page().getByRole('heading', { name: 'Fetched by itself' }).waitFor();
  };

  it('is chosen by kind and size, for this browser: the rest comes when it is opened', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await settings(bob!);
    await chooseUpTo(bob!, 'Pictures', 'Never');
    await chooseUpTo(bob!, 'Other files', 'Up to 1 MB');
    await bob!.page().reload();
    await settings(bob!);
    expect(await bob!.page().getByRole('combobox', { name: 'Other files' }).inputValue()).toBe('1');
    await bob!.open(alice!.username);
    const small = { name: 'small.bin', mimeType: 'application/octet-stream', buffer: bytesOf(900_000) };
    const large = { name: 'large.bin', mimeType: 'application/octet-stream', buffer: bytesOf(1_100_000) };
    const picture = { name: 'sea.jpg', mimeType: 'image/jpeg', buffer: await photo(alice!, 640, 480) };
    await choose(alice!, small, large, picture);
    await send(alice!);
    const tile = bob!.page().locator('[data-part=picture]');
    await tile.waitFor();
    // What has come is on the device: it is there without the network.
    await waitFor('the small one to be kept, and no other', async () => {
      await settings(bob!);
      const isKept = await bob!
        .page()
        .getByText(/^1 file, 9\d\d/)
        .waitFor({ timeout: 1_000 })
        .then(
          () => true,
          () => false,
        );
      await bob!.open(alice!.username);
      return isKept;
    });
    await bob!.goOffline();
    expect((await saved(bob!, small.name)).bytes.equals(small.buffer)).toBe(true);
    expect(await tile.getAttribute('data-shows')).toBe('preview');
    await bob!.goOnline();
    await tile.click();
    await waitFor('the whole picture', async () => (await tile.getAttribute('data-shows')) === 'whole');
    await bob!.page().getByRole('button', { name: 'Close' }).click();
    expect((await saved(bob!, large.name)).bytes.equals(large.buffer)).toBe(true);
  });
});

describe('forwarding', () => {
  const forward = async (person: BrowserPerson, text: string, to: string): Promise<void> => {
    const page = person.page();
    await person.act(text, 'Forward');
    await page.getByRole('dialog').getByRole('combobox').fill(to.slice(0, -1));
    await page.getByRole('option', { name: to }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };

  it('sends texts, and files with what was said to them, to somebody else, and goes there', async () => {
    const [alice, bob, carol] = await stage().friends('alice', 'bob', 'carol');
    await alice!.open(bob!.username);
    await bob!.open(alice!.username);
    const note = { name: 'note.txt', mimeType: 'text/plain', buffer: bytesOf(50_000) };
    await choose(alice!, note);
    await alice!.page().getByRole('textbox', { name: 'Add a caption' }).fill('what she said');
    await send(alice!);
    await bob!.sees('what she said');
    await forward(bob!, 'what she said', carol!.username);
    await carol!.open(bob!.username);
    await carol!.sees('what she said');
    expect((await saved(carol!, note.name)).bytes.equals(note.buffer)).toBe(true);
    // That is where one is now.
    await bob!.write('did you know?');
    await carol!.sees('did you know?');
    await forward(carol!, 'did you know?', alice!.username);
    await alice!.open(carol!.username);
    await alice!.sees('did you know?');
  });
});

describe('a voice message', () => {
  const recordButton = (person: BrowserPerson): Locator =>
    person.page().getByRole('button', { name: 'Record a voice message' });
  const recording = (person: BrowserPerson): Locator =>
    person.page().getByRole('group', { name: 'Recording' });
  /** At least so many seconds, below ten. */
  const recordedFor = (person: BrowserPerson, seconds: number): Promise<void> =>
    recording(person)
      .getByRole('timer')
      .getByText(new RegExp(`^0:(0[${seconds}-9]|[1-5]\\d)$`))
      .waitFor();
  const voices = (person: BrowserPerson): Locator => person.page().locator('[data-part=voice]');
  const letRecord = (person: BrowserPerson): Promise<void> =>
    person.page().context().grantPermissions(['microphone']);
  /** Presses the button and does not let go. */
  const hold = async (person: BrowserPerson): Promise<{ x: number; y: number }> => {
    const { x, y, width, height } = (await recordButton(person).boundingBox())!;
    const at = { x: x + width / 2, y: y + height / 2 };
    const { mouse } = person.page();
    await mouse.move(at.x, at.y);
    await mouse.down();
    return at;
  };

  it('is spoken while the button is held, comes with its length and wave form, and is played', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await letRecord(alice!);
    await hold(alice!);
    await recordedFor(alice!, 6);
    await alice!.page().getByText('Let go to send').waitFor();
    await alice!.page().mouse.up();
    const voice = voices(bob!);
    await voice.getByText(/^0:(0[6-9]|[1-5]\d)$/).waitFor();
    await recordButton(alice!).waitFor();
    // The microphone beeps now and then: there is more than one height.
    const heights = await voice
      .locator('rect')
      .evaluateAll((bars) =>
        bars.map((bar) => (bar as unknown as { getAttribute(name: string): string }).getAttribute('height')),
      );
    expect(heights).toHaveLength(48);
    expect(new Set(heights).size).toBeGreaterThan(1);

    await voice.getByRole('button', { name: 'Play voice message' }).click();
    await waitFor('it to play', async () => (await voice.locator('rect.played').count()) > 3);
    await voice.getByRole('slider', { name: 'Position' }).fill('0.2');
    await voice.getByRole('button', { name: 'Pause voice message' }).click();
    await voice.getByRole('button', { name: 'Speed: 1×' }).click();
    await voice.getByRole('button', { name: 'Play voice message' }).click();
    await waitFor('its end', async () => (await voice.getAttribute('data-playing')) === 'false');
    const got = await saved(bob!, 'Voice message.webm');
    expect(got.bytes.subarray(0, 4)).toEqual(Buffer.from([0x1a, 0x45, 0xdf, 0xa3]));
  });

  it('that is only begun with a press goes on until it is sent or discarded', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await letRecord(alice!);
    await recordButton(alice!).click();
    await recordedFor(alice!, 1);
    await alice!.page().getByRole('button', { name: 'Discard recording' }).click();
    await alice!.composer().waitFor();
    await alice!.write('now by keys');
    await bob!.sees('now by keys');
    await recordButton(alice!).press('Enter');
    await recordedFor(alice!, 1);
    await alice!.page().keyboard.press('Enter');
    await voices(bob!).waitFor();
    await alice!.composer().waitFor();
    await recordButton(alice!).press('Enter');
    await recordedFor(alice!, 1);
    await alice!.page().keyboard.press('Escape');
    await alice!.write('that was all');
    await bob!.sees('that was all');
    expect(await voices(bob!).count()).toBe(1);
  });

  it('that is being spoken when somebody leaves the conversation is there when they come back, to be heard and sent', async () => {
    const [alice, bob, carol] = await stage().friends('alice', 'bob', 'carol');
    await letRecord(alice!);
    await alice!.open(bob!.username);
    await bob!.open(alice!.username);
    await recordButton(alice!).press('Enter');
    await recordedFor(alice!, 2);
    await alice!.open(carol!.username);
    await alice!.write('something else');
    const chosen = (): Locator => alice!.page().getByRole('list', { name: 'Files to send' });
    expect(await chosen().count()).toBe(0);
    await alice!.open(bob!.username);
    await chosen()
      .getByText(/^0:(0[2-9]|[1-5]\d)$/)
      .waitFor();
    await chosen().getByRole('button', { name: 'Play voice message' }).click();
    await chosen().getByRole('button', { name: 'Pause voice message' }).waitFor();
    await send(alice!);
    await voices(bob!).waitFor();
    await chosen().waitFor({ state: 'detached' });
  });

  it('is given up by sliding away, and not begun where the browser does not let it', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await recordButton(alice!).click();
    await alice!.page().getByText('The browser does not let the microphone be used.').waitFor();
    await letRecord(alice!);
    const { x, y } = await hold(alice!);
    await recordedFor(alice!, 1);
    await alice!.page().mouse.move(x, y - 200);
    await alice!.page().getByText('Let go to discard').waitFor();
    await alice!.page().mouse.up();
    await alice!.write('nothing was said');
    await bob!.sees('nothing was said');
    expect(await voices(bob!).count()).toBe(0);
  });
});
