export { makeCertificate } from './make-certificate.ts';
export { TEST_ADDRESS } from './nginx-files.ts';
export { checkNginxConf, startNginx, type Nginx } from './start-nginx.ts';
