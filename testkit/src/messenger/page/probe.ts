import type { Probe } from './probe-calls.ts';
import { keptParts } from './kept-parts.ts';
import { vaultRows } from './vault-rows.ts';

/** Runs in every document before its own scripts. */
{
  const scroller = (): Element | null => {
    let element = document.querySelector('[role=log]');
    while (element !== null && element.scrollHeight <= element.clientHeight) element = element.parentElement;
    return element;
  };
  const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));

  const probe: Probe = {
    ...vaultRows,
    keptParts,
    isInstalled: async () => {
      await navigator.serviceWorker.ready;
      if (navigator.serviceWorker.controller !== null) return;
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
    },
    messages: () =>
      Array.from(document.querySelectorAll('[role=log] [data-message]'), (message) => ({
        id: message.getAttribute('data-message') ?? '',
        direction: message.getAttribute('data-direction') ?? '',
        kind: message.getAttribute('data-kind') ?? '',
        state: message.getAttribute('data-state'),
        text: message.querySelector('[data-part=text]')?.textContent ?? null,
      })),
    paste: (text) => {
      const field = document.activeElement;
      if (!(field instanceof HTMLTextAreaElement)) throw new Error('no field has the focus');
      field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
      field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));
    },
    pasteFile: ({ type, bytes }) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([Uint8Array.from(bytes)], 'pasted', { type }));
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      (document.activeElement ?? document.body).dispatchEvent(event);
    },
    scroll: async (screens) => {
      const element = scroller();
      if (element === null) return false;
      const before = element.scrollTop;
      element.dispatchEvent(new WheelEvent('wheel', { deltaY: Math.sign(screens) }));
      element.scrollBy({ top: screens * element.clientHeight, behavior: 'instant' });
      await frame();
      await frame();
      return Math.abs(element.scrollTop - before) >= 1;
    },
  };
  Object.assign(globalThis, { probe });
  // To the console: the way by which tests hear of what is wrong.
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
    // eslint-disable-next-line no-console
    console.error(`policy violated: ${violatedDirective} by ${blockedURI} in ${sourceFile}`),
  );
}
