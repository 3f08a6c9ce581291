import { createObjectStore, type ObjectStore } from '@restante/service-kit';
import { startObjectStore, type TestObjectStore } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectStore } from './object-store.ts';

let server: TestObjectStore;
let objects: ObjectStore;
beforeAll(async () => {
  server = await startObjectStore();
  objects = createObjectStore(server.address);
}, 180_000);
afterAll(async () => {
  await objects[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const ORIGIN = 'https://a.example.org';
const run = async (args: readonly string[] = [], changed: Record<string, string> = {}) => {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = server.address;
  const printed: string[] = [];
  const code = await objectStore.run({
    args,
    environment: {
      ...{ S3_ENDPOINT: endpoint, S3_REGION: region, S3_BUCKET: bucket, SERVER_ORIGINS: ORIGIN },
      ...{ S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey },
      ...changed,
    },
    print: (line) => void printed.push(line),
    complain: () => undefined,
    paint: () => undefined,
    isTerminal: false,
    signal: new AbortController().signal,
  });
  return { code, printed };
};
const asked = async (key: string, origin: string): Promise<string | null> => {
  const { url } = await objects.placeToPut(key, 1, 60_000);
  const headers = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'if-none-match',
  };
  const answer = await fetch(url, { method: 'OPTIONS', headers });
  await answer.arrayBuffer();
  return answer.headers.get('access-control-allow-origin');
};

describe('object-store', () => {
  it('makes a bucket what it should be, once, and keeps rules of others', async () => {
    expect(await run()).toEqual({ code: 0, printed: ['lifecycle: changed', 'cors: changed'] });
    expect(await run()).toEqual({
      code: 0,
      printed: ['lifecycle: as it should be', 'cors: as it should be'],
    });
    expect(await objects.readSetting('lifecycle')).toContain('<Days>32</Days>');
    expect(await asked('parts/x', ORIGIN)).toBe(ORIGIN);
    expect(await asked('parts/x', 'https://b.example.org')).toBeNull();

    const others =
      '<LifecycleConfiguration><Rule><ID>other</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status>' +
      '<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>';
    await objects.writeSetting('lifecycle', others);
    expect(await run(['--check'])).toEqual({
      code: 1,
      printed: ['lifecycle: to be changed', 'cors: as it should be'],
    });
    expect(await objects.readSetting('lifecycle')).not.toContain('restante');
    const moved = { MESSAGE_TTL_DAYS: '20', SERVER_ORIGINS: 'https://b.example.org,https://c.example.org' };
    expect((await run([], moved)).code).toBe(0);
    const lifecycle = await objects.readSetting('lifecycle');
    expect(lifecycle).toContain('<Days>22</Days>');
    expect(lifecycle).toContain('<ID>other</ID>');
    expect(await asked('parts/x', 'https://c.example.org')).toBe('https://c.example.org');
    expect(await asked('parts/x', ORIGIN)).toBeNull();
    expect((await run(['--check'], moved)).code).toBe(0);
  });

  it('names what is missing, and what the store refuses', async () => {
    await expect(run([], { S3_BUCKET: '' })).rejects.toThrow('S3_BUCKET');
    await expect(run([], { SERVER_ORIGINS: '' })).rejects.toThrow('SERVER_ORIGINS');
    await expect(run([], { S3_SECRET_ACCESS_KEY: 'another' })).rejects.toThrow(
      'the object store answered 403',
    );
  });
});
