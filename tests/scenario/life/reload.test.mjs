import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { reload, rewrite, status } from '../harness/reload.mjs';
import { rawOrigin, scene } from '../harness/scene.mjs';

const route = (routeId, path, upstreamService = 'origin') => ({ routeId, path, upstreamService, authRequired: false });
const service = (serviceName, port) => ({ serviceName, instances: [{ host: '127.0.0.1', port }] });

test('HUP takes in routes and services, for connections that are open too', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene({}, { route: { path: '/old' } });
  const other = await rawOrigin({ respond: (_, connection) => connection.send(answer('200 OK', 'other')) });
  const client = new RawClient(port).send(get('/old'));
  assert.equal((await client.response(0)).status, 200);
  gateway.config.services.push(service('other', other.port));
  gateway.config.routes = [route('new', '/new', 'other')];
  assert.equal(await reload(gateway, gateway.config), 'success');
  client.send(get('/new')).send(get('/old'));
  assert.equal((await client.response(1)).body, 'other');
  assert.equal((await client.response(2)).status, 404);
  client.destroy();
  assert.equal((await ask(port, get('/new'))).body, 'other');
  const { config, services } = await status(gateway);
  assert.equal(config.version, 2);
  assert.equal(config.routes, 1);
  assert.deepEqual(services.map((each) => each.name), ['origin', 'other']);
  assert.equal(await gateway.metric('penstock_config_version_info', { version: '2', hash: config.hash.slice(0, 12) }), 1);
  assert.equal(await gateway.metric('penstock_config_version_info'), 1, 'only what is served now');
  assert.equal(await gateway.metric('penstock_config_apply_seconds_count'), 2);
  assert.equal(await gateway.metric('penstock_endpoint_healthy'), 2);
  gateway.config.services = [service('other', other.port)];
  assert.equal(await reload(gateway, gateway.config), 'success');
  assert.equal(await gateway.metric('penstock_endpoint_healthy'), 1, 'endpoints that are gone are not shown');
  const line = await gateway.logged((each) => each.route_id === 'new');
  assert.equal(line.config_version, 2);
});

test('a bad file leaves what was served, and is told everywhere', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene();
  const good = structuredClone(gateway.config);
  gateway.config.routes[0].upstreamService = 'orign';
  gateway.config.limts = 1;
  assert.equal(await reload(gateway, gateway.config), 'failure');
  assert.equal((await ask(port, get('/'))).status, 200);
  assert.equal(await gateway.metric('penstock_config_last_apply_success'), 0);
  const { config, state } = await status(gateway);
  assert.equal(state, 'serving');
  assert.equal(config.version, 1);
  assert.equal(config.last_apply.ok, false);
  assert.equal(config.last_apply.errors.length, 2);
  assert.match(config.last_apply.errors.join('\n'), /penstock\.json:\d+:\d+.*orign/);
  assert.match(gateway.child.err, /level=error.*orign/);
  assert.match((await ask(gateway.healthPort, get('/readyz?verbose'))).body, /the last reload failed/);
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  assert.equal(await reload(gateway, good), 'success');
  assert.equal(await gateway.metric('penstock_config_last_apply_success'), 1);
  assert.equal((await status(gateway)).config.last_apply.ok, true);
});

test('a file that is gone leaves what was served', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene();
  await rm(gateway.file);
  assert.equal(await reload(gateway), 'failure');
  assert.equal((await ask(port, get('/'))).status, 200);
  assert.match((await status(gateway)).config.last_apply.errors[0], /cannot be read/);
});

test('a file full of errors is told of in few lines', { timeout: 60_000 }, async () => {
  const { gateway } = await scene();
  gateway.config.routes = Array.from({ length: 5_000 }, (_, i) => route(`r${i}`, `/r${i}`, `missing${i}`));
  const lines = () => gateway.child.err.split('\n').length;
  const before = lines();
  assert.equal(await reload(gateway, gateway.config), 'failure');
  assert.ok(lines() - before < 40, gateway.child.err.slice(-2000));
  assert.ok((await status(gateway)).config.last_apply.errors.length < 30);
});

