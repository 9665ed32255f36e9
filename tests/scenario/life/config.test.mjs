import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { eventually, within } from '../harness/eventually.mjs';
import { binary, toOrigin } from '../harness/gateway.mjs';
import { freePorts } from '../harness/ports.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { atEnd, rawOrigin, startGateway } from '../harness/scene.mjs';

async function runs(name, text) {
  const dir = await mkdtemp(path.join(tmpdir(), 'scenario-config-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  const file = path.join(dir, name);
  if (text !== undefined) await writeFile(file, text);
  const child = new Child(binary, ['run', '--config', file], { cwd: dir });
  atEnd(() => child.stop('SIGKILL'));
  return child;
}

async function ends(child) {
  const { code } = await within(child.exited, 'the process');
  return { code, said: child.err + child.out };
}

const yaml = (port, more = '') => `listeners: [ { name: public, address: "127.0.0.1:${port}" } ]
admin: { address: "127.0.0.1:${port + 1}" }
stateDir: state
services:
  - { serviceName: order-service, instances: [ { host: 127.0.0.1, port: 9 } ] }
routes:
  - { routeId: orders-get, method: GET, path: "/api/orders/{orderId}", upstreamService: order-service, authRequired: false }
${more}`;

const faults = [
  ['an unknown key', 'limts: {}\n', /:8:1\b.*limts/s],
  ['a value of the wrong kind', 'runtime: { workers: many }\n', /:8:\d+\b.*workers.*many/s],
  ['a bare number as a duration', 'runtime: { drainDelay: 5 }\n', /:8:\d+\b.*drainDelay/s],
  ['bad syntax', 'health: { address\n', /:\d+:\d+\b/],
  ['a key twice', 'stateDir: other\n', /:8:\d+\b.*stateDir/s],
];
for (const [name, more, wanted] of faults) {
  test(`${name} ends the start with 78, and its place`, { timeout: 60_000 }, async () => {
    const { code, said } = await ends(await runs('penstock.yaml', yaml(20000, more)));
    assert.equal(code, 78, said);
    assert.match(said, wanted);
    assert.match(said, /penstock\.yaml:\d+:\d+/);
  });
}

test('a route to a service that is not there is an error with its place, in JSON too', { timeout: 60_000 }, async () => {
  const text = '{\n  "listeners": [ { "name": "public", "address": "127.0.0.1:20000" } ],\n  "routes": [\n    { "routeId": "r", "path": "/", "upstreamService": "ordr" }\n  ]\n}\n';
  const { code, said } = await ends(await runs('penstock.json', text));
  assert.equal(code, 78, said);
  assert.match(said, /penstock\.json:4:\d+.*ordr/s);
});

test('a file that is not there ends the start with 1', { timeout: 60_000 }, async () => {
  const { code, said } = await ends(await runs('absent.yaml'));
  assert.equal(code, 1, said);
  assert.match(said, /absent\.yaml/);
});

test('YAML serves as JSON does, with variables of the environment', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const [port, admin] = await freePorts(2);
  const text = yaml(port, 'runtime: { drainDelay: 0s }\n').replace('host: 127.0.0.1, port: 9 ', `host: "\${SCENARIO_UNSET_HOST:-127.0.0.1}", port: ${origin.port} `).replace(`127.0.0.1:${port + 1}`, `127.0.0.1:${admin}`);
  const child = await runs('penstock.yaml', text);
  await eventually(async () => (await ask(admin, get('/readyz'))).status === 200, `ready\n${child.err}`);
  assert.equal((await ask(port, get('/api/orders/7'))).status, 200);
  assert.equal((await ask(port, get('/api/orders'))).status, 404);
  assert.equal((await child.stop()).code, 0);
});

test('a host name that does not resolve is a finding, not an error', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const config = toOrigin(origin.port);
  config.services.push({ serviceName: 'away', instances: [{ host: 'nowhere.invalid', port: 80 }] });
  config.routes.push({ routeId: 'away', path: '/away', upstreamService: 'away', authRequired: false });
  const gateway = await startGateway(config);
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal((await ask(gateway.port, get('/away'))).status, 503);
  await eventually(() => gateway.child.err.includes('nowhere.invalid'), 'a word on it');
});

test('a host name that resolves is used', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const config = toOrigin(origin.port);
  config.services[0].instances[0].host = 'localhost';
  const gateway = await startGateway(config);
  await eventually(async () => (await ask(gateway.port, get('/'))).status === 200, 'served by name');
});
