import { AwsV4Signer } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { Agent, request, type Dispatcher } from 'undici';
import { ServiceError } from './service-error.ts';

/** A bucket of an S3-compatible store, and the key pair that may read and write there. */
export type ObjectStoreAddress = {
  /** Origin by which clients reach it, too. The bucket is named in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** Where whoever knows it puts or gets one object, for a time. The headers are to be sent as they are; the length of a body is signed, too. */
export type ObjectPlace = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** The store answered, and what it said is no success. `code`: as S3 names it, empty when it does not. */
export class ObjectStoreError extends Error {
  readonly statusCode: number;
  readonly code: string;
  constructor(statusCode: number, code: string) {
    super(`the object store answered ${statusCode}${code === '' ? '' : ` ${code}`}`);
    this.name = 'ObjectStoreError';
    this.statusCode = statusCode;
    this.code = code;
  }
}

export type ListedObject = { readonly key: string; readonly bytes: number };

/** Calls to the store. Each throws ServiceError `unavailable` when it does not answer, and {@link ObjectStoreError} by what it answers. */
export type ObjectStore = AsyncDisposable & {
  /** What is there already stays. */
  readonly put: (key: string, data: Buffer) => Promise<void>;
  /** Null: there is none. @throws ServiceError `unavailable`, too, when it has more bytes than `maxBytes` */
  readonly get: (key: string, maxBytes: number) => Promise<Buffer | null>;
  /** The first objects after the key `after`, 1,000 at the most, in the order of their keys. `isWhole`: there are no more. */
  readonly list: (
    prefix: string,
    after?: string,
  ) => Promise<{ readonly objects: readonly ListedObject[]; readonly isWhole: boolean }>;
  /** One that is not there is a success. */
  readonly remove: (key: string) => Promise<void>;
  /** Where an object of so many bytes is put that is not there yet. */
  readonly placeToPut: (key: string, bytes: number, forMs: number) => Promise<ObjectPlace>;
  readonly placeToGet: (key: string, forMs: number) => Promise<ObjectPlace>;
  /** Creates the bucket unless it is there. */
  readonly createBucket: () => Promise<void>;
  /** How the bucket is set up, as S3 says it in XML; null: it is not. */
  readonly readSetting: (name: 'lifecycle' | 'cors') => Promise<string | null>;
  readonly writeSetting: (name: 'lifecycle' | 'cors', xml: string) => Promise<void>;
};

type Call = {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'HEAD';
  /** Of the bucket itself: none. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
};
type Answer = { readonly status: number; readonly body: Buffer };

const ANSWER_WITHIN_MS = 15_000;
const CONNECTIONS = 32;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const ONLY_NEW = { 'if-none-match': '*' };

const hash = (algorithm: 'sha256' | 'md5', data: Buffer) => createHash(algorithm).update(data);

/** What stands in the first element of this name; our keys have nothing to unescape. */
const textOf = (xml: string, name: string): string | null =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? null;

const readWithin = async (body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const createObjectStore = ({
  endpoint,
  region,
  bucket,
  accessKeyId,
  secretAccessKey,
}: ObjectStoreAddress): ObjectStore => {
  const agent = new Agent({
    connect: { timeout: 3_000 },
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connections: CONNECTIONS,
  });
  const keys = { accessKeyId, secretAccessKey, region, service: 's3' };
  const urlOf = (key: string | undefined, query: Readonly<Record<string, string>> = {}): URL => {
    const url = new URL(`${endpoint}/${bucket}${key === undefined ? '' : `/${key}`}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  };

  const ask = async (
    { method, key, query, headers, body }: Call,
    maxBytes = MAX_ANSWER_BYTES,
  ): Promise<Answer> => {
    const data = body ?? Buffer.alloc(0);
    const signed = await new AwsV4Signer({
      ...{ ...keys, method, url: urlOf(key, query).href },
      headers: { ...headers, 'x-amz-content-sha256': hash('sha256', data).digest('hex') },
    }).sign();
    try {
      const answer = await request(signed.url, {
        ...{ method, dispatcher: agent, headers: Object.fromEntries(signed.headers) },
        ...(body !== undefined && { body }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return { status: answer.statusCode, body: await readWithin(answer.body, maxBytes) };
    } catch (error) {
      throw new ServiceError('unavailable', 'the object store does not answer', { cause: error });
    }
  };
  const failure = ({ status, body }: Answer): ObjectStoreError =>
    new ObjectStoreError(status, textOf(body.toString(), 'Code') ?? '');
  /** The answer, or null by one of these statuses. */
  const expect = async (
    call: Call,
    none: readonly number[] = [],
    maxBytes?: number,
  ): Promise<Buffer | null> => {
    const answer = await ask(call, maxBytes);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const failed = failure(answer);
    if (none.includes(answer.status) && failed.code !== 'NoSuchBucket') return null;
    throw failed;
  };

  const place = async (
    method: 'GET' | 'PUT',
    key: string,
    forMs: number,
    headers: Readonly<Record<string, string>>,
    bytes?: number,
  ): Promise<ObjectPlace> => {
    const query = { 'X-Amz-Expires': String(Math.ceil(forMs / 1000)) };
    const { url } = await new AwsV4Signer({
      ...{ ...keys, method, url: urlOf(key, query).href, signQuery: true, allHeaders: true },
      headers: { ...headers, ...(bytes !== undefined && { 'content-length': String(bytes) }) },
    }).sign();
    return { url: url.href, headers };
  };

  return {
    put: async (key, data) => {
      const length = { 'content-length': String(data.length) };
      await expect({ method: 'PUT', key, body: data, headers: { ...ONLY_NEW, ...length } }, [412]);
    },
    get: (key, maxBytes) => expect({ method: 'GET', key }, [404], maxBytes),
    list: async (prefix, after) => {
      const query = { 'list-type': '2', prefix, ...(after !== undefined && { 'start-after': after }) };
      const xml = (await expect({ method: 'GET', query }))?.toString() ?? '';
      const truncated = textOf(xml, 'IsTruncated');
      if (truncated === null) throw new ServiceError('unavailable', 'the object store lists nothing');
      const objects = [...xml.matchAll(/<Contents>.*?<\/Contents>/gs)].map(([each]) => ({
        key: textOf(each, 'Key') ?? '',
        bytes: Number(textOf(each, 'Size')),
      }));
      return { objects, isWhole: truncated !== 'true' };
    },
    remove: async (key) => {
      await expect({ method: 'DELETE', key }, [404]);
    },
    placeToPut: (key, bytes, forMs) => place('PUT', key, forMs, ONLY_NEW, bytes),
    placeToGet: (key, forMs) => place('GET', key, forMs, {}),
    createBucket: async () => {
      if ((await expect({ method: 'HEAD' }, [404])) === null) await expect({ method: 'PUT' });
    },
    readSetting: async (name) =>
      (await expect({ method: 'GET', query: { [name]: '' } }, [404]))?.toString() ?? null,
    writeSetting: async (name, xml) => {
      const body = Buffer.from(xml);
      const headers = { 'content-md5': hash('md5', body).digest('base64') };
      await expect({ method: 'PUT', query: { [name]: '' }, headers, body });
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};
