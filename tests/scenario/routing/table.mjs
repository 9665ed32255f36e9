import assert from 'node:assert/strict';
import { ask, request } from '../harness/raw_client.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

// A gateway with these routes, `[routeId, path, more]`, in front of one origin.
export async function gatewayOf(routes) {
  const origin = await rawOrigin();
  const gateway = await startGateway({
    services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.port }] }],
    routes: routes.map(([routeId, path, more]) => ({ routeId, path, upstreamService: 'origin', authRequired: false, ...more })),
  });
  return { gateway, origin, port: gateway.port };
}

let asked = 0;
// The routeId that a request is logged with; null when none serves it.
export async function routeOf(gateway, path, fields = [], method = 'GET') {
  const agent = `table-${++asked}`;
  const response = await ask(gateway.port, request(method, path, [...fields, `User-Agent: ${agent}`]));
  const { route_id } = await gateway.logged((line) => line.user_agent === agent);
  assert.equal(response.status === 200, route_id !== null, `${method} ${path} is ${response.status}`);
  return route_id;
}
