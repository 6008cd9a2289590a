// jsforce's bulk2 reads the rows of one canned object; prints rows a second.
// Arguments: url, session, object. Started by export_peers.py in the folder jsforce is installed in.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const { Connection } = require('jsforce');
const [url, session, name] = process.argv.slice(2);

const connection = new Connection({ instanceUrl: url, accessToken: session, version: '64.0' });
connection.bulk2.pollInterval = 10;
connection.bulk2.pollTimeout = 60000;
const began = performance.now();
let rows = 0;
const records = await connection.bulk2.query(`SELECT Id FROM ${name}`);
records.on('record', () => {
  rows += 1;
});
await new Promise((resolve, reject) => {
  records.on('end', resolve);
  records.on('error', reject);
});
console.log((rows / (performance.now() - began)) * 1000);
