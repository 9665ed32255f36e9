import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { reload, status } from '../harness/reload.mjs';
import { atEnd, scene } from '../harness/scene.mjs';

const patience = { timeout: 120_000 };

const shed = (gateway, labels) => gateway.metric('penstock_overload_shed_total', labels);

// So many clients at an address that ask for a large answer and do not read it.
async function slowReaders(port, count, localAddress) {
  const clients = [];
  for (let i = 0; i < count; i += 1) {
    const client = new RawClient(port, { localAddress });
    await client.connected;
    client.socket.pause();
    client.send(get('/large'));
    clients.push(client);
    atEnd(() => client.destroy());
  }
  return clients;
}

const large = answer('200 OK', 'x'.repeat(8 * 1024 * 1024));

test('memory that runs out: who holds the most is turned away first, and all returns to normal', { ...patience, skip: isSanitized() && 'memory is no measure' }, async () => {
  const { gateway, port } = await scene({ respond: (request, c) => c.send(request.target === '/large' ? large : answer('200 OK', 'ok')) }, { config: { runtime: { workers: 1 } } });
  const base = await gateway.memory();
  const limit = Math.ceil(base / 2 ** 20) + 24;
  assert.equal(await reload(gateway, { ...gateway.config, overload: { memory: `${limit}MiB` } }), 'success');
  const noisy = await slowReaders(port, 700, '127.0.0.9');
  await eventually(async () => (await shed(gateway, { resource: 'memory' })) > 0, 'something that is turned away');
  // Somebody else is served meanwhile, and those who watch are.
  await eventually(async () => (await ask(port, get('/'), { localAddress: '127.0.0.10' })).status === 200, 'an answer for somebody else');
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  assert.equal((await status(gateway)).state, 'serving');
  assert.ok((await gateway.memory()) < (limit + 8) * 2 ** 20, `${await gateway.memory()} bytes of ${limit} MiB`);
  for (const client of noisy) client.destroy();
  await eventually(async () => (await gateway.metric('penstock_overload_pressure_ratio', { resource: 'memory' })) < 0.9, 'memory that is given back');
  await eventually(async () => (await ask(port, get('/'), { localAddress: '127.0.0.9' })).status === 200, 'an answer for who was noisy');
});

test('a request that is refused says so to its client and in the log', { ...patience, skip: isSanitized() && 'memory is no measure' }, async () => {
  const { gateway, port } = await scene({}, { config: { runtime: { workers: 1 } } });
  const client = new RawClient(port, { methods: ['GET', 'GET'] }).send(get('/'));
  assert.equal((await client.response()).status, 200);
  await reload(gateway, { ...gateway.config, overload: { memory: '1MiB' } });
  assert.match(gateway.child.err, /overload\.memory is nearly in use already/);
  // What is idle is given up; what comes is told.
  await client.closed();
  const refused = await new RawClient(port).response();
  assert.equal(refused.status, 503);
  assert.equal(valueOf(refused, 'retry-after'), '1');
  assert.equal(JSON.parse(refused.body).code, 'overload_memory');
  assert.ok((await gateway.metric('penstock_connections_refused_total', { reason: 'overload' })) > 0);
  await eventually(() => /overload: work is turned away.*resource=memory/.test(gateway.child.err), 'a line of the log');
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  await reload(gateway, { ...gateway.config, overload: {} });
  await eventually(() => /overload is over.*resource=memory/.test(gateway.child.err), 'another line of the log');
  assert.equal((await ask(port, get('/'))).status, 200);
});

test('where nobody may connect any more, who has one idle connection too many makes room', patience, async () => {
  const { gateway, port } = await scene({}, { limits: { connections: 4 }, config: { runtime: { workers: 1 } } });
  const noisy = [];
  for (let i = 0; i < 4; i += 1) {
    const client = new RawClient(port, { localAddress: '127.0.0.9' }).send(get('/'));
    assert.equal((await client.response()).status, 200);
    noisy.push(client);
  }
  assert.equal((await ask(port, get('/'), { localAddress: '127.0.0.10' })).status, 200);
  await noisy[0].closed();
  assert.equal(noisy.filter(({ ended }) => ended).length, 1);
  assert.equal(await shed(gateway, { resource: 'connections', what: 'idle_connection' }), 1);
});

test('descriptors that run out: those watching are still answered, and all returns to normal', { ...patience, skip: isSanitized() && 'a sanitizer takes a descriptor to look at memory, and reports what it cannot see' }, async () => {
  const held = [];
  const { gateway, port } = await scene({ respond: (request, c) => (request.target === '/held' ? held.push(c) : c.send(answer('200 OK', 'ok'))) }, { openFiles: 256, config: { runtime: { workers: 1 } } });
  const limit = (files) => execFileSync('prlimit', ['--pid', gateway.child.pid, `--nofile=${files}`]);
  const noisy = [];
  for (let i = 0; i < 20; i += 1) {
    const client = new RawClient(port, { localAddress: '127.0.0.9' }).send(get('/held'));
    atEnd(() => client.destroy());
    noisy.push(client);
  }
  await eventually(() => held.length === 20, 'requests in flight');
  limit('40:256');
  await eventually(async () => (await shed(gateway, { resource: 'descriptors', what: 'request_in_flight' })) > 0, 'requests that are given up');
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  await eventually(() => noisy.some(({ ended }) => ended), 'a connection that is cut');
  await gateway.logged(({ reason }) => reason === 'overload_descriptors');
  limit('256:256');
  await eventually(async () => (await ask(port, get('/'), { localAddress: '127.0.0.9' })).status === 200, 'an answer for who was noisy');
});

test('a worker that cannot keep up refuses requests of who has the most of them', patience, async () => {
  const { gateway, port } = await scene({}, { config: { runtime: { workers: 1 }, overload: { lag: '1ms' } } });
  const statuses = new Map();
  const clients = Array.from({ length: 400 }, () => new RawClient(port, { localAddress: '127.0.0.9', methods: Array(2000).fill('GET') }));
  for (const client of clients) await client.connected;
  const note = () => {
    for (const client of clients) for (const { status: code } of client.responses.finals) statuses.set(code, (statuses.get(code) ?? 0) + 1);
  };
  for (let round = 0; round < 20 && (await shed(gateway, { resource: 'lag', what: 'request' })) === 0; round += 1) {
    for (const client of clients) client.send(get('/').repeat(20));
    await Promise.all(clients.map((client) => client.until((c) => c.responses.finals.length >= 20 * (round + 1) || c.ended)));
  }
  note();
  assert.ok((await shed(gateway, { resource: 'lag', what: 'request' })) > 0);
  assert.deepEqual([...statuses.keys()].sort(), [200, 503]);
  for (const client of clients) client.destroy();
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'an answer once it can');
});
