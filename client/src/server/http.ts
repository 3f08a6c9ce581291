import {
  commonVersion,
  VERSION_HEADER,
  VERSIONS_HEADER,
  type Body,
  type BodyName,
  type Dialect,
  type NamedBody,
  type Versions,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { chunksOf } from './chunks.ts';

export type Fetch = typeof globalThis.fetch;

export type HttpRequest = {
  /** Base URL: of a master's origin, or of a mailbox node. */
  readonly server: string;
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly token?: string;
  readonly body?: NamedBody;
  /** Bytes as they are, in place of a body. */
  readonly octets?: Blob;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

/**
 * Requests to servers, each in the newest version that the server was last heard to speak (law 14). A server that does not know the version
 * says so before it does anything, and is asked again in one that it knows.
 */
export type Http = {
  /** The JSON answer. Throws the server's error, `unreachable` or `bad-answer`. */
  readonly ask: <N extends BodyName>(answer: N, request: HttpRequest) => Promise<Body<N>>;
  /** The same where nothing is answered. */
  readonly tell: (request: HttpRequest) => Promise<void>;
  /** The answer as it begins, and the version that it is in. Throws the same. */
  readonly open: (request: HttpRequest) => Promise<{ response: Response; dialect: Dialect }>;
};

const TIMEOUT_MS = 15_000;
/** More than any answer that keeps to the protocol (a page: 4 MiB of envelopes and one more). */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024;

const readText = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new MessengerError('bad-answer', 'the answer is too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};

const parseJson = (text: string): unknown => {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Any failure that is not an answer becomes `unreachable`; its text may name hosts, so it is only the cause. */
const unreachable = (cause: unknown): MessengerError =>
  cause instanceof MessengerError
    ? cause
    : new MessengerError('unreachable', 'no answer from the server', { cause });

const readJson = async (response: Response): Promise<unknown> => {
  try {
    return parseJson(await readText(response));
  } catch (error) {
    throw unreachable(error);
  }
};

/** A request in a version. Throws `unsupported-version` when the version has no such request. */
const said = ({ bodies, version }: Dialect, { token, body, octets }: HttpRequest): RequestInit => {
  const form = body === undefined ? undefined : bodies.say(body[0], body[1]);
  if (form === null)
    throw new MessengerError('unsupported-version', 'the server is too old for this request');
  return {
    headers: {
      [VERSION_HEADER]: String(version),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(form === undefined ? {} : { 'content-type': 'application/json' }),
      ...(octets === undefined ? {} : { 'content-type': 'application/octet-stream' }),
    },
    ...(octets === undefined ? {} : { body: octets }),
    ...(form === undefined ? {} : { body: JSON.stringify(form) }),
  };
};

/** `onRefused`: a server takes this token for one that has expired. */
export const createHttp = (
  fetch: Fetch,
  versions: Versions,
  onRefused: (token: string) => void = () => undefined,
): Http => {
  const spoken = new Map<string, Dialect>();
  const dialectOf = (server: string): Dialect => spoken.get(server) ?? versions[0];

  const learn = (server: string, response: Response): void => {
    const theirs = response.headers.get(VERSIONS_HEADER)?.split(',').map(Number) ?? [];
    const common = commonVersion(versions, theirs);
    if (common !== null) spoken.set(server, common);
  };

  const send = async (dialect: Dialect, request: HttpRequest): Promise<Response> => {
    const { server, path, method, signal } = request;
    const rest = said(dialect, request);
    try {
      const response = await fetch(server + path, {
        method,
        ...rest,
        // A server names others by its session alone: it sends nobody on.
        redirect: 'error',
        ...(signal === undefined ? {} : { signal }),
      });
      learn(server, response);
      return response;
    } catch (error) {
      throw unreachable(error);
    }
  };

  const open: Http['open'] = async (request) => {
    let dialect = dialectOf(request.server);
    let response = await send(dialect, request);
    if (response.status === 426 && dialectOf(request.server) !== dialect) {
      dialect = dialectOf(request.server);
      response = await send(dialect, request);
    }
    if (response.ok) return { response, dialect };
    const { data } = dialect.bodies.read.errorBody.safeParse(await readJson(response));
    if (data?.code === 'token-expired' && request.token !== undefined) onRefused(request.token);
    throw MessengerError.fromBody(data);
  };

  const read = async (request: HttpRequest): Promise<{ json: unknown; dialect: Dialect }> => {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    const { response, dialect } = await open({ ...request, signal });
    return { json: await readJson(response), dialect };
  };

  return {
    ask: async (answer, request) => {
      const { json, dialect } = await read(request);
      const parsed = dialect.bodies.read[answer].safeParse(json);
      if (!parsed.success)
        throw new MessengerError('bad-answer', 'the answer breaks the protocol', { cause: parsed.error });
      return parsed.data;
    },
    tell: async (request) => {
      await read(request);
    },
    open,
  };
};
