/** Lets this origin's own scripts, and nothing else, become workers where the browser enforces Trusted Types. */
const policy = window.trustedTypes?.createPolicy('restante', {
  createScriptURL: (url) => {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError('a script of another origin');
    return url;
  },
});

/** What a `Worker` or a service worker is made from. (The DOM's types do not know `TrustedScriptURL` there.) */
export const trustedScriptUrl = (url: string): string =>
  (policy?.createScriptURL(url) ?? url) as unknown as string;
