import type { Watch } from './watch-calls.ts';

/** Runs in the page before its own scripts. */
{
  const longTasks: number[] = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });

  /** Looks at once and after each change of the document. */
  const when = (condition: () => boolean): Promise<number> =>
    new Promise((resolve) => {
      const look = (): boolean => {
        if (!condition()) return false;
        observer.disconnect();
        resolve(performance.now());
        return true;
      };
      const observer = new MutationObserver(look);
      if (!look()) {
        observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      }
    });

  const watch: Watch = {
    until: (selector, text) =>
      when(() =>
        Array.from(document.querySelectorAll(selector)).some((element) => element.textContent.includes(text)),
      ),
    longTasks: () => longTasks,
    rest: () => new Promise((resolve) => requestIdleCallback(() => resolve())),
    press: async (label, text) => {
      const startedAt = performance.now();
      document.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`)?.click();
      const isAccepted = (message: Element): boolean =>
        /^(?:accepted|delivered|read)$/.test(message.getAttribute('data-state') ?? '') &&
        message.querySelector('[data-part=text]')?.textContent === text;
      const endedAt = await when(() =>
        Array.from(document.querySelectorAll('[data-direction=out]')).some(isAccepted),
      );
      return endedAt - startedAt;
    },
  };
  Object.assign(globalThis, { watch });
}
