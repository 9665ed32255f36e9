import { ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

// A gateway before services that answer with their own name; `fields` are added to their answers.
// `route` is its public route, for every path unless it says another; `routes` are more of them.
export async function select(names, route, { fields = [], routes = [], ...options } = {}) {
  const origins = await Promise.all(names.map((name) => rawOrigin({
    respond: (request, connection) => connection.send(answer('200 OK', name, fields)),
  })));
  const gateway = await startGateway({
    services: names.map((serviceName, i) => ({ serviceName, instances: [{ host: '127.0.0.1', port: origins[i].port }] })),
    routes: [{ routeId: 'r', path: '/*', ...route }, ...routes].map((each) => ({ authRequired: false, ...each })),
  }, options);
  return { gateway, origins, one: (...lines) => ask(gateway.port, get('/', ...lines)) };
}

// Who answers, asked so many times.
export async function counts(scene, times, lines = () => []) {
  const by = {};
  for (let i = 0; i < times; i += 1) {
    const { status, body } = await scene.one(...lines(i));
    const key = status === 200 ? body : status;
    by[key] = (by[key] ?? 0) + 1;
  }
  return by;
}

export const weights = (by) => Object.entries(by).map(([upstreamService, weight]) => ({ upstreamService, weight }));
