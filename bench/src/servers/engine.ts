/** Name and version that a CouchDB tells of itself; `couchUrl` is its base URL with credentials. */
export const readEngine = async (couchUrl: string): Promise<string> => {
  const url = new URL(couchUrl);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const answer = await fetch(url.origin, {
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    signal: AbortSignal.timeout(5_000),
  });
  const { version } = (await answer.json()) as { version?: string };
  if (!answer.ok || version === undefined) throw new Error(`${url.host} does not answer as a CouchDB`);
  return `CouchDB ${version}`;
};
