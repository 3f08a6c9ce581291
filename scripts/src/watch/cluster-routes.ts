import { fileURLToPath } from 'node:url';
import { jsonBody, methodNotAllowed, parseInput, ServiceError } from '@restante/service-kit';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { isServing, type CellServer, type CellState } from './cell-state.ts';
import { LOGIN_MS, type Operator } from './operator.ts';

const PAGE_DIR = fileURLToPath(new URL('page', import.meta.url));

/** It needs nothing of what the messenger's policy allows. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'cache-control': 'no-cache',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const COOKIE = 'restante-operator';
const COOKIE_BOUNDS = { path: '/cluster', httpOnly: true, secure: true, sameSite: 'strict' } as const;
const BODY_BYTES = 1024;
const login = z.object({ password: z.string().max(200) });

/** Who sees what the public does not: the operator, anybody, or nobody. */
export type Access = Operator | 'anybody' | 'nobody';

/** What `GET /cluster/state` answers with. */
export type ShownState = {
  readonly isWell: boolean;
  readonly servers: readonly (Pick<CellServer, 'name'> & { readonly isServing: boolean })[];
  /** Whether there is a password by which one sees more. */
  readonly mayLogIn: boolean;
  /** Null for the public. */
  readonly cell: CellState | null;
};

const tokenOf = (request: Request): string =>
  new RegExp(`(?:^|; )${COOKIE}=([\\w.-]{1,100})(?:;|$)`).exec(request.get('cookie') ?? '')?.[1] ?? '';

/** The page `/cluster/`, what it shows, and the login for what only the operator sees. */
export const clusterRoutes = (
  app: Express,
  {
    cell,
    access,
    onLogin = () => undefined,
  }: {
    readonly cell: () => Promise<CellState>;
    readonly access: Access;
    readonly onLogin?: (result: 'accepted' | 'refused') => void;
  },
): void => {
  const operator = typeof access === 'object' ? access : null;
  const seesAll = (request: Request): boolean =>
    operator === null ? access === 'anybody' : operator.isToken(tokenOf(request));

  const state: RequestHandler = async (request, response) => {
    const { servers, problems } = await cell();
    const isOperator = seesAll(request);
    response.set('cache-control', 'no-store').json({
      isWell: problems.length === 0,
      servers: servers.map((server) => ({ name: server.name, isServing: isServing(server) })),
      mayLogIn: operator !== null,
      cell: isOperator ? { servers, problems } : null,
    } satisfies ShownState);
  };
  const logIn: RequestHandler = async (request, response) => {
    if (operator === null) throw new ServiceError('not-found', 'there is no login here');
    const { password } = parseInput(login, request.body);
    try {
      response.cookie(COOKIE, await operator.logIn(password, request.ip ?? ''), {
        ...COOKIE_BOUNDS,
        maxAge: LOGIN_MS,
      });
    } catch (error) {
      onLogin('refused');
      throw error;
    }
    onLogin('accepted');
    response.set('cache-control', 'no-store').sendStatus(204);
  };
  const logOut: RequestHandler = (_request, response) => {
    response.clearCookie(COOKIE, COOKIE_BOUNDS).set('cache-control', 'no-store').sendStatus(204);
  };

  app.get('/cluster/state', state).all('/cluster/state', methodNotAllowed);
  app.post('/cluster/session', jsonBody(BODY_BYTES), logIn);
  app.delete('/cluster/session', logOut).all('/cluster/session', methodNotAllowed);
  app.use(
    '/cluster',
    express.static(PAGE_DIR, {
      cacheControl: false,
      setHeaders: (response) => response.set(HEADERS),
    }),
  );
};
