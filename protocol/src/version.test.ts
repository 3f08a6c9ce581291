import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import * as protocol from './index.ts';
import {
  PROTOCOL_HISTORY,
  PROTOCOL_VERSION,
  tokenFromSubprotocols,
  tokenSubprotocol,
  VERSIONS,
} from './index.ts';

const schemas = Object.entries<unknown>(protocol)
  .filter((entry): entry is [string, z.ZodMiniType] => entry[1] instanceof z.ZodMiniType)
  .sort(([a], [b]) => (a < b ? -1 : 1));

const fingerprint = (): string => {
  const shapes = schemas.map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })]);
  return createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 16);
};

describe('the protocol version', () => {
  it('is the last line of the history, whose fingerprint is that of the schemas', () => {
    const last = PROTOCOL_HISTORY.at(-1)!;
    expect(PROTOCOL_VERSION).toBe(last.version);
    // A schema has changed? Bump PROTOCOL_VERSION, add a line with this fingerprint to PROTOCOL_HISTORY and a step to STEPS.
    expect(last.fingerprint).toBe(fingerprint());
  });

  it('grows by one a line, and what is spoken goes back from the last', () => {
    expect(PROTOCOL_HISTORY.map((line) => line.version)).toEqual(
      PROTOCOL_HISTORY.map((_, index) => index + 1),
    );
    expect(VERSIONS.map(({ version }) => version)).toEqual(
      VERSIONS.map((_, index) => PROTOCOL_VERSION - index),
    );
  });

  it('covers every frame and every body', () => {
    const names = schemas.map(([name]) => name);
    for (const name of [
      'upstream',
      'downstream',
      'errorBody',
      'newDevice',
      'storeRequest',
      'mailboxPage',
      'keyBundles',
    ]) {
      expect(names).toContain(name);
    }
  });
});

describe('the token subprotocol', () => {
  it('carries a token beside the version', () => {
    expect(tokenFromSubprotocols(['restante.2', tokenSubprotocol('a.b-c_d.e')])).toBe('a.b-c_d.e');
    expect(tokenFromSubprotocols(['restante.2'])).toBeNull();
    expect(tokenFromSubprotocols([])).toBeNull();
  });
});
