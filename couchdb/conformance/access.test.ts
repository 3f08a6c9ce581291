import { beforeAll, describe, expect, it } from 'vitest';
import { newName, useCouch, type Login } from './couch.ts';

const couch = useCouch();
let db = '';
let member: Login;
let byRole: Login;
let owner: Login;
let stranger: Login;
beforeAll(async () => {
  db = await couch().createDatabase();
  [member, byRole, owner, stranger] = await Promise.all([
    couch().createUser(),
    couch().createUser(['readers']),
    couch().createUser(),
    couch().createUser(['others']),
  ]);
  await couch().put(`${db}/_security`, {
    admins: { names: [owner.name], roles: [] },
    members: { names: [member.name], roles: ['readers'] },
  });
  await couch().put(`${db}/doc`, { n: 1 });
});

const notAdmin = { status: 401, body: { error: 'unauthorized', reason: 'You are not a server admin.' } };

describe('a database', () => {
  it('is the admin’s alone when it is new', async () => {
    const fresh = await couch().createDatabase();
    expect(await couch().get(`${fresh}/_security`)).toEqual({
      members: { roles: ['_admin'] },
      admins: { roles: ['_admin'] },
    });
    expect(await couch().request('GET', fresh, { as: member })).toMatchObject({
      status: 403,
      body: { error: 'forbidden', reason: 'You are not allowed to access this db.' },
    });
  });

  it('keeps what is said about it', async () => {
    expect(await couch().get(`${db}/_security`)).toEqual({
      admins: { names: [owner.name], roles: [] },
      members: { names: [member.name], roles: ['readers'] },
    });
  });

  it('is read and written by a member, by name or role', async () => {
    for (const as of [member, byRole, owner]) {
      expect(await couch().request('GET', `${db}/doc`, { as })).toMatchObject({
        status: 200,
        body: { n: 1 },
      });
      const body = { docs: [{ _id: `by-${as.name}` }] };
      expect(await couch().request('POST', `${db}/_bulk_docs`, { as, body })).toMatchObject({
        status: 201,
        body: [{ ok: true }],
      });
      for (const resource of ['', '/_all_docs', '/_changes', '/_security', '/_local/none'])
        expect((await couch().request('GET', db + resource, { as })).status).toBeOneOf([200, 404]);
    }
  });

  it('is closed to strangers', async () => {
    for (const resource of ['', '/doc', '/_all_docs', '/_changes', '/_security', '/_local/x', '/_design/x'])
      expect(await couch().request('GET', db + resource, { as: stranger })).toMatchObject({
        status: 403,
        body: { error: 'forbidden', reason: 'You are not allowed to access this db.' },
      });
    for (const [method, resource] of [
      ['PUT', '/new'],
      ['POST', '/_bulk_docs'],
      ['POST', '/_bulk_get'],
      ['POST', '/_revs_diff'],
      ['POST', '/_find'],
      ['PUT', '/_local/x'],
    ] as const)
      expect(await couch().request(method, db + resource, { as: stranger, body: {} })).toMatchObject({
        status: 403,
      });
    expect(await couch().request('DELETE', `${db}/doc?rev=1-a`, { as: stranger })).toMatchObject({
      status: 403,
    });
  });

  it('is closed to who says no name', async () => {
    expect(await couch().request('GET', `${db}/doc`, { as: null })).toMatchObject({
      status: 401,
      body: { error: 'unauthorized', reason: expect.any(String) as string },
    });
  });

  it('is not open to a member’s wrong password, nor to an unknown name', async () => {
    for (const as of [
      { ...member, password: 'wrong' },
      { name: newName(), password: 'any' },
      { ...couch().admin, password: 'wrong' },
    ])
      expect(await couch().request('GET', `${db}/doc`, { as })).toMatchObject({
        status: 401,
        body: { error: 'unauthorized', reason: 'Name or password is incorrect.' },
      });
  });

  it('lets only its admins write design documents', async () => {
    const body = { language: 'none' };
    expect(await couch().request('PUT', `${db}/_design/d`, { as: member, body })).toMatchObject({
      status: 403,
    });
    expect(
      await couch().request('POST', `${db}/_bulk_docs`, {
        as: member,
        body: { docs: [{ _id: '_design/d' }, { _id: 'beside' }] },
      }),
    ).toMatchObject({ body: [{ id: '_design/d', error: 'forbidden' }, { ok: true }] });
    expect(await couch().request('PUT', `${db}/_design/d`, { as: owner, body })).toMatchObject({
      status: 201,
    });
  });

  it('lets only its admins say who may use it', async () => {
    const body = await couch().get(`${db}/_security`);
    const { status } = await couch().request('PUT', `${db}/_security`, { as: member, body: {} });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(await couch().get(`${db}/_security`)).toEqual(body);
    expect(await couch().request('PUT', `${db}/_security`, { as: owner, body })).toMatchObject({
      status: 200,
    });
  });

  it('does not take for security what is none', async () => {
    const before = await couch().get(`${db}/_security`);
    for (const body of [[1], { members: { names: 'all' } }])
      expect((await couch().request('PUT', `${db}/_security`, { body })).status).toBeGreaterThanOrEqual(400);
    expect(await couch().get(`${db}/_security`)).toEqual(before);
  });

  it('is created and deleted by the server’s admin only', async () => {
    for (const as of [member, owner]) {
      expect(await couch().request('PUT', `/${newName()}`, { as })).toMatchObject(notAdmin);
      expect(await couch().request('DELETE', db, { as })).toMatchObject(notAdmin);
    }
  });
});

