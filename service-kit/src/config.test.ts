import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, readEnvironment } from './config.ts';

const schema = z.object({
  PORT: z.coerce.number().int().default(80),
  KEY: z.string().min(10),
  NAME: z.string(),
});

describe('readEnvironment', () => {
  it('reads what it is asked for, with defaults for what is missing or empty', () => {
    const read = readEnvironment(schema, { KEY: '0123456789', NAME: 'a', PORT: '', OTHER: 'x' });
    expect(read).toEqual({ PORT: 80, KEY: '0123456789', NAME: 'a' });
  });

  it('names every bad variable at once and shows no value', () => {
    const read = () => readEnvironment(schema, { PORT: 'many', KEY: 'hunter2' });
    expect(read).toThrow(ConfigError);
    try {
      read();
    } catch (error) {
      const { message } = error as Error;
      for (const name of ['PORT', 'KEY', 'NAME']) expect(message).toContain(name);
      expect(message).not.toContain('hunter2');
      expect(message).not.toContain('many');
    }
  });
});
