export { makeCellCertificates, type CellCertificates } from './cell-certificates.ts';
export { startNameServer, type NameServer } from './name-server.ts';
export { startDoor, startPeer, type TunnelEnd } from './start-tunnel.ts';
