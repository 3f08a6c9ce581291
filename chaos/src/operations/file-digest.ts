/** What a file is to a history: SHA-256 of its bytes, in hex. */
export const fileDigest = async (pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<string> => {
  const bytes = await new Blob([...pieces]).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};
