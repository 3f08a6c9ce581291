import type { Express, Request } from 'express';
import { z } from 'zod';
import { RENDEZVOUS_MS, rendezvousId, rendezvousSlot } from '@restante/protocol';
import { answerWith, jsonBody, parseInput, readBody, ServiceError } from '@restante/service-kit';
import type { RendezvousAnswer } from '../live/bus.ts';
import type { Rendezvouses } from '../live/rendezvous.ts';
import type { RateLimits } from '../rate-limits.ts';
import { resource } from './route.ts';

type Deps = {
  readonly rendezvouses: Rendezvouses;
  readonly rateLimits: Pick<RateLimits, 'rendezvous' | 'rendezvousMessages'>;
};

const path = z.object({ rendezvousId, slot: rendezvousSlot });

/** `/api/rendezvous`, `/api/rendezvous/:rendezvousId/:slot`: one of the two devices is nobody yet. */
export const rendezvousRoutes = (app: Express, { rendezvouses, rateLimits }: Deps): void => {
  const ask = async ({ params, ip = '' }: Request, sealed: string | null): Promise<RendezvousAnswer> => {
    const { rendezvousId: id, slot } = parseInput(path, params);
    await rateLimits.rendezvousMessages.take(ip);
    const answer = await rendezvouses.ask(id, { slot, sealed });
    if (answer.is === 'not-found') throw new ServiceError('not-found', 'no such rendezvous, or it is over');
    if (answer.is === 'slot-taken') throw new ServiceError('slot-taken', 'another message is there');
    return answer;
  };

  resource(app, '/api/rendezvous', {
    post: [
      async (request, response) => {
        await rateLimits.rendezvous.take(request.ip ?? '');
        const id = rendezvouses.open();
        answerWith(response.status(201), 'rendezvous', { id, endsInMs: RENDEZVOUS_MS });
      },
    ],
  });

  resource(app, '/api/rendezvous/:rendezvousId/:slot', {
    put: [
      ...jsonBody(),
      async (request, response) => {
        const { sealed } = readBody(request, response, 'sealedMessage');
        await ask(request, sealed);
        response.status(204).end();
      },
    ],
    get: [
      async (request, response) => {
        const answer = await ask(request, null);
        answerWith(response, 'heardSealedMessage', { sealed: answer.is === 'read' ? answer.sealed : null });
      },
    ],
  });
};
