import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { couchUrl, couchUrls, httpUrls, namedCouchUrls } from './address-variables.ts';
import { ConfigError, readEnvironment } from './config.ts';

const environment = z.object({
  ONE: couchUrl.optional(),
  MANY: couchUrls.optional(),
  NAMED: namedCouchUrls.optional(),
  PLAIN: httpUrls.optional(),
});

/** What the variable's refusal says; null when it is taken. */
const refusal = (name: string, value: string): string | null => {
  try {
    readEnvironment(environment, { [name]: value });
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as Error;
    expect(message).toContain(`at ${name}`);
    expect(message).not.toContain('hunter2');
    return message;
  }
};

const GOOD = 'http://data:hunter2@two:5984';
const WRONG: [what: string, url: string, says: string][] = [
  ['a raw %', 'http://data:hunter2%@one', '%25'],
  ['a raw % before letters', 'http://data:hunter2%zz@one', '%25'],
  ['a raw % in the name', 'http://da%ta:hunter2@one', '%25'],
  ['a raw #', 'http://data:hunter2#x@one', '%23'],
  ['a raw # after digits', 'http://data:1#hunter2@one', '%23'],
  ['a raw /', 'http://data:hunter2/x@one', '%2F'],
  ['a raw / after digits', 'http://data:1/hunter2@one', '%2F'],
  ['a raw ?', 'http://data:1?hunter2@one', '%3F'],
  ['another scheme', 'ftp://data:hunter2@one', 'http:// or https://'],
  ['no scheme', 'one:5984', 'is no URL'],
  ['no credentials', 'http://one:5984', 'no name and password'],
  ['no password', 'http://data@one:5984', 'no name and password'],
  ['a query', 'http://data:hunter2@one?x=1', 'behind the host'],
  ['a port that is none', 'http://one:x', 'is no URL'],
];

describe('addresses in variables', () => {
  it.each(WRONG)('refuses a CouchDB with %s', (_what, url, says) => {
    expect(refusal('ONE', url)).toContain(says);
    expect(refusal('MANY', `${GOOD},${url}`)).toContain(says);
    expect(refusal('NAMED', `node2=${GOOD},node1=${url}`)).toContain(says);
  });

  it('says how a comma in a password is written, when it has torn it apart', () => {
    expect(refusal('MANY', 'http://data:hunter2,x@one')).toContain('%2C');
  });

  it('takes what is escaped, and gives it back as it is', () => {
    const escaped = 'https://data:a%25%23%2F%3F%2C%40b@one:6984/behind';
    expect(readEnvironment(environment, { ONE: `${escaped}/`, MANY: `${escaped}, ${GOOD}` })).toEqual({
      ONE: escaped,
      MANY: [escaped, GOOD],
    });
    expect(readEnvironment(environment, { NAMED: `a=${escaped} , b=${GOOD},` })).toEqual({
      NAMED: [
        { name: 'a', url: escaped },
        { name: 'b', url: GOOD },
      ],
    });
  });

  it('refuses a name or a server that is there twice', () => {
    expect(refusal('NAMED', `a=${GOOD},a=http://data:hunter2@one`)).toContain('names a twice');
    expect(refusal('NAMED', `a=${GOOD},b=http://other:hunter2@two:5984/`)).toContain('one server twice');
    expect(refusal('MANY', `${GOOD},http://other:hunter2@TWO:5984`)).toContain('one server twice');
    expect(refusal('PLAIN', 'http://one,http://one/')).toContain('one server twice');
  });

  it('refuses what is not name=url', () => {
    for (const value of ['node2', '=http://d:p@two', 'Node=http://d:p@two', 'a=b=c']) {
      expect(refusal('NAMED', value)).not.toBeNull();
    }
  });

  it('wants no credentials for servers that take none', () => {
    expect(refusal('PLAIN', 'http://one:8081,https://two')).toBeNull();
    expect(refusal('PLAIN', 'http://one,http://data:hunter2@two')).toContain('which nobody would use');
    expect(refusal('PLAIN', ' , ')).toContain('names no server');
  });
});
