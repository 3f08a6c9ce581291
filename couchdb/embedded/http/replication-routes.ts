import { Router } from 'express';
import { CouchError, notFound } from '../couch-error.ts';
import { parseReplication } from '../documents/replication-document.ts';
import { PeerError } from '../replicator/peer.ts';
import type { Replicator } from '../replicator/replicator.ts';
import { activeTask, scheduledDoc, scheduledJob } from '../replicator/report.ts';
import { statisticsOf } from '../replicator/statistics.ts';
import { replicatorDatabase } from '../storage/databases.ts';
import { adminRoute, pathParameter, type Call } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody, objectBody } from './json-body.ts';
import { countOf } from './query.ts';
import { sendJson } from './send-json.ts';

/** Starting replications without a document, and seeing what all of them do. */
export function replicationRoutes({ replicator }: { replicator: Replicator }): Router {
  const router = Router();
  const readOnly = methodNotAllowed('GET,HEAD');

  router
    .route('/_replicate')
    .post(
      declaredJsonBody,
      adminRoute((call) => startReplication(call, replicator)),
    )
    .all(methodNotAllowed('POST'));

  router
    .route('/_active_tasks')
    .get(
      adminRoute(({ response }) =>
        sendJson(response, 200, replicator.jobs.filter(({ job }) => job.state === 'running').map(activeTask)),
      ),
    )
    .all(readOnly);

  router
    .route('/_scheduler/jobs')
    .get(adminRoute((call) => sendPage(call, 'jobs', replicator.jobs.map(scheduledJob))))
    .all(readOnly);

  router
    .route('/_scheduler/jobs/:id')
    .get(
      adminRoute(({ request, response }) => {
        const wanted = pathParameter(request, 'id');
        const found = replicator.jobs.find(({ job }) => job.id === wanted);
        if (found === undefined) throw notFound('missing');
        sendJson(response, 200, scheduledJob(found));
      }),
    )
    .all(readOnly);

  router
    .route(['/_scheduler/docs', `/_scheduler/docs/${replicatorDatabase}`])
    .get(
      adminRoute((call) => {
        const states = call.query.get('states')?.split(',');
        const docs = replicator.entries.map(scheduledDoc);
        sendPage(
          call,
          'docs',
          docs.filter(({ state }) => states === undefined || states.includes(state)),
        );
      }),
    )
    .all(readOnly);

  router
    .route(`/_scheduler/docs/${replicatorDatabase}/:id`)
    .get(
      adminRoute(({ request, response }) => {
        const wanted = pathParameter(request, 'id');
        const found = replicator.entries.find(({ docId }) => docId === wanted);
        if (found === undefined) throw notFound('missing');
        sendJson(response, 200, scheduledDoc(found));
      }),
    )
    .all(readOnly);

  return router;
}

async function startReplication({ request, response }: Call, replicator: Replicator): Promise<void> {
  const body = objectBody(request);
  if (body['cancel'] === true) {
    const id = body['replication_id'] ?? body['_local_id'] ?? replicator.idOf(parseReplication(body));
    if (typeof id !== 'string' || !(await replicator.cancel(id))) throw notFound('missing');
    sendJson(response, 200, { ok: true, _local_id: id });
    return;
  }
  const job = replicator.start(parseReplication(body));
  if (job.request.continuous) {
    sendJson(response, 202, { ok: true, _local_id: job.id });
    return;
  }
  const failure = await job.ended;
  if (failure !== undefined) throw toReplicationError(failure);
  const { progress, startedAt } = job;
  sendJson(response, 200, {
    ok: true,
    session_id: job.id,
    source_last_seq: progress.through_seq,
    replication_id_version: 4,
    history: [
      {
        session_id: job.id,
        start_time: startedAt.toUTCString(),
        end_time: job.updatedAt.toUTCString(),
        end_last_seq: progress.through_seq,
        recorded_seq: progress.checkpointed_source_seq,
        ...statisticsOf(progress),
      },
    ],
  });
}

function toReplicationError(failure: unknown): CouchError {
  if (!(failure instanceof PeerError))
    return new CouchError(500, 'replication_failed', 'a peer did not answer');
  if (failure.status === 404) return new CouchError(500, 'db_not_found', `could not open ${failure.url}`);
  return new CouchError(500, 'replication_failed', failure.message);
}

function sendPage({ query, response }: Call, name: string, items: object[]): void {
  const skip = countOf(query, 'skip', 0);
  const limit = countOf(query, 'limit', items.length);
  sendJson(response, 200, {
    total_rows: items.length,
    offset: skip,
    [name]: items.slice(skip, skip + limit),
  });
}