test('HUP upon HUP ends with what the file says last', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene();
  for (let i = 0; i < 30; i += 1) {
    gateway.config.routes = [route(`r${i}`, `/r${i}`)];
    await rewrite(gateway, gateway.config);
    gateway.child.signal('SIGHUP');
  }
  await eventually(async () => (await ask(port, get('/r29'))).status === 200, 'the last one served');
});

test('what needs a restart is named, and the rest of the change is in force', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene({}, { route: { path: '/old' } });
  const before = structuredClone(gateway.config);
  gateway.config.listeners = [{ name: 'renamed', address: gateway.config.listeners[0].address }];
  gateway.config.runtime.workers = 3;
  await status(gateway);
  gateway.config.stateDir = `${gateway.dir}/elsewhere`;
  gateway.config.routes = [route('new', '/new')];
  assert.equal(await reload(gateway, gateway.config), 'success');
  assert.equal((await ask(port, get('/new'))).status, 200, 'a listener that is gone from the file serves on');
  const waiting = ['listeners[renamed]', 'listeners[public]', 'stateDir', 'runtime.workers'];
  const { config, workers, listeners } = await status(gateway);
  assert.deepEqual(config.waiting_for_restart, waiting);
  assert.equal(workers, 2);
  assert.equal(listeners[0].name, 'public');
  assert.equal(await gateway.metric('penstock_config_waiting_for_restart'), waiting.length);
  for (const path of waiting) assert.ok(gateway.child.err.includes(`setting=${path}`), path);
  assert.equal(await reload(gateway, { ...before, routes: gateway.config.routes }), 'success');
  assert.equal(await gateway.metric('penstock_config_waiting_for_restart'), 0);
});

test('a listener\'s limits and trusted proxies change with a reload', { timeout: 60_000 }, async () => {
  const { gateway, origin, port } = await scene({}, { limits: { bodyBytes: '10B' } });
  const post = () => ask(port, request('POST', '/', [], 'x'.repeat(20)));
  const kept = new RawClient(port).send(get('/', 'X-Forwarded-For: 192.0.2.7'));
  await kept.response(0);
  assert.equal((await post()).status, 413);
  Object.assign(gateway.config.listeners[0], { limits: { bodyBytes: '1KiB' }, trustedProxies: ['127.0.0.1'] });
  assert.equal(await reload(gateway, gateway.config), 'success');
  assert.equal((await post()).status, 200);
  kept.send(get('/', 'X-Forwarded-For: 192.0.2.7'));
  await kept.response(1);
  kept.destroy();
  const lines = await eventually(() => gateway.log.filter((each) => each.method === 'GET').length === 2 && gateway.log, 'two lines');
  assert.deepEqual(lines.filter((each) => each.method === 'GET').map((each) => each.client_ip), ['127.0.0.1', '192.0.2.7']);
  assert.ok(origin.requests.length >= 3);
  gateway.config.listeners[0].limits.connections = 1;
  assert.equal(await reload(gateway, gateway.config), 'success');
  const one = new RawClient(port).send(get('/'));
  assert.equal((await one.response()).status, 200);
  const second = new RawClient(port).send(get('/'));
  assert.equal((await second.response()).status, 503);
  one.destroy();
});

test('HUP while it drains changes nothing', { timeout: 60_000 }, async () => {
  const held = [];
  const { gateway, port } = await scene({ respond: (_, connection) => held.push(connection) });
  const client = new RawClient(port).send(get('/'));
  await eventually(() => held.length > 0, 'the request at the origin');
  gateway.child.signal('SIGTERM');
  await eventually(async () => (await ask(gateway.healthPort, get('/readyz'))).status === 503, 'not ready');
  gateway.child.signal('SIGHUP');
  await eventually(() => /HUP.*drain/.test(gateway.child.err), 'a word on it');
  held[0].send(answer('200 OK', 'done'));
  assert.equal((await client.response()).body, 'done');
});
