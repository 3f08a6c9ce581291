import { matchesSelector } from 'pouchdb-selector-core';
import { CouchError } from '../couch-error.ts';
import { isObject } from '../json-object.ts';

/** Reads a Mango selector. Throws a CouchError when it is none. */
export function parseSelector(selector: unknown): (document: object) => boolean {
  if (!isObject(selector))
    throw new CouchError(
      400,
      'invalid_selector_json',
      `Selector must be a JSON object, not: ${JSON.stringify(selector)}`,
    );
  const matches = (document: object) => {
    try {
      return matchesSelector(document, selector);
    } catch (failure) {
      const operator = /operator "([^"]*)"/.exec(String(failure))?.[1];
      throw new CouchError(400, 'invalid_operator', `Invalid operator: ${operator ?? 'unknown'}`);
    }
  };
  matches({});
  return matches;
}
