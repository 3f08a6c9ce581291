export { startFaultProxy, type Fault, type FaultProxy } from './fault-proxy.ts';
export { waitFor } from './wait-for.ts';
