import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf, valuesOf } from '../harness/http1_parse.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rawOrigin, scene, startGateway } from '../harness/scene.mjs';

const page = 'https://app.example.com';
const corsPolicy = {
  origins: [page, 'https://*.partner.example'],
  methods: ['GET', 'PUT'],
  headers: ['Content-Type', 'Authorization'],
  exposeHeaders: ['X-Total'],
  credentials: true,
  maxAge: '30m',
};

const preflight = (path, method, headers, origin = page) => request('OPTIONS', path, [
  `Origin: ${origin}`,
  `Access-Control-Request-Method: ${method}`,
  ...(headers ? [`Access-Control-Request-Headers: ${headers}`] : []),
]);

// A browser's judgement of a preflight (Fetch §4.8), as far as it matters here.
function browserAllows(response, { origin, method, headers = [], credentials }) {
  const list = (name) => (valueOf(response, name) ?? '').split(',').map((one) => one.trim().toLowerCase());
  const mayRead = valuesOf(response, 'access-control-allow-origin').join() === origin
    && (!credentials || valueOf(response, 'access-control-allow-credentials') === 'true');
  return mayRead && response.status >= 200 && response.status < 300
    && (['GET', 'HEAD', 'POST'].includes(method) || list('access-control-allow-methods').includes(method.toLowerCase()))
    && headers.every((name) => list('access-control-allow-headers').includes(name));
}

test('a preflight is answered before anybody must authenticate, and no service is asked', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, { route: { methods: ['GET', 'PUT'], authRequired: true, corsPolicy } });
  const response = await ask(port, preflight('/a', 'PUT', 'authorization,content-type'));
  assert.equal(response.status, 204);
  assert.ok(browserAllows(response, { origin: page, method: 'PUT', headers: ['authorization', 'content-type'], credentials: true }));
  assert.equal(valueOf(response, 'access-control-max-age'), '1800');
  assert.equal(valueOf(response, 'vary'), 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
  assert.equal(valueOf(response, 'content-length'), undefined);
  assert.equal(origin.accepted, 0);
  const line = await gateway.logged((one) => one.method === 'OPTIONS');
  assert.equal(line.route_id, 'all');
  assert.equal(line.status_code, 204);
  assert.equal(line.reason ?? null, null);
});

test('a preflight is refused for its origin, its method or a field, and the answer says for which', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, { route: { authRequired: true, corsPolicy } });
  for (const [bytes, word] of [
    [preflight('/a', 'GET', '', 'https://evil.example'), /origin/],
    [preflight('/a', 'GET', '', 'http://app.example.com'), /origin/],
    [preflight('/a', 'GET', '', 'https://app.example.com.evil.example'), /origin/],
    [preflight('/a', 'GET', '', 'https://partner.example'), /origin/],
    [preflight('/a', 'GET', '', 'null'), /origin/],
    [preflight('/a', 'DELETE'), /method/],
    [preflight('/a', 'GET', 'x-other'), /header/],
    [preflight('/a', 'GET', Array(200).fill('content-type').join()), /header/],
  ]) {
    const response = await ask(port, bytes);
    assert.equal(response.status, 403);
    const problem = JSON.parse(response.body);
    assert.equal(problem.code, 'cors_refused');
    assert.match(problem.detail, word);
    assert.equal(valueOf(response, 'access-control-allow-methods'), undefined);
    assert.match(valueOf(response, 'vary'), /Origin/);
  }
  assert.equal(origin.accepted, 0);
  await eventually(async () => await gateway.metric('penstock_requests_total', { reason: 'cors_refused' }) === 8, 'the refusals in the metrics');
});