describe('the server', () => {
  it('shows what concerns all to its admin only', async () => {
    for (const resource of [
      '/_all_dbs',
      '/_dbs_info',
      '/_active_tasks',
      '/_scheduler/docs',
      '/_scheduler/jobs',
    ])
      expect(await couch().request('GET', resource, { as: member })).toMatchObject(notAdmin);
  });

  it('keeps its system databases to its admin', async () => {
    for (const name of ['_users', '_replicator']) {
      expect(await couch().request('GET', `/${name}`, { as: member })).toMatchObject({ status: 403 });
      expect((await couch().request('GET', `/${name}/_all_docs`, { as: member })).status).toBeOneOf([
        401, 403,
      ]);
      expect((await couch().request('PUT', `/${name}/x`, { as: member, body: {} })).status).toBeOneOf([
        401, 403,
      ]);
    }
  });

  it('turns down credentials that cannot be read', async () => {
    const headers = { authorization: 'Basic !!!' };
    expect(await couch().request('GET', db, { as: null, headers })).toMatchObject({
      status: expect.toBeOneOf([400, 500]) as number, // Apache CouchDB 3.5.2 answers 500 on a newer Erlang/OTP
    });
  });

  it('answers whether it is up to anybody', async () => {
    expect(await couch().request('GET', '/_up', { as: null })).toMatchObject({ status: 200 });
  });
});

