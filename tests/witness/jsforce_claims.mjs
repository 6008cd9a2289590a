// jsforce, unmodified, against a running emulator: login, REST, Bulk API 1.0 and 2.0.
// Arguments: url, user, password with token. Started by run.py.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(join(process.cwd(), 'package.json'));
const { Connection } = require('jsforce');
const [url, user, password] = process.argv.slice(2);

const claims = {
  async 'logs in by SOAP'(c) {
    assert.match(c.userInfo.id, /^005/);
    assert.equal(c.instanceUrl, url);
  },
  async 'creates, reads, updates and deletes a record'(c) {
    const { id, success } = await c.sobject('Account').create({ Name: 'Acme' });
    assert.equal(success, true);
    assert.equal((await c.sobject('Account').retrieve(id)).Name, 'Acme');
    await c.sobject('Account').update({ Id: id, Name: 'B' });
    const { totalSize, records } = await c.query("SELECT Name FROM Account WHERE Name = 'B'");
    assert.deepEqual([totalSize, records[0].Name], [1, 'B']);
    await c.sobject('Account').destroy(id);
    await assert.rejects(c.sobject('Account').retrieve(id), { errorCode: 'NOT_FOUND' });
  },
  async 'describes'(c) {
    const { fields } = await c.sobject('Contact').describe();
    assert.ok(fields.some((field) => field.name === 'LastName'));
    assert.ok((await c.describeGlobal()).sobjects.length > 10);
  },
  async 'writes several records in one call'(c) {
    const made = await c.sobject('Account').create([{ Name: 'S1' }, { Site: 'nameless' }, { Name: 'S2' }]);
    assert.deepEqual(made.map((line) => line.success), [true, false, true]);
    assert.match(made[1].errors[0].statusCode, /REQUIRED_FIELD_MISSING/);
    const ids = made.filter((line) => line.success).map((line) => line.id);
    const changed = await c.sobject('Account').update(ids.map((Id) => ({ Id, Site: 'x' })));
    assert.ok(changed.every((line) => line.success));
    const read = await c.sobject('Account').retrieve(ids);
    assert.deepEqual(read.map((record) => record.Site), ['x', 'x']);
    assert.ok((await c.sobject('Account').destroy(ids)).every((line) => line.success));
  },
  async 'upserts by an external id'(c) {
    const first = await c.sobject('Load__c').upsert({ Ext__c: 'a/1', Amount__c: 1 }, 'Ext__c');
    assert.equal(first.created, true);
    const again = await c.sobject('Load__c').upsert({ Ext__c: 'a/1', Amount__c: 2 }, 'Ext__c');
    assert.deepEqual([again.created, again.id], [false, first.id]);
  },
  async 'asks for the identity, limits, recent records, layouts and changes'(c) {
    assert.equal((await c.identity()).username, user);
    assert.ok((await c.limits()).DailyApiRequests.Max > 0);
    assert.ok(Array.isArray(await c.recent()));
    assert.equal((await c.sobject('Account').layouts()).layouts.length, 1);
    assert.ok((await c.sobject('Account').compactLayouts()).compactLayouts.length);
    const day = 24 * 3600 * 1000;
    const [from, to] = [new Date(Date.now() - day), new Date(Date.now() + day)];
    assert.ok(Array.isArray((await c.sobject('Contact').updated(from, to)).ids));
    assert.ok((await c.sobject('Account').deleted(from, to)).deletedRecords.length >= 1);
  },
  async 'searches'(c) {
    const found = await c.search('FIND {C0042} IN NAME FIELDS RETURNING Contact(Id, LastName)');
    assert.deepEqual(found.searchRecords.map((record) => record.LastName), ['C0042']);
  },
  async 'explains a query, and sends composite requests'(c) {
    assert.equal((await c.query('SELECT Id FROM Contact').explain()).plans.length, 1);
    const base = `/services/data/v${c.version}`;
    const { compositeResponse } = await c.request({
      method: 'POST',
      url: `${base}/composite`,
      body: JSON.stringify({
        compositeRequest: [
          { method: 'POST', url: `${base}/sobjects/Account`, referenceId: 'a', body: { Name: 'K' } },
          { method: 'DELETE', url: `${base}/sobjects/Account/@{a.id}`, referenceId: 'b' },
        ],
      }),
      headers: { 'Content-Type': 'application/json' },
    });
    assert.deepEqual(compositeResponse.map((line) => line.httpStatusCode), [201, 204]);
  },
  async 'pages through a query'(c) {
    const names = [];
    await c.query('SELECT LastName FROM Contact ORDER BY LastName', { autoFetch: true, maxFetch: 5000 })
      .on('record', (record) => names.push(record.LastName))
      .run({ autoFetch: true, maxFetch: 5000 });
    assert.equal(new Set(names).size, 2500);
  },
  async 'loads through Bulk API 2.0 and tells the three outcomes'(c) {
    const job = c.bulk2.createJob({ object: 'Account', operation: 'insert' });
    await job.open();
    await job.uploadData('Name,NumberOfEmployees\nA,1\nB,many\n');
    await job.close();
    await job.poll(50, 20000);
    const { successfulResults, failedResults, unprocessedRecords } = await job.getAllResults();
    assert.deepEqual(successfulResults.map((row) => [row.Name, row.sf__Created]), [['A', 'true']]);
    assert.match(failedResults[0].sf__Error, /^INVALID_FIELD:/);
    assert.deepEqual(unprocessedRecords, []);
    await job.delete();
    await assert.rejects(job.check(), { errorCode: 'NOT_FOUND' });
  },
  async 'is told why a job of Bulk API 2.0 failed'(c) {
    const job = c.bulk2.createJob({ object: 'Account', operation: 'insert' });
    job.on('error', () => {});
    await job.open();
    await job.uploadData('Bogus\nA\n');
    await job.close();
    await assert.rejects(job.poll(50, 20000), /Field name not found : Bogus/);
  },
  async 'aborts a job of Bulk API 2.0'(c) {
    const job = c.bulk2.createJob({ object: 'Account', operation: 'insert' });
    await job.open();
    await job.uploadData('Name\nnever\n');
    await job.abort();
    assert.equal((await job.check()).state, 'Aborted');
  },
  async 'queries through Bulk API 2.0'(c) {
    c.bulk2.pollInterval = 50;
    const names = (await (await c.bulk2.query('SELECT LastName FROM Contact')).toArray()).map(
      (row) => row.LastName,
    );
    assert.equal(new Set(names).size, 2500);
  },
  async 'loads and queries through Bulk API 1.0'(c) {
    c.bulk.pollInterval = 50;
    const results = await c.bulk.load('Lead', 'insert', [
      { LastName: 'X', Company: 'Y' },
      { LastName: 'Z' },
    ]);
    assert.deepEqual(results.map((row) => row.success), [true, false]);
    const stream = await c.bulk.query('SELECT LastName FROM Lead');
    const rows = await stream.toArray();
    assert.deepEqual(rows.map((row) => row.LastName), ['X']);
  },
};

const connection = new Connection({ loginUrl: url, version: '62.0' });
await connection.login(user, password);
let failed = 0;
for (const [claim, check] of Object.entries(claims)) {
  try {
    await check(connection);
    console.log(`ok      ${claim}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${claim}: ${error.stack}`);
  }
}
process.exit(failed ? 1 : 0);
