import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';
import { folder, penstock } from './penstock.mjs';

// The objects that the project's first words were.
const route = { routeId: 'orders-get', method: 'GET', path: '/api/orders/{orderId}', upstreamService: 'order-service', authRequired: true, rateLimitPolicy: 'standard-user' };
const policy = { policyId: 'standard-user', limit: 1000, window: '1m', scope: 'userId' };
const service = { serviceName: 'order-service', instances: [{ host: '10.0.1.10', port: 8080, healthy: true }] };

test('the first examples are a good configuration, with a word on the route that nobody can use yet', { timeout: 60_000 }, async () => {
  const document = { listeners: [{ name: 'public', address: '127.0.0.1:20000' }], routes: [route], rateLimitPolicies: [policy], services: [service] };
  const dir = await folder({ 'penstock.json': JSON.stringify(document) });
  const { code, lines } = await penstock(dir, ['check', 'penstock.json']);
  assert.equal(code, 0, lines.join('\n'));
  assert.match(lines[0], /^warning: penstock\.json:1:\d+ routes\[0\]: .*401 no_auth_policy/);
  assert.match(lines.at(-1), /^penstock\.json: ok, with \d+ warnings? \(listeners: 1, services: 1, rateLimitPolicies: 1, routes: 1\)$/);
  assert.equal((await penstock(dir, ['check', '--strict', 'penstock.json'])).code, 78);
});

test('the route fails closed; made public, it is served and its limit counts addresses', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const services = [{ ...service, instances: [{ ...service.instances[0], host: '127.0.0.1', port: origin.port }] }];
  const open = { ...route, routeId: 'open', path: '/open/{orderId}', authRequired: false };
  const gateway = await startGateway({ routes: [route, open], rateLimitPolicies: [{ ...policy, limit: 2 }], services });
  const closed = await ask(gateway.port, get('/api/orders/7'));
  assert.equal(closed.status, 401);
  assert.equal(JSON.parse(closed.body).code, 'no_auth_policy');
  const statuses = [];
  for (let i = 0; i < 4; ++i) statuses.push((await ask(gateway.port, get('/open/7'))).status);
  assert.deepEqual(statuses, [200, 200, 429, 429]);
});
