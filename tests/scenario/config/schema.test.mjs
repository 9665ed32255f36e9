import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { folder, penstock } from './penstock.mjs';

const { code, out } = await penstock(await folder(), ['schema']);
const validate = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true }).compile(JSON.parse(out));

// What an editor would underline: `/routes/0 pth`.
function complaints(document) {
  if (validate(document)) return [];
  return validate.errors.map(({ instancePath, keyword, params }) => `${instancePath} ${params.additionalProperty ?? params.missingProperty ?? keyword}`);
}

const example = parse(await readFile(new URL('../../../examples/quickstart.yaml', import.meta.url), 'utf8'));
const changed = (change) => {
  const document = structuredClone(example);
  change(document);
  return document;
};

test('the schema is one of draft 2020-12 and takes the example of the quick start', () => {
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(complaints(example), []);
});

test('the schema takes a file that says much', () => {
  assert.deepEqual(complaints(parse(`
runtime: { workers: 2, io: auto, pinWorkers: true, drainDelay: 5s, drainTimeout: 20s }
listeners:
  - name: public
    address: "[::]:8443"
    limits: { requestLine: 8KiB, headerBytes: 32KiB, headers: 100, bodyBytes: 16MiB, headerTimeout: 10s, bodyIdleTimeout: 30s,
              idleTimeout: 1m30s, connections: 20000, connectionsPerAddress: off }
    trustedProxies: [ 10.0.0.0/8 ]
services:
  - serviceName: order-service
    instances: [ { host: 10.0.1.10, port: 8080, healthy: true, weight: 1 } ]
    loadBalancing: { strategy: roundRobin }
    timeouts: { connect: 2s, firstByte: 15s, idle: 30s, total: 60s, perTry: 20s, maxStreamAge: 24h }
    retry: { attempts: 2, on: [ connectFailure, reset, 503 ], methods: [ GET, HEAD, OPTIONS, PUT, DELETE ], backoff: 25ms, budget: 20% }
    pool: { maxConnections: 1000, idleTimeout: 4s }
routes:
  - { routeId: orders, hosts: [ api.example.com, "*.example.com" ], methods: [ GET, POST ], path: "/api/orders/*", upstreamService: order-service, authRequired: false }
admin: { address: "127.0.0.1:9901" }
health: { address: "0.0.0.0:8081" }
secrets: { dir: /etc/penstock/secrets }
observability: { accessLog: { path: stdout, format: json } }
stateDir: state
`)), []);
});

test('variables may stand for what is no text', () => {
  assert.deepEqual(complaints(changed(({ services }) => { services[0].instances[0].port = '${PORT:-9001}'; })), []);
});

const mistakes = [
  ['a misspelt key', ({ routes }) => { routes[0].pth = '/'; }, /^\/routes\/0 pth$/m],
  ['a misspelt section', (document) => { document.servces = []; }, /^ servces$/m],
  ['a misspelt key deep within', ({ services }) => { services[0].instances[0].prt = 1; }, /^\/services\/0\/instances\/0 prt$/m],
  ['a missing key', ({ routes }) => { delete routes[0].path; }, /^\/routes\/0 path$/m],
  ['a number out of range', ({ services }) => { services[0].instances[0].port = 70000; }, /^\/services\/0\/instances\/0\/port maximum$/m],
  ['a word that is no choice', (document) => { document.runtime.io = 'fast'; }, /^\/runtime\/io enum$/m],
  ['a bare number as a duration', (document) => { document.runtime.drainDelay = 5; }, /^\/runtime\/drainDelay type$/m],
  ['two spellings of one list', ({ routes }) => { routes[0].method = 'GET'; routes[0].methods = ['GET']; }, /^\/routes\/0 not$/m],
  ['text for a list', (document) => { document.services = 'none'; }, /^\/services type$/m],
];
for (const [name, change, wanted] of mistakes) {
  test(`the schema refuses ${name}`, () => {
    assert.match(complaints(changed(change)).join('\n'), wanted);
  });
}
