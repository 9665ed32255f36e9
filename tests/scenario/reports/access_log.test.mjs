import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Gateway, toOrigin } from '../harness/gateway.mjs';
import { eventually } from '../harness/eventually.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { atEnd, rawOrigin, scene } from '../harness/scene.mjs';

const keys = ['ts', 'request_id', 'trace_id', 'span_id', 'client_ip', 'method', 'host', 'path', 'query', 'protocol', 'route_id', 'api_version', 'user_id',
  'tenant_id', 'auth_method', 'upstream_service', 'upstream_endpoint', 'attempts', 'status_code', 'upstream_status', 'reason', 'bytes_in',
  'bytes_out', 'latency_ms', 'upstream_latency_ms', 'gateway_latency_ms', 'user_agent', 'config_version'];

test('one JSON line per request, with all its fields', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene();
  await ask(port, request('POST', '/orders/7?token=secret', ['User-Agent: scenario "1"', 'Authorization: Bearer secret', 'Cookie: a=secret'], 'hello'));
  const line = await gateway.logged((l) => l.path === '/orders/7');
  for (const key of keys) assert.ok(key in line, key);
  assert.match(line.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(line.method, 'POST');
  assert.equal(line.host, 't.example');
  assert.equal(line.route_id, 'all');
  assert.equal(line.upstream_service, 'origin');
  assert.equal(line.upstream_endpoint, `127.0.0.1:${origin.port}`);
  assert.equal(line.attempts, 1);
  assert.equal(line.status_code, 200);
  assert.equal(line.upstream_status, 200);
  assert.equal(line.reason, null);
  assert.equal(line.user_id, null);
  assert.equal(line.user_agent, 'scenario "1"');
  assert.ok(line.bytes_in >= 5 && line.bytes_out >= 2);
  assert.ok(line.latency_ms >= line.upstream_latency_ms);
  assert.doesNotMatch(gateway.child.out, /secret/);
});

test('hostile bytes stay within their line', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene();
  await ask(port, get('/a', 'User-Agent: x"}\\n\xff\xfe{"path":"/forged"'));
  const line = await gateway.logged((l) => l.path === '/a');
  assert.match(line.user_agent, /forged/);
  assert.equal(gateway.log.length, 1);
});

test('refused requests are logged, too', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene();
  await ask(port, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n');
  const line = await gateway.logged((l) => l.status_code === 400);
  assert.equal(line.reason, 'malformed_request');
  assert.equal(line.client_ip, '127.0.0.1');
});

test('a file, opened anew on USR1', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare(toOrigin(origin.port));
  const file = path.join(gateway.dir, 'access.log');
  gateway.config.observability = { accessLog: { path: file } };
  await writeFile(gateway.file, JSON.stringify(gateway.config));
  await gateway.spawn().ready();
  atEnd(() => gateway.stop());
  const has = (name, text) => eventually(async () => (await readFile(name, 'utf8')).includes(text), `${text} in ${name}`);
  await ask(gateway.port, get('/before'));
  await has(file, '"/before"');
  await rename(file, `${file}.1`);
  gateway.child.signal('SIGUSR1');
  await eventually(async () => (await readFile(file, 'utf8').catch(() => null)) !== null, 'a new file');
  await ask(gateway.port, get('/after'));
  await has(file, '"/after"');
  assert.doesNotMatch(await readFile(`${file}.1`, 'utf8'), /after/);
});

test('a reader of the log who does not read delays nobody', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene();
  gateway.child.process.stdout.pause();
  const path_ = `/${'p'.repeat(2000)}`;
  for (let i = 0; i < 10; i += 1) await Promise.all(Array.from({ length: 30 }, () => ask(port, get(path_))));
  gateway.child.process.stdout.resume();
});
