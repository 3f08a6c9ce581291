type Listener<T> = (detail: T) => void;

export type Events<Map extends object> = {
  /** Calls `listener` for every event of this type until `signal` aborts or the answer is called. */
  readonly on: <Type extends keyof Map>(
    type: Type,
    listener: Listener<Map[Type]>,
    options?: { readonly signal?: AbortSignal },
  ) => () => void;
  readonly emit: <Type extends keyof Map>(type: Type, detail: Map[Type]) => void;
};

/** A typed set of listeners. One that throws does not keep others from hearing; its error surfaces as uncaught. */
export const createEvents = <Map extends object>(): Events<Map> => {
  const listeners: { [Type in keyof Map]?: Set<Listener<Map[Type]>> } = {};
  return {
    on: (type, listener, { signal } = {}) => {
      if (signal?.aborted) return () => undefined;
      const set = (listeners[type] ??= new Set());
      set.add(listener);
      const off = (): void => {
        set.delete(listener);
      };
      signal?.addEventListener('abort', off, { once: true });
      return off;
    },
    emit: (type, detail) => {
      for (const listener of [...(listeners[type] ?? [])]) {
        try {
          listener(detail);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
