/** The address of a database or of what is in it, as the client sees it. */
export function locationOf(host = '', ...path: string[]): string {
  return `http://${host}/${path.map(encodeURIComponent).join('/')}`;
}
