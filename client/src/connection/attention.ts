/** Whether a person looks at this device. A server that falls silent then is noticed sooner. */
export type Attention = {
  readonly isPaid: () => boolean;
  readonly set: (isPaid: boolean) => void;
  /** Calls `listener` when it has changed, until `signal` aborts. */
  readonly onChange: (listener: () => void, signal: AbortSignal) => void;
};

export const createAttention = (): Attention => {
  const changes = new EventTarget();
  let paid = false;
  return {
    isPaid: () => paid,
    set: (isPaid) => {
      if (paid === isPaid) return;
      paid = isPaid;
      changes.dispatchEvent(new Event('change'));
    },
    onChange: (listener, signal) => changes.addEventListener('change', listener, { signal }),
  };
};
