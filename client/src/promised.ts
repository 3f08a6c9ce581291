/** The result of synchronous work as a promise, its error as a rejection. */
export const promised = <R>(work: () => R): Promise<R> =>
  new Promise((resolve) => {
    resolve(work());
  });
