import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const problem = (response) => {
  assert.equal(valueOf(response, 'content-type'), 'application/problem+json');
  return JSON.parse(response.body);
};
const allowOf = (response) => (valueOf(response, 'allow') ?? '').split(/\s*,\s*/).sort();

test('a path that no route serves is 404', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, { route: { path: '/known' } });
  const response = await ask(port, get('/unknown'));
  assert.equal(response.status, 404);
  assert.equal(problem(response).code, 'no_route');
  assert.equal(origin.requests.length, 0);
  const line = await gateway.logged((l) => l.path === '/unknown');
  assert.equal(line.route_id, null);
  assert.equal(line.reason, 'no_route');
  assert.equal(await gateway.metric('penstock_route_misses_total', { reason: 'no_path' }), 1);
});

test('a host that no route serves is 404', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { route: { host: 'a.example' } });
  assert.equal((await ask(port, get('/', 'Host: b.example'))).status, 404);
  assert.equal((await ask(port, get('/', 'Host: a.example'))).status, 200);
  assert.equal(await gateway.metric('penstock_route_misses_total', { reason: 'no_host' }), 1);
});

test('a path known by other methods is 405 and names them', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { path: '/known', methods: ['GET', 'PUT'] } });
  const response = await ask(port, request('POST', '/known', [], 'hello'));
  assert.equal(response.status, 405);
  assert.equal(problem(response).code, 'method_not_allowed');
  assert.deepEqual(allowOf(response).filter((m) => m !== 'OPTIONS'), ['GET', 'HEAD', 'PUT']);
});

test('GET serves HEAD', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { route: { path: '/known', method: 'GET' } });
  const response = await ask(port, request('HEAD', '/known'));
  assert.equal(response.status, 200);
  assert.equal(response.body, '');
  assert.equal(origin.requests[0].method, 'HEAD');
});

test('TRACE and CONNECT are refused with an Allow field', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  for (const bytes of [request('TRACE', '/'), request('CONNECT', 't.example:80', ['Host: t.example:80'])]) {
    const response = await ask(port, bytes);
    assert.equal(response.status, 405);
    assert.notEqual(valueOf(response, 'allow'), undefined, 'RFC 9110 §15.5.6');
  }
  assert.equal(origin.requests.length, 0);
});

test('a 404 does not end the connection, a malformed request does', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { path: '/known' } });
  const response = await ask(port, get('/unknown'));
  assert.notEqual(valueOf(response, 'connection')?.toLowerCase(), 'close');
  const refused = await ask(port, 'GET /known HTTP/1.1\r\nHost: a b\r\n\r\n');
  assert.equal(refused.status, 400);
  assert.equal(problem(refused).code, 'malformed_request');
  assert.equal(valueOf(refused, 'connection')?.toLowerCase(), 'close');
});
