import { couchUrls } from '@restante/service-kit';

/** The variable COUCHDB_URLS of a whole cluster: three CouchDB servers with admin credentials. */
export const clusterCouchUrls = couchUrls.refine((urls) => urls.length === 3, 'needs three URLs');
