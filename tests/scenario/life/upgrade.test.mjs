import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { eventually, within } from '../harness/eventually.mjs';
import { Gateway, binary, toOrigin } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { freePorts } from '../harness/ports.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rewrite, status } from '../harness/reload.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';
import { firstHasEnded, replaceProgram, script, startUpgradable, taken, upgrade } from '../harness/upgrade.mjs';

const options = { timeout: 90_000 };

test('USR2: a new process serves, the old one ends with 0', options, async () => {
  const origin = await rawOrigin();
  const gateway = await startUpgradable(toOrigin(origin.port));
  const first = gateway.pid;
  const told = await upgrade(gateway);
  assert.equal(told.state, 'serving');
  assert.deepEqual(told.upgrade, { took_over_from: first });
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  assert.equal(await gateway.metric('penstock_upgrades_total', { result: 'success' }), 1);
  await firstHasEnded(gateway);
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal((await readFile(`${gateway.config.stateDir}/lock`, 'utf8')).trim(), String(gateway.pid));
});

test('the state folder stays locked, its token valid, and the last good configuration is kept', options, async () => {
  const origin = await rawOrigin();
  const gateway = await startUpgradable(toOrigin(origin.port));
  const kept = `${gateway.config.stateDir}/last-good`;
  await eventually(() => stat(kept), 'the last good configuration');
  await rewrite(gateway, { ...gateway.config, runtime: { ...gateway.config.runtime, drainDelay: '1ms' } });
  await upgrade(gateway);
  await firstHasEnded(gateway);
  const second = await Gateway.prepare({ ...toOrigin(origin.port), stateDir: gateway.config.stateDir });
  atEnd(() => second.remove());
  second.spawn();
  assert.equal((await within(second.child.exited, 'a process on the same folder')).code, 1);
  assert.ok(second.child.err.includes(`in use by process ${gateway.pid}`), second.child.err);
  assert.equal((await status(gateway)).pid, gateway.pid);
  await eventually(async () => (await readFile(kept, 'utf8')).includes('"drainDelay":"1ms"'), 'what is served now');
});

test('a connection that waits gets one more answer, one in flight its own', options, async () => {
  const held = [];
  const origin = await rawOrigin({ respond: (request, c) => (request.target === '/held' ? held.push(c) : c.send(answer('200 OK', 'ok'))) });
  const gateway = await startUpgradable(toOrigin(origin.port));
  const waits = new RawClient(gateway.port, { methods: ['GET', 'GET'] }).send(get('/'));
  await waits.response();
  const flies = new RawClient(gateway.port).send(get('/held'));
  await eventually(() => held.length === 1, 'the request at the origin');
  await upgrade(gateway);
  held[0].send(answer('200 OK', 'late'));
  assert.equal((await flies.response()).body, 'late');
  await flies.closed();
  waits.send(get('/'));
  const last = await waits.response(1);
  assert.equal(last.status, 200);
  assert.equal(valueOf(last, 'connection')?.toLowerCase(), 'close');
  await waits.closed();
  await firstHasEnded(gateway);
});

test('TERM ends a process that drains beside its successor', options, async () => {
  const held = [];
  const origin = await rawOrigin({ respond: (request, c) => (request.target === '/held' ? held.push(c) : c.send(answer('200 OK', 'ok'))) });
  const gateway = await startUpgradable({ ...toOrigin(origin.port), runtime: { drainTimeout: '100ms' } });
  const flies = new RawClient(gateway.port).send(get('/held'));
  await eventually(() => held.length === 1, 'the request at the origin');
  await upgrade(gateway);
  gateway.child.signal('SIGTERM');
  await flies.closed();
  await firstHasEnded(gateway);
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
});

test('listeners that are new, gone or moved', options, async () => {
  const origin = await rawOrigin();
  const [stays, goes, moves, moved, added] = await freePorts(5);
  const listener = (name, port) => ({ name, address: `127.0.0.1:${port}` });
  const gateway = await startUpgradable({ ...toOrigin(origin.port), listeners: [listener('stays', stays), listener('goes', goes), listener('moves', moves)] });
  await rewrite(gateway, { ...gateway.config, listeners: [listener('added', added), listener('moves', moved), listener('stays', stays)] });
  await upgrade(gateway);
  for (const port of [stays, moved, added]) assert.equal((await ask(port, get('/'))).status, 200);
  await firstHasEnded(gateway);
  for (const port of [goes, moves]) assert.equal(await new RawClient(port).connected, false);
  for (const port of [stays, moved, added]) assert.equal((await ask(port, get('/'))).status, 200);
});

// What starts waits for a file before it becomes the gateway.
async function slowUpgrade() {
  const origin = await rawOrigin();
  const gateway = await startUpgradable(toOrigin(origin.port));
  const go = path.join(gateway.dir, 'go');
  await replaceProgram(gateway, script(`while [ ! -e ${go} ]; do sleep 0.01; done; exec ${binary} "$@"`));
  gateway.child.signal('SIGUSR2');
  const successor = await eventually(async () => (await status(gateway)).upgrade.new_process, 'a process that starts');
  return { gateway, successor, go: () => writeFile(go, '') };
}

test('during an upgrade USR2 is refused, and HUP reaches both processes', options, async () => {
  const { gateway, go } = await slowUpgrade();
  gateway.child.signal('SIGUSR2');
  await eventually(() => gateway.child.err.includes('USR2: an upgrade is under way'), 'a refusal');
  gateway.child.signal('SIGHUP');
  await eventually(async () => (await status(gateway)).config.version === 2, 'a reload');
  await go();
  await taken(gateway);
  await eventually(async () => (await status(gateway)).config.version === 2, 'a reload of the new process');
});

test('TERM during an upgrade ends both', options, async () => {
  const { gateway, successor } = await slowUpgrade();
  gateway.child.signal('SIGTERM');
  assert.equal((await within(gateway.child.exited, 'its end')).code, 0);
  // Whoever has inherited it may take its time to notice.
  await eventually(() => !existsSync(`/proc/${successor}/exe`) || undefined, 'the end of the new process');
});
