import { busContract } from './bus.contract.ts';
import { createLocalBus } from './local-bus.ts';

busContract('in one process', (masters) => {
  const newBus = createLocalBus();
  const buses = Array.from({ length: masters }, newBus);
  return Promise.resolve({
    buses,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(buses.map((bus) => bus[Symbol.asyncDispose]()));
    },
  });
});
