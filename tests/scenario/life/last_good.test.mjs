import assert from 'node:assert/strict';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually, within } from '../harness/eventually.mjs';
import { Child } from '../harness/child.mjs';
import { Gateway, binary, toOrigin } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { reload, status } from '../harness/reload.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';

// A gateway that has served once and is gone; `begin` starts it again with its file as it is now.
async function servedOnce(change = () => {}) {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare(toOrigin(origin.port));
  atEnd(() => gateway.remove());
  change(gateway.config);
  await writeFile(gateway.file, JSON.stringify(gateway.config));
  gateway.spawn();
  await gateway.ready();
  gateway.lastGood = `${gateway.config.stateDir}/last-good`;
  await eventually(() => stat(gateway.lastGood), 'the last good configuration');
  assert.equal((await gateway.child.stop()).code, 0);
  gateway.begin = (args = ['--fallback', 'last-good'], env = {}) => {
    gateway.child = new Child(binary, ['run', '--config', gateway.file, ...args], { cwd: gateway.dir, env: { ...process.env, ...env } });
    atEnd(() => gateway.child.stop());
    return gateway.child;
  };
  return gateway;
}

test('a start with a broken file serves what was served last, and says so everywhere', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  const good = await readFile(gateway.file, 'utf8');
  await writeFile(gateway.file, good.replace('upstreamService', 'upstreamServce'));
  gateway.begin();
  await gateway.ready();
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.match(gateway.child.err, /level=warn.*last good configuration/);
  assert.match(gateway.child.err, /penstock\.json:\d+:\d+/);
  assert.equal(await gateway.metric('penstock_config_fallback'), 1);
  assert.equal(await gateway.metric('penstock_config_last_apply_success'), 0);
  assert.match((await ask(gateway.healthPort, get('/readyz?verbose'))).body, /last good/);
  const { config } = await status(gateway);
  assert.equal(config.fallback, true);
  assert.match(config.last_apply.errors.join('\n'), /upstreamServce/);
  assert.equal(await reload(gateway, good), 'success');
  assert.equal(await gateway.metric('penstock_config_fallback'), 0);
  assert.equal(await gateway.metric('penstock_config_last_apply_success'), 1);
  assert.equal((await status(gateway)).config.fallback, false);
});

test('a file whose syntax is broken still says where the last good one is kept', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  await writeFile(gateway.file, JSON.stringify(gateway.config, null, 1).slice(0, -2));
  gateway.begin();
  await gateway.ready();
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal((await status(gateway)).config.version, 1);
});

test('a file that is gone is one more reason, if the state folder is named', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  await rm(gateway.file);
  gateway.begin(['--fallback', 'last-good'], { PENSTOCK_STATE_DIR: gateway.config.stateDir });
  await gateway.ready();
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
});

test('without --fallback a broken file ends the start', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  await writeFile(gateway.file, '{');
  assert.equal((await within(gateway.begin([]).exited, 'the process')).code, 78);
});

test('one that is damaged or was never kept is no fallback', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  const kept = await readFile(gateway.lastGood, 'utf8');
  await writeFile(gateway.file, JSON.stringify({ stateDir: gateway.config.stateDir }));
  await writeFile(gateway.lastGood, kept.replace('127.0.0.1', '127.0.0.2'));
  let child = gateway.begin();
  assert.equal((await within(child.exited, 'the process')).code, 78);
  assert.match(child.err, /last-good is damaged/);
  await rm(gateway.lastGood);
  child = gateway.begin();
  assert.equal((await within(child.exited, 'the process')).code, 78);
  assert.match(child.err, /last-good: No such file/);
});

test('variables are kept as they are written', { timeout: 60_000 }, async () => {
  process.env.SCENARIO_SECRET_PATH = '/very-secret';
  const gateway = await servedOnce((config) => { config.routes[0].path = '${SCENARIO_SECRET_PATH}'; });
  const kept = await readFile(gateway.lastGood, 'utf8');
  assert.ok(kept.includes('${SCENARIO_SECRET_PATH}'));
  assert.ok(!kept.includes('very-secret'));
  assert.equal((await stat(gateway.lastGood)).mode & 0o777, 0o600);
  await writeFile(gateway.file, 'broken: [');
  gateway.begin(['--fallback', 'last-good', '--state-dir', gateway.config.stateDir]);
  await gateway.ready();
  assert.equal((await ask(gateway.port, get('/very-secret'))).status, 200);
});

test('each reload is kept; where it cannot be, serving goes on', { timeout: 60_000 }, async () => {
  const gateway = await servedOnce();
  gateway.begin([]);
  await gateway.ready();
  gateway.config.routes[0].path = '/second/*';
  assert.equal(await reload(gateway, gateway.config), 'success');
  await eventually(async () => (await readFile(gateway.lastGood, 'utf8')).includes('/second/*'), 'the second one kept');
  await rm(gateway.config.stateDir, { recursive: true });  // As a full disk would: nothing can be written.
  gateway.config.routes[0].path = '/third/*';
  assert.equal(await reload(gateway, gateway.config), 'success');
  await eventually(() => /level=warn.*not kept/.test(gateway.child.err), 'a word on it');
  assert.equal((await ask(gateway.port, get('/third/x'))).status, 200);
});
