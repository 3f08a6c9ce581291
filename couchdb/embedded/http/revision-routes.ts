import { Router } from 'express';
import { generationOf, parseRevisions } from '../documents/revision.ts';
import type { JsonObject } from '../json-object.ts';
import type { Database } from '../storage/database.ts';
import type { Databases } from '../storage/databases.ts';
import { leavesOf } from '../storage/revision-tree.ts';
import { databaseRouteOf } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody, objectBody } from './json-body.ts';
import { sendJson } from './send-json.ts';

interface MissingRevisions {
  missing: string[];
  possible_ancestors?: string[];
}

/** What a replication peer asks before it sends: which revisions are not here yet. */
export function revisionRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);
  router
    .route('/:db/_revs_diff')
    .post(
      declaredJsonBody,
      route(async ({ database, request, response }) => {
        sendJson(response, 200, Object.fromEntries(await findMissing(database, objectBody(request))));
      }),
    )
    .all(methodNotAllowed('POST'));
  router
    .route('/:db/_missing_revs')
    .post(
      declaredJsonBody,
      route(async ({ database, request, response }) => {
        const found = await findMissing(database, objectBody(request));
        const missing = found.map(([id, revisions]) => [id, revisions.missing]);
        sendJson(response, 200, { missing_revs: Object.fromEntries(missing) as unknown });
      }),
    )
    .all(methodNotAllowed('POST'));
  return router;
}

/** A revision that is known as an ancestor only is not missing: its place is taken. */
async function findMissing(database: Database, asked: JsonObject): Promise<[id: string, MissingRevisions][]> {
  const questions = Object.entries(asked).map(([id, revs]) => ({ id, revs: parseRevisions(revs) }));
  const entries = await database.entries(questions.map(({ id }) => id));
  return questions.flatMap(({ id, revs }, index): [string, MissingRevisions][] => {
    const known = entries[index]?.revisions ?? [];
    const missing = revs.filter((rev) => !known.some((revision) => revision.rev === rev));
    if (missing.length === 0) return [];
    const newest = Math.max(...missing.map(generationOf));
    const ancestors = leavesOf(known).filter(({ generation }) => generation < newest);
    const possible = ancestors.length === 0 ? {} : { possible_ancestors: ancestors.map(({ rev }) => rev) };
    return [[id, { missing, ...possible }]];
  });
}
