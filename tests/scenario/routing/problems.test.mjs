import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { freePort } from '../harness/ports.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { scene, startGateway } from '../harness/scene.mjs';
import { toOrigin } from '../harness/gateway.mjs';

test('errors are problem documents with a code, a request id and Proxy-Status', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { route: { path: '/known' } });
  const response = await ask(port, get('/unknown'));
  const problem = JSON.parse(response.body);
  const id = valueOf(response, 'x-request-id');
  assert.equal(typeof problem.type, 'string');
  assert.equal(problem.title, 'Not Found');
  assert.equal(problem.status, 404);
  assert.equal(typeof problem.detail, 'string');
  assert.equal(problem.code, 'no_route');
  assert.equal(problem.request_id, id);
  assert.ok(problem.instance.includes(id));
  assert.match(valueOf(response, 'proxy-status'), /^penstock; ?error=[a-z_]+/);
  assert.match(valueOf(response, 'cache-control') ?? '', /no-store/);
  assert.equal((await gateway.logged((line) => line.path === '/unknown')).request_id, id);
});

test('a service that refuses is named to nobody', { timeout: 60_000 }, async () => {
  const dead = await freePort();
  const gateway = await startGateway(toOrigin(dead));
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 502);
  assert.equal(JSON.parse(response.body).code, 'upstream_connect_refused');
  assert.match(valueOf(response, 'proxy-status'), /error=connection_refused/);
  const all = JSON.stringify(response.fields) + response.body;
  for (const inside of ['127.0.0.1', String(dead), 'origin', 'errno', 'ECONN', '/src/', '.cc']) {
    assert.ok(!all.includes(inside), `${inside} in ${all}`);
  }
});

test('the error of a HEAD request has no body, of a browser a page', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { path: '/known' } });
  const head = await ask(port, request('HEAD', '/unknown'));
  assert.equal(head.status, 404);
  assert.equal(head.body, '');
  const page = await ask(port, get('/unknown<script>', 'Accept: text/html,*/*'));
  assert.ok([400, 404].includes(page.status));
  assert.doesNotMatch(page.body, /<script>/);
  const html = await ask(port, get('/unknown', 'Accept: text/html,*/*'));
  assert.match(valueOf(html, 'content-type'), /^text\/html/);
});

test('an answer of the origin is its own, errors included', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: (_, connection) => connection.send('HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops') });
  const response = await ask(port, get('/'));
  assert.equal(response.status, 500);
  assert.equal(response.body, 'oops');
  assert.equal(valueOf(response, 'content-type'), 'text/plain');
});