describe('a user', () => {
  it('is stored without the password', async () => {
    const { text } = await couch().request('GET', `/_users/org.couchdb.user:${member.name}`);
    expect(text).not.toContain(member.password);
    expect(JSON.parse(text)).toMatchObject({
      password_scheme: 'pbkdf2',
      derived_key: expect.stringMatching(/^[0-9a-f]{40,128}$/) as string,
      salt: expect.any(String) as string,
      iterations: expect.any(Number) as number,
    });
  });

  /** CouchDB keeps credentials it has read, and hears of their change in its own feed. */
  const soon = (as: Login, status: number) =>
    expect.poll(() => couch().request('GET', db, { as }), { timeout: 10_000 }).toMatchObject({ status });

  it('gets in with a new password, and no longer with the old one', async () => {
    const user = await couch().createUser(['readers']);
    expect(await couch().request('GET', db, { as: user })).toMatchObject({ status: 200 });
    const resource = `/_users/org.couchdb.user:${user.name}`;
    await couch().put(resource, { ...(await couch().get(resource)), password: 'another' });
    await soon({ ...user, password: 'another' }, 200);
    await soon(user, 401);
  });

  it('does not get in any more when deleted', async () => {
    const user = await couch().createUser(['readers']);
    const resource = `/_users/org.couchdb.user:${user.name}`;
    const { _rev } = await couch().get(resource);
    await couch().expectOk('DELETE', `${resource}?rev=${_rev}`);
    await soon(user, 401);
  });

  it('loses a role with the document', async () => {
    const user = await couch().createUser(['readers']);
    const resource = `/_users/org.couchdb.user:${user.name}`;
    await couch().put(resource, { ...(await couch().get(resource)), roles: [] });
    await soon(user, 403);
  });

  it.each([
    ['of another type', { type: 'other' }],
    ['of another name', { name: 'other' }],
    ['without roles', { roles: undefined }],
    ['with a role of the system', { roles: ['_admin'] }],
  ])('is not stored %s', async (_what, change) => {
    const name = newName();
    const body = { name, password: 'x', roles: [], type: 'user', ...change };
    expect(await couch().request('PUT', `/_users/org.couchdb.user:${name}`, { body })).toMatchObject({
      status: 403,
      body: { error: 'forbidden' },
    });
  });
});

describe('a session', () => {
  async function logIn(login: Login): Promise<string> {
    const { status, headers } = await couch().request('POST', '/_session', { as: null, body: login });
    expect(status).toBe(200);
    return headers.get('set-cookie')!.split(';', 1)[0]!;
  }

  it('begins with name and password and lets in by its cookie', async () => {
    const cookie = await logIn(member);
    expect(cookie).toMatch(/^AuthSession=.+/);
    expect(await couch().request('GET', `${db}/doc`, { as: null, headers: { cookie } })).toMatchObject({
      status: 200,
    });
    expect(await couch().request('GET', '/_session', { as: null, headers: { cookie } })).toMatchObject({
      body: { ok: true, userCtx: { name: member.name, roles: [] } },
    });
  });

  it('begins with a form, too', async () => {
    expect(
      await couch().request('POST', '/_session', {
        as: null,
        body: new URLSearchParams({ name: byRole.name, password: byRole.password }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ).toMatchObject({ status: 200, body: { ok: true, name: byRole.name, roles: ['readers'] } });
  });

  it('is the admin’s as well', async () => {
    const cookie = await logIn(couch().admin);
    expect(await couch().request('GET', '/_all_dbs', { as: null, headers: { cookie } })).toMatchObject({
      status: 200,
    });
  });

  it('does not begin with a wrong password, nor without a name', async () => {
    expect(
      await couch().request('POST', '/_session', { as: null, body: { ...member, password: 'wrong' } }),
    ).toMatchObject({
      status: 401,
      body: { error: 'unauthorized', reason: 'Name or password is incorrect.' },
    });
    expect(await couch().request('POST', '/_session', { as: null, body: {} })).toMatchObject({ status: 400 });
  });

  it('does not let in by a forged cookie', async () => {
    const cookie = await logIn(member);
    const token = Buffer.from(cookie.slice('AuthSession='.length), 'base64url');
    token[token.length - 1]! ^= 1;
    const forged = `AuthSession=${token.toString('base64url')}`;
    expect(
      await couch().request('GET', `${db}/doc`, { as: null, headers: { cookie: forged } }),
    ).toMatchObject({
      status: expect.toBeOneOf([400, 401]) as number,
    });
  });

  it('tells who makes a request', async () => {
    expect(await couch().request('GET', '/_session')).toMatchObject({
      body: { userCtx: { name: couch().admin.name, roles: ['_admin'] } },
    });
  });

  it('ends by an empty cookie', async () => {
    const cookie = await logIn(member);
    const { status, headers } = await couch().request('DELETE', '/_session', {
      as: null,
      headers: { cookie },
    });
    expect(status).toBe(200);
    expect(headers.get('set-cookie')).toMatch(/^AuthSession=;/);
  });
});
