import { beforeAll, describe, expect, it } from 'vitest';
import { useCouch } from './couch.ts';

const couch = useCouch();
let db = '';
beforeAll(async () => {
  db = await couch().createDatabase();
});

const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
const base64 = Buffer.from(bytes).toString('base64');
const type = 'application/octet-stream';
const inline = { content_type: type, data: base64 };

describe('an attachment', () => {
  it('comes with its document and is read as a stub, in full and alone', async () => {
    await couch().put(`${db}/inline`, { n: 1, _attachments: { 'a.bin': inline } });
    expect((await couch().get(`${db}/inline`))._attachments).toMatchObject({
      'a.bin': { content_type: type, stub: true, length: 256 },
    });
    expect((await couch().get(`${db}/inline?attachments=true`))._attachments).toMatchObject({
      'a.bin': inline,
    });
    const response = await couch().send('GET', `${db}/inline/a.bin`);
    expect(response.headers.get('content-type')).toBe(type);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  it('is put on its own, on top of the document’s revision', async () => {
    const headers = { 'content-type': type };
    const { rev } = await couch().put(`${db}/alone`, { n: 1 });
    expect(await couch().request('PUT', `${db}/alone/a.bin`, { body: bytes, headers })).toMatchObject({
      status: 409,
    });
    const resource = `${db}/alone/dir/a.bin`;
    expect(await couch().request('PUT', `${resource}?rev=${rev}`, { body: bytes, headers })).toMatchObject({
      status: 201,
      body: { ok: true, id: 'alone' },
    });
    const response = await couch().send('GET', resource);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(await couch().get(`${db}/alone`)).toMatchObject({ n: 1 });
  });

  it('makes its document when there is none', async () => {
    await couch().expectOk('PUT', `${db}/made/a.bin`, { body: bytes, headers: { 'content-type': type } });
    expect(await couch().get(`${db}/made`)).toHaveProperty('_attachments');
  });

  it('stays when the document is updated with its stub, and goes when it is left out', async () => {
    await couch().put(`${db}/stubs`, { _attachments: { 'a.bin': inline, 'b.bin': inline } });
    const document = await couch().get(`${db}/stubs`);
    const { 'a.bin': stub } = document._attachments!;
    await couch().put(`${db}/stubs`, { ...document, n: 2, _attachments: { 'a.bin': stub } });
    const updated = await couch().get(`${db}/stubs?attachments=true`);
    expect(Object.keys(updated._attachments!)).toEqual(['a.bin']);
    expect(updated._attachments!['a.bin']!.data).toBe(base64);
    expect(await couch().request('GET', `${db}/stubs/b.bin`)).toMatchObject({ status: 404 });
  });

  it('is removed on its own', async () => {
    const { rev } = await couch().put(`${db}/removed`, { _attachments: { 'a.bin': inline } });
    await couch().expectOk('DELETE', `${db}/removed/a.bin?rev=${rev}`);
    expect(await couch().request('GET', `${db}/removed/a.bin`)).toMatchObject({ status: 404 });
    expect(await couch().get(`${db}/removed`)).not.toHaveProperty('_attachments');
  });

  it('is not sent again to who has it', async () => {
    await couch().put(`${db}/tagged`, { _attachments: { 'a.bin': inline } });
    const tag = (await couch().send('GET', `${db}/tagged/a.bin`)).headers.get('etag')!;
    expect(
      await couch().request('GET', `${db}/tagged/a.bin`, { headers: { 'if-none-match': tag } }),
    ).toMatchObject({ status: 304 });
  });

  it('is missing when it never was', async () => {
    await couch().put(`${db}/bare`, {});
    expect(await couch().request('GET', `${db}/bare/a.bin`)).toMatchObject({
      status: 404,
      body: { error: 'not_found', reason: 'Document is missing attachment' },
    });
  });

  it('is not named with an underscore, and is base64', async () => {
    for (const [name, data] of [
      ['_a', base64],
      ['a', '***'],
    ] as const) {
      const body = { _attachments: { [name]: { content_type: type, data } } };
      expect(await couch().request('PUT', `${db}/bad`, { body })).toMatchObject({ status: 400 });
    }
  });

  it('comes in parts, as a replication peer sends it', async () => {
    const document = {
      _rev: `1-${'a'.repeat(32)}`,
      _attachments: { 'a.bin': { content_type: type, length: bytes.length, revpos: 1, follows: true } },
    };
    const head = `--cut\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(document)}\r\n--cut\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--cut--')]);
    await couch().expectOk('PUT', `${db}/parts?new_edits=false`, {
      body,
      headers: { 'content-type': 'multipart/related; boundary="cut"' },
    });
    expect((await couch().get(`${db}/parts?attachments=true`))._attachments).toMatchObject({
      'a.bin': inline,
    });
  });

  it('is read in bulk', async () => {
    await couch().put(`${db}/bulk`, { _attachments: { 'a.bin': inline } });
    const { results } = await couch().post(`${db}/_bulk_get?attachments=true`, { docs: [{ id: 'bulk' }] });
    expect(results).toMatchObject([{ docs: [{ ok: { _attachments: { 'a.bin': { data: base64 } } } }] }]);
  });
});