test('the answer to a request says who may read it, whatever the service says', { timeout: 60_000 }, async () => {
  const fields = ['Access-Control-Allow-Origin: *', 'Access-Control-Allow-Methods: TRACE', 'Vary: Accept-Encoding', 'X-Total: 7'];
  const { port } = await scene({ respond: (_, c) => c.send(answer('200 OK', 'ok', fields)) }, { route: { corsPolicy } });
  for (const origin of [page, 'https://shop.partner.example', 'https://a.b.partner.example']) {
    const response = await ask(port, get('/', `Origin: ${origin}`));
    assert.deepEqual(valuesOf(response, 'access-control-allow-origin'), [origin]);
    assert.equal(valueOf(response, 'access-control-allow-credentials'), 'true');
    assert.equal(valueOf(response, 'access-control-expose-headers'), 'X-Total');
    assert.equal(valueOf(response, 'access-control-allow-methods'), undefined);
    assert.deepEqual(valuesOf(response, 'vary'), ['Accept-Encoding, Origin']);
  }
  for (const others of [[], ['Origin: https://evil.example'], [`Origin: ${page}`, `Origin: ${page}`]]) {
    const response = await ask(port, get('/', ...others));
    assert.equal(response.status, 200, 'served, for the browser refuses to show it');
    assert.equal(valueOf(response, 'access-control-allow-origin'), undefined);
    assert.equal(valueOf(response, 'access-control-allow-credentials'), undefined);
    assert.deepEqual(valuesOf(response, 'vary'), ['Accept-Encoding, Origin']);
  }
});

test('pages may read the gateway\'s own refusals, too', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gone = await rawOrigin();
  await gone.stop();
  const gateway = await startGateway({
    services: [
      { serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.port }] },
      { serviceName: 'gone', instances: [{ host: '127.0.0.1', port: gone.port }] },
    ],
    corsPolicies: [{ policyId: 'web', ...corsPolicy }],
    defaults: { corsPolicy: 'web' },
    routes: [
      { routeId: 'protected', path: '/protected', upstreamService: 'origin' },
      { routeId: 'gone', path: '/gone', upstreamService: 'gone', authRequired: false },
    ],
  });
  for (const [path, status] of [['/protected', 401], ['/gone', 502]]) {
    const response = await ask(gateway.port, get(path, `Origin: ${page}`));
    assert.equal(response.status, status);
    assert.equal(valueOf(response, 'access-control-allow-origin'), page);
    assert.equal(valueOf(response, 'access-control-allow-credentials'), 'true');
    assert.equal(valueOf(response, 'vary'), 'Origin');
  }
});

test('with `*` everybody gets the same answer', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { corsPolicy: { origins: ['*'] } } });
  for (const fields of [[], ['Origin: https://any.example'], ['Origin: null']]) {
    const response = await ask(port, get('/', ...fields));
    assert.equal(valueOf(response, 'access-control-allow-origin'), '*');
    assert.equal(valueOf(response, 'vary'), undefined);
  }
});

test('a preflight is matched by the method that it asks about', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const route = (routeId, method, more) => ({ routeId, path: '/a', method, upstreamService: 'origin', authRequired: false, ...more });
  const gateway = await startGateway({
    services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.port }] }],
    routes: [
      route('open', 'GET', { corsPolicy: { origins: ['*'] } }),
      route('strict', 'DELETE', { corsPolicy: { origins: [page], methods: ['DELETE'] } }),
      route('plain', 'PUT'),
    ],
  });
  const of = async (method, from) => ask(gateway.port, preflight('/a', method, '', from));
  assert.equal((await of('GET', 'https://any.example')).status, 204);
  assert.equal((await of('DELETE', 'https://any.example')).status, 403);
  assert.equal((await of('DELETE', page)).status, 204);
  assert.equal((await of('PUT', page)).status, 405, 'an OPTIONS that no route serves');
  assert.equal((await of('PATCH', page)).status, 405);
  assert.equal((await ask(gateway.port, preflight('/b', 'GET'))).status, 404);
  assert.equal((await ask(gateway.port, request('OPTIONS', '/a', [`Origin: ${page}`]))).status, 405, 'no preflight');
  assert.equal(origin.accepted, 0);
});

test('without a policy the service answers preflights itself', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({ respond: (_, c) => c.send(answer('204 No Content', '', ['Access-Control-Allow-Origin: *'])) });
  const response = await ask(port, preflight('/', 'PUT', 'x-a'));
  assert.equal(response.status, 204);
  assert.equal(valueOf(response, 'access-control-allow-origin'), '*');
  assert.equal(origin.requests[0].method, 'OPTIONS');
});
