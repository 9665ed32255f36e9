import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { eventually, within } from '../harness/eventually.mjs';
import { binary } from '../harness/gateway.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { reload, status } from '../harness/reload.mjs';
import { atEnd, scene, startGateway } from '../harness/scene.mjs';

// `penstock status` with these arguments: its exit code and what it says.
async function runs(args, env = {}) {
  const child = new Child(binary, ['status', ...args], { env: { ...process.env, ...env } });
  atEnd(() => child.stop('SIGKILL'));
  const { code } = await within(child.exited, 'the verb');
  return { code, out: child.out, err: child.err };
}

const place = (gateway) => ['--admin', `http://127.0.0.1:${gateway.adminPort}`, '--state-dir', gateway.config.stateDir];

test('the status tells what serves, where and from what', { timeout: 60_000 }, async () => {
  const { gateway, origin, port } = await scene({}, { limits: { connections: 77 } });
  const client = new RawClient(port).send(get('/'));
  await client.response();
  const told = await status(gateway);
  assert.equal(told.state, 'serving');
  assert.equal(told.pid, gateway.child.pid);
  assert.equal(told.workers, 2);
  const asked = process.env.PENSTOCK_IO ?? 'auto';
  assert.ok(['io_uring', 'epoll'].includes(told.io) && ['auto', told.io].includes(asked), told.io);
  assert.equal(told.state_dir, gateway.config.stateDir);
  assert.deepEqual(told.config.sources, [gateway.file]);
  assert.equal(told.config.version, 1);
  assert.match(told.config.hash, /^[0-9a-f]{64}$/);
  assert.equal(told.config.last_apply.ok, true);
  assert.deepEqual(told.listeners, [{ name: 'public', address: `127.0.0.1:${port}`, connections: 1, connections_limit: 77 }]);
  assert.deepEqual(told.admin_listeners.map((each) => each.name), ['admin', 'health']);
  const [{ name, endpoints: [endpoint] }] = told.services;
  assert.equal(name, 'origin');
  assert.equal(endpoint.address, `127.0.0.1:${origin.port}`);
  assert.equal(endpoint.healthy, true);
  assert.equal(endpoint.weight, 1);
  assert.equal(endpoint.in_flight, 0);
  client.destroy();
});

test('an endpoint that cannot be reached shows as ejected', { timeout: 60_000 }, async () => {
  const { gateway, origin, port } = await scene();
  await origin.stop();
  await ask(port, get('/'));
  await eventually(async () => {
    await ask(port, get('/'));
    return (await status(gateway)).services[0].endpoints[0].healthy === false;
  }, 'an ejected endpoint');
});

test('penstock status prints it for people and for programs', { timeout: 60_000 }, async () => {
  const { gateway } = await scene();
  const people = await runs(place(gateway));
  assert.equal(people.code, 0, people.err);
  for (const part of ['serving', `process ${gateway.child.pid}`, 'configuration version 1', gateway.file, 'public', 'origin', 'healthy']) {
    assert.ok(people.out.includes(part), `${part} in\n${people.out}`);
  }
  const programs = await runs([...place(gateway), '-o', 'json']);
  assert.equal(programs.code, 0);
  assert.equal(JSON.parse(programs.out).pid, gateway.child.pid);
  const [, admin, , folder] = place(gateway);
  assert.equal((await runs([], { PENSTOCK_ADMIN: admin, PENSTOCK_STATE_DIR: folder })).code, 0);
  gateway.config.routes[0].upstreamService = 'nowhere';
  gateway.config.runtime.workers = 3;
  assert.equal(await reload(gateway, gateway.config), 'failure');
  assert.match((await runs(place(gateway))).out, /last change failed.*\n.*nowhere/);
  gateway.config.routes[0].upstreamService = 'origin';
  assert.equal(await reload(gateway, gateway.config), 'success');
  assert.match((await runs(place(gateway))).out, /waits for a restart: runtime\.workers/);
});

test('penstock status says why it has nothing to tell', { timeout: 60_000 }, async () => {
  const { gateway } = await scene();
  const other = await startGateway({ services: gateway.config.services, routes: gateway.config.routes });
  const [, admin, , folder] = place(gateway);
  for (const [args, code, word] of [
    [['--admin', admin, '--state-dir', other.config.stateDir], 1, /does not accept this admin token/],
    [['--admin', admin, '--state-dir', `${gateway.dir}/none`], 1, /--state-dir/],
    [['--admin', 'http://127.0.0.1:1', '--state-dir', folder], 1, /nobody listens there/],
    [['--admin', 'ftp://x', '--state-dir', folder], 64, /expected a URL/],
    [['--admin', 'nonsense', '--state-dir', folder], 64, /expected a URL/],
    [['--admin', `http://127.0.0.1:${gateway.healthPort}`, '--state-dir', folder], 1, /answered 404/],
    [['-o', 'yaml'], 64, /yaml/],
    [['extra'], 64, /extra/],
  ]) {
    const told = await runs(args);
    assert.equal(told.code, code, `${args}: ${told.err}`);
    assert.match(told.err, word);
  }
  const told = await runs(['-o', 'json', '--admin', 'http://127.0.0.1:1', '--state-dir', folder]);
  assert.equal(told.code, 1);
  assert.deepEqual(JSON.parse(told.out), { ok: false, error: 'cannot ask http://127.0.0.1:1: nobody listens there' });
});
