import {
  VERSION_HEADER,
  VERSIONS_HEADER,
  type Body,
  type BodyName,
  type Dialect,
  type Versions,
} from '@restante/protocol';
import type { Request, RequestHandler, Response } from 'express';
import { parseInput, ServiceError } from './service-error.ts';

/**
 * Settles in which version of the protocol a request is said and answered: the one that it names, the newest when it names none.
 * Every answer tells which versions there are. An unknown one is `unsupported-version`, before anything is done.
 */
export const speaks = (versions: Versions): RequestHandler => {
  const spoken = versions.map(({ version }) => version).join(', ');
  return (request, response, next) => {
    response.set(VERSIONS_HEADER, spoken);
    const asked = request.get(VERSION_HEADER) ?? String(versions[0].version);
    const dialect = versions.find(({ version }) => String(version) === asked);
    if (dialect === undefined) {
      throw new ServiceError('unsupported-version', `this server speaks the versions ${spoken}`);
    }
    response.locals['dialect'] = dialect;
    next();
  };
};

/** The version that {@link speaks} has settled on; null where it was not asked. */
export const dialectOf = (response: Response): Dialect | null =>
  (response.locals['dialect'] as Dialect | undefined) ?? null;

const settled = (response: Response): Dialect => {
  const dialect = dialectOf(response);
  if (dialect === null) throw new Error('this route does not speak in versions');
  return dialect;
};

/**
 * The body of a request, in the newest form.
 *
 * @throws ServiceError `bad-request`
 */
export const readBody = <N extends BodyName>(request: Request, response: Response, name: N): Body<N> =>
  parseInput(settled(response).bodies.read[name], request.body);

/** A body as JSON text for who asked, given in the newest form. */
export const bodySaid = <N extends BodyName>(response: Response, name: N, body: Body<N>): string =>
  JSON.stringify(settled(response).bodies.say(name, body));

/**
 * Answers with a body, given in the newest form.
 *
 * @throws ServiceError `not-found` when there is no such thing in the version that is spoken
 */
export const answerWith = <N extends BodyName>(response: Response, name: N, body: Body<N>): void => {
  const said = settled(response).bodies.say(name, body);
  if (said === null) throw new ServiceError('not-found', 'no such resource in this version');
  response.json(said);
};
