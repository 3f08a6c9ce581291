import { z } from 'zod';

const hasCredentials = (text: string): boolean => {
  const { username, password } = new URL(text);
  return username !== '' && password !== '';
};

/** Three CouchDB servers with admin credentials, separated by commas. */
export const couchUrls = z
  .string()
  .transform((list) => list.split(',').map((url) => url.trim().replace(/\/+$/, '')))
  .pipe(
    z
      .array(
        z
          .url({ protocol: /^https?$/, error: 'not a URL' })
          .refine(hasCredentials, 'has no credentials: http://admin:password@host:5984'),
      )
      .length(3, 'needs three URLs'),
  );
