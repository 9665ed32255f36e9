import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folder, penstock } from './penstock.mjs';

const base = {
  listeners: [{ name: 'public', address: '127.0.0.1:20000', trustedProxies: ['10.9.0.0/16'] }],
  services: [
    { serviceName: 'order-service', instances: [{ host: '127.0.0.1', port: 9001 }] },
    { serviceName: 'order-service-v2', instances: [{ host: '127.0.0.1', port: 9002 }] },
  ],
  headersPolicies: [{ policyId: 'edge', request: { set: [{ name: 'X-Env', value: 'prod' }] } }],
  corsPolicies: [{ policyId: 'browsers', origins: ['https://app.example.com'] }],
  routes: [
    {
      routeId: 'orders-canary', hosts: ['api.example.com', '*.example.com'], methods: ['GET', 'POST'], path: '/api/orders/*',
      headers: [{ name: 'X-Version', equals: 'v2' }], query: [{ name: 'debug', present: true }],
      split: [{ upstreamService: 'order-service', weight: 90 }, { upstreamService: 'order-service-v2', weight: 10 }],
      stickyBy: { cookie: 'bucket' }, authRequired: false, headersPolicy: 'edge',
    },
    { routeId: 'orders-get', method: 'GET', path: '/api/orders/{orderId}', upstreamService: 'order-service' },
    { routeId: 'orders-post', method: 'POST', path: '/api/orders', upstreamService: 'order-service', authRequired: false, corsPolicy: 'browsers' },
  ],
};

async function explain(args, document = base) {
  const dir = await folder({ 'gw.json': JSON.stringify(document) });
  const told = await penstock(dir, ['explain', '-c', 'gw.json', ...args]);
  return args.includes('json') ? { ...told, json: JSON.parse(told.out) } : told;
}

test('explain says which route, why, and what each stage says', { timeout: 60_000 }, async () => {
  const { json } = await explain(['-o', 'json', 'GET', 'http://api.example.com/api/orders/7?debug', '-H', 'X-Version: v2', '-H', 'Cookie: bucket=a']);
  assert.equal(json.routeId, 'orders-canary');
  assert.equal(json.status, null);
  assert.ok(['order-service', 'order-service-v2'].includes(json.upstreamService));
  assert.equal(json.candidates[0].routeId, 'orders-canary');
  assert.equal(json.candidates[0].wins, true);
  assert.deepEqual(json.stages.map(({ stage }) => stage), ['guard', 'match', 'authenticate', 'transform', 'select']);
  assert.match(json.stages[3].says, /sets X-Env/);
});

test('explain names the first condition that failed, and the answer', { timeout: 60_000 }, async () => {
  const { json } = await explain(['-o', 'json', 'GET', 'http://api.example.com/api/orders/7']);
  assert.equal(json.routeId, 'orders-get');
  assert.equal(json.status, 401);
  assert.equal(json.code, 'no_auth_policy');
  assert.match(json.candidates.find(({ routeId }) => routeId === 'orders-canary').says, /X-Version/);
});

test('explain matches a preflight by the method that it asks about', { timeout: 60_000 }, async () => {
  const { json } = await explain(['-o', 'json', 'OPTIONS', 'http://h/api/orders', '-H', 'Origin: https://app.example.com', '-H', 'Access-Control-Request-Method: POST']);
  assert.equal(json.routeId, 'orders-post');
  assert.equal(json.status, 204);
});

test('explain says of https on a plain listener what the gateway does: 421', { timeout: 60_000 }, async () => {
  const { json } = await explain(['-o', 'json', 'POST', 'https://h/api/orders']);
  assert.deepEqual([json.status, json.code, json.routeId], [421, 'misdirected', null]);
  const behind = await explain(['-o', 'json', 'POST', 'https://h/api/orders', '--from', '10.9.0.1', '-H', 'X-Forwarded-Proto: https']);
  assert.equal(behind.json.routeId, 'orders-post');
});

test('explain prints for people, believes trusted senders, and says what is wrong with its arguments', { timeout: 60_000 }, async () => {
  const people = await explain(['GET', '/nowhere', '--from', '10.9.0.1', '-H', 'X-Forwarded-For: 192.0.2.7']);
  assert.equal(people.code, 0, people.err);
  assert.match(people.out, /client 192\.0\.2\.7/);
  assert.match(people.out, /answered 404 no_route/);
  assert.equal((await explain(['GET'])).code, 64);
  assert.equal((await explain(['GET', '/', '--from', 'nobody'])).code, 64);
  assert.equal((await explain(['GET', '/', '--listener', 'other'])).code, 64);
  assert.equal((await explain(['GET', '/', '-H', 'bad'])).code, 64);
  assert.equal((await explain(['GET', '/'], { ...base, routes: [{}] })).code, 78);
  const wrong = await explain(['GET', '/', '-o', 'json'], { ...base, routes: [{}] });
  assert.equal(wrong.code, 78);
  assert.equal(wrong.json.ok, false);
  assert.match(wrong.json.findings[0].path, /^routes/);
});
