import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder, penstock } from './penstock.mjs';

const base = `listeners: [ { name: public, address: "127.0.0.1:20000" } ]
services:
  - { serviceName: order-service, instances: [ { host: 127.0.0.1, port: 9 } ] }
routes:
  - { routeId: orders-get, path: "/api/orders", upstreamService: order-service, authRequired: false }
`;

test('a configuration that would be served is told in one line', { timeout: 60_000 }, async () => {
  const { code, out, err } = await penstock(await folder({ 'base.yaml': base }), ['check', 'base.yaml']);
  assert.equal(out, 'base.yaml: ok (listeners: 1, services: 1, routes: 1)\n');
  assert.equal(err, '');
  assert.equal(code, 0);
});

test('all that is wrong is said at once, with the counts', { timeout: 60_000 }, async () => {
  const text = base.replace('path:', 'pth:').replace('upstreamService: order-service', 'upstreamService: order-svc') + 'runtime: { drainDelay: 5 }\n';
  const { code, lines } = await penstock(await folder({ 'base.yaml': text }), ['check', 'base.yaml']);
  assert.equal(code, 78);
  assert.match(lines[0], /^base\.yaml:5:5 routes\[0\]\.path: found no such key, expected text: it is required$/);
  assert.match(lines[1], /^base\.yaml:5:28 routes\[0\]: found the key "pth", expected .*; did you mean "path"\?$/);
  assert.match(lines[2], /^base\.yaml:5:65 routes\[0\]\.upstreamService: found "order-svc", .*; did you mean "order-service"\?$/);
  assert.match(lines[3], /^base\.yaml:6:24 runtime\.drainDelay: found 5, expected a duration such as 1m30s, from 0s to 10m$/);
  assert.deepEqual(lines.slice(4), ['4 errors, 0 warnings']);
});

test('warnings let it pass, but not --strict', { timeout: 60_000 }, async () => {
  const dir = await folder({ 'base.yaml': base.replace(', authRequired: false', '') });
  const lenient = await penstock(dir, ['check', 'base.yaml']);
  assert.equal(lenient.code, 0);
  assert.match(lenient.lines[0], /^warning: base\.yaml:5:16 routes\[0\]: .*no_auth_policy/);
  assert.equal(lenient.lines[1], 'base.yaml: ok, with 1 warning (listeners: 1, services: 1, routes: 1)');
  const strict = await penstock(dir, ['check', '--strict', 'base.yaml']);
  assert.equal(strict.code, 78);
  assert.equal(strict.lines[1], '1 warning, which --strict refuses');
});

test('a machine reads the same as JSON', { timeout: 60_000 }, async () => {
  const dir = await folder({ 'base.yaml': base, 'prod.yaml': 'routes: [ { routeId: orders-get, upstreamService: nowhere } ]\n' });
  const good = await penstock(dir, ['check', '-o', 'json', 'base.yaml']);
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.out), { ok: true, files: ['base.yaml'], errors: 0, warnings: 0, counts: { listeners: 1, services: 1, routes: 1 }, findings: [] });
  const bad = await penstock(dir, ['check', '--output', 'json', 'base.yaml', 'prod.yaml']);
  assert.equal(bad.code, 78);
  const report = JSON.parse(bad.out);
  assert.equal(report.ok, false);
  assert.equal(report.errors, 1);
  assert.deepEqual(report.findings, [{ severity: 'error', file: 'prod.yaml', line: 1, column: 51, path: 'routes[0].upstreamService', text: 'found "nowhere", expected the serviceName of a service' }]);
});

test('a file that cannot be read is 1, wrong usage 64', { timeout: 60_000 }, async () => {
  const dir = await folder({ 'base.yaml': base });
  const absent = await penstock(dir, ['check', 'base.yaml', 'absent.yaml']);
  assert.equal(absent.code, 1);
  assert.equal(absent.lines[0], 'absent.yaml: cannot be read: No such file or directory');
  assert.equal((await penstock(dir, ['check'], { PENSTOCK_CONFIG: '' })).code, 64);
  assert.equal((await penstock(dir, ['check', '--nothing', 'base.yaml'])).code, 64);
});

test('files are laid on one another, and a variable that was replaced is not asked for', { timeout: 60_000 }, async () => {
  const dir = await folder({
    'base.yaml': base.replace('host: 127.0.0.1', 'host: "${ORDERS_HOST}"'),
    'prod.json': JSON.stringify({ services: [{ serviceName: 'order-service', instances: [{ host: '10.0.0.1', port: 80 }] }, { serviceName: 'users', instances: [{ host: '10.0.0.2', port: 80 }] }] }),
  });
  const alone = await penstock(dir, ['check', 'base.yaml']);
  assert.equal(alone.code, 78);
  assert.match(alone.out, /^base\.yaml:3:56 services\[0\]\.instances\[0\]\.host: found "\$\{ORDERS_HOST\}", expected a variable that is set/);
  assert.equal(alone.lines.at(-1), '1 error, 0 warnings');
  const both = await penstock(dir, ['check', 'base.yaml', 'prod.json']);
  assert.equal(both.out, 'base.yaml + prod.json: ok (listeners: 1, services: 2, routes: 1)\n');
});

test('the example of the quick start is good', { timeout: 60_000 }, async () => {
  const example = fileURLToPath(new URL('../../../examples/quickstart.yaml', import.meta.url));
  const { code, out } = await penstock(path.dirname(example), ['check', example]);
  assert.equal(code, 0, out);
});
