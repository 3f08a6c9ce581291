/** Where a CouchDB is and who asks. */
export type CouchAddress = {
  /** Without credentials and without a slash at the end: fit to be shown. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
};

/** Splits `http://name:password@host:port` into address and credentials. */
export const parseCouchUrl = (text: string): CouchAddress => {
  const url = new URL(text);
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  return { url: url.href.replace(/\/+$/, ''), username, password };
};

/** The same server with another user's credentials. */
export const couchUrlAs = (
  text: string,
  { username, password }: Pick<CouchAddress, 'username' | 'password'>,
): string => {
  const url = new URL(text);
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  return url.href.replace(/\/+$/, '');
};
