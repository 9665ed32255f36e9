import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get, request } from '../harness/raw_client.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

// [routeId, path, more]
const table = [
  ['literal', '/api/orders/new'],
  ['parameter', '/api/orders/{orderId}'],
  ['below', '/api/orders/*'],
  ['nested', '/api/orders/{orderId}/items'],
  ['users', '/api/users/*'],
  ['users-me', '/api/users/me/*'],
  ['any', '/*'],
  ['host-a', '/hosted', { host: 'a.example' }],
  ['host-bc', '/hosted', { hosts: ['b.example', 'c.example'] }],
  ['tie-b', '/tie'],
  ['tie-a', '/tie'],
  ['get-it', '/verbs', { method: 'GET' }],
  ['change-it', '/verbs', { methods: ['POST', 'PUT'] }],
];

// [routeId expected, path, host]
const asks = [
  ['literal', '/api/orders/new'],
  ['parameter', '/api/orders/7'],
  ['parameter', '/api/orders/newer'],
  ['nested', '/api/orders/7/items'],
  ['below', '/api/orders/7/items/3'],
  ['below', '/api/orders/new/x'],
  ['below', '/api/orders'],
  ['users', '/api/users'],
  ['users', '/api/users/7/x'],
  ['users-me', '/api/users/me'],
  ['users-me', '/api/users/me/x'],
  ['any', '/api/usersx'],
  ['any', '/'],
  ['host-a', '/hosted', 'a.example'],
  ['host-a', '/hosted', 'A.Example:8080'],
  ['host-a', '/hosted', 'a.example.'],
  ['host-bc', '/hosted', 'c.example'],
  ['any', '/hosted', 'd.example'],
  ['tie-a', '/tie'],
  ['get-it', '/verbs'],
  ['any', '/verbs/'],
  ['literal', '/api/./x/../orders//new'],
  ['literal', '/api/orders/n%65w'],
  ['parameter', '/api/orders/7?next=/api/orders/new'],
];

async function gatewayOf(routes) {
  const origin = await rawOrigin();
  return startGateway({
    services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.port }] }],
    routes: routes.map(([routeId, path, more]) => ({ routeId, path, upstreamService: 'origin', authRequired: false, ...more })),
  });
}

test('literal before {param} before /*, longest first, then routeId', { timeout: 60_000 }, async (t) => {
  const gateway = await gatewayOf(table);
  for (const [index, [routeId, path, host = 't.example']] of asks.entries()) {
    await t.test(`${host}${path} is ${routeId}`, async () => {
      const agent = `scenario-${index}`;
      assert.equal((await ask(gateway.port, get(path, `Host: ${host}`, `User-Agent: ${agent}`))).status, 200);
      assert.equal((await gateway.logged((line) => line.user_agent === agent)).route_id, routeId);
    });
  }
  await t.test('a method listed goes before any', async () => {
    assert.equal((await ask(gateway.port, request('PUT', '/verbs', ['User-Agent: put'], 'x'))).status, 200);
    assert.equal((await gateway.logged((line) => line.user_agent === 'put')).route_id, 'change-it');
  });
  await t.test('a method not listed falls back to the route that serves any', async () => {
    assert.equal((await ask(gateway.port, request('DELETE', '/verbs', ['User-Agent: delete']))).status, 200);
    assert.equal((await gateway.logged((line) => line.user_agent === 'delete')).route_id, 'any');
  });
});
