import { z } from 'zod';
import type { ObjectStoreAddress } from './object-store.ts';

/** Where parts of blobs lie. */
export const blobStore = z.enum(['couchdb', 's3']).default('couchdb');

/** `https://host`, or with a port: the bucket comes behind it. */
const endpoint = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text,
    { error: 'needs https://host, without a path' },
  );

/** The variables that name a bucket of an S3-compatible store, and its keys. */
export const objectStoreVariables = {
  S3_ENDPOINT: endpoint.optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'is no name of a bucket' })
    .optional(),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
};

type Variables = { readonly [name in keyof typeof objectStoreVariables]?: string | undefined };

/** The address, or the variables that are missing for it. */
export const objectStoreAddress = (
  read: Variables,
): ObjectStoreAddress | { readonly missing: readonly (keyof Variables)[] } => {
  const { S3_ENDPOINT: endpoint, S3_REGION: region = '', S3_BUCKET: bucket } = read;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = read;
  if (endpoint && bucket && accessKeyId && secretAccessKey)
    return { endpoint, region, bucket, accessKeyId, secretAccessKey };
  const names = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
  return { missing: names.filter((name) => !read[name]) };
};
