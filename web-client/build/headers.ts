/** Where the scripts of the messenger may connect to: origins of servers, as `https://a.example.org`, and their WebSockets. */
const connectSources = (origins: readonly string[], objectStore: string | null): string =>
  [
    "'self'",
    ...origins.flatMap((origin) => [origin, origin.replace('http', 'ws')]),
    ...(objectStore === null ? [] : [objectStore]),
  ].join(' ');

/**
 * What every answer with a file of the messenger carries, whatever serves it. `origins`: of all servers, where there are several. `objectStore`: origin
 * of the store in which files lie, if they do not lie with the servers.
 */
export const securityHeaders = (origins: readonly string[] = [], objectStore: string | null = null) =>
  ({
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "style-src 'self'",
      `connect-src ${connectSources(origins, objectStore)}`,
      "img-src 'self' blob: data:",
      "media-src 'self' blob:",
      "font-src 'self'",
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      'trusted-types restante svelte-trusted-html',
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }) as const;

/** Files whose name holds a hash of their content never change; the others are asked for each time. */
export const cacheControlOf = (path: string): string =>
  path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
