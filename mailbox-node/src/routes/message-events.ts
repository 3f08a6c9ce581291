import type { ErrorCode } from '@restante/protocol';
import { bodySaid, parseInput, ServiceError } from '@restante/service-kit';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { EndReason, LiveEvents } from '../mail/live-events.ts';
import { assertOwn, deviceQuery, ownerOf, type OwnerDeps } from './owner.ts';

const query = z.strictObject({ device: deviceQuery });

const END_CODES: Record<EndReason, ErrorCode> = {
  slow: 'connection-stalled',
  replaced: 'superseded',
  aged: 'token-expired',
  stopping: 'draining',
};

/**
 * `GET /messages/:accountId/events?device=`: server-sent events. Nothing that is stored after the first comment has
 * arrived is missed. A stream that the node ends says why in an event `end`, unless it ends because it is not read.
 */
export const messageEvents =
  (
    deps: OwnerDeps & {
      readonly events: LiveEvents;
      /** Whether the node sees all changes of its CouchDB at the moment. */
      readonly isFollowing: () => boolean;
    },
  ): RequestHandler =>
  async (request, response) => {
    const owner = await ownerOf(request, deps);
    const { device } = parseInput(query, request.query);
    assertOwn(owner, request, device);
    if (!deps.isFollowing()) {
      throw new ServiceError('unavailable', 'the store cannot be followed now', { retryAfterMs: 1_000 });
    }
    const write = (text: string): number => {
      response.write(text);
      return response.writableLength;
    };
    const stop = deps.events.listen(owner, {
      tell: (envelope) => {
        if (deps.tokens.isEnded(owner)) {
          response.end(`event: end\ndata: ${bodySaid(response, 'streamEnd', { code: 'token-expired' })}\n\n`);
          return 0;
        }
        const said = bodySaid(response, 'mailboxEvent', envelope);
        return write(`event: envelope\nid: ${envelope.id}\ndata: ${said}\n\n`);
      },
      beat: () => write(':\n\n'),
      end: (reason) => {
        if (reason === 'slow') response.destroy();
        else
          response.end(
            `event: end\ndata: ${bodySaid(response, 'streamEnd', { code: END_CODES[reason] })}\n\n`,
          );
      },
    });
    response.on('close', stop);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(': listening\n\n');
  };
