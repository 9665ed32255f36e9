import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { binary, toOrigin } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { rewrite, status } from '../harness/reload.mjs';
import { rawOrigin } from '../harness/scene.mjs';
import { failedUpgrade, replaceProgram, script, startUpgradable, upgrade } from '../harness/upgrade.mjs';

const options = { timeout: 90_000 };

async function served(runtime = {}, more = {}) {
  const origin = await rawOrigin();
  return startUpgradable({ ...toOrigin(origin.port), runtime }, more);
}

async function servesOn(gateway) {
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal((await ask(gateway.healthPort, get('/readyz'))).status, 200);
  const told = await status(gateway);
  assert.equal(told.pid, gateway.child.pid);
  assert.equal(told.state, 'serving');
  assert.equal(told.upgrade.new_process, undefined);
  assert.match(gateway.child.err, /level=error event="upgrade failed; this process serves on"/);
}

for (const [what, program, error] of [
  ['is not there', '/nowhere/penstock', /cannot start .*: No such file/],
  ['is no program', '/etc/passwd', /cannot start .*: Permission denied/],
  ['exits at once', script('exit 3'), /it exited with status 3/],
  ['is killed', script('kill -9 $$'), /it was ended by signal 9/],
  ['says nonsense', script('echo hello >&$fd; exec sleep 100'), /it said something else than that it serves/],
  ['does not serve in time', script('exec sleep 100'), /it did not serve within 300ms/],
]) {
  test(`a new program that ${what}: the old process serves on`, options, async () => {
    const gateway = await served({ upgradeTimeout: '300ms' });
    await replaceProgram(gateway, program);
    assert.match(await failedUpgrade(gateway), error);
    await servesOn(gateway);
    assert.equal(await gateway.metric('penstock_upgrades_total', { result: 'failure' }), 1);
  });
}

test('a configuration in error fails the upgrade, also where a start would fall back; the next one succeeds', options, async () => {
  const gateway = await served({}, { args: ['--fallback', 'last-good'] });
  await rewrite(gateway, { ...gateway.config, services: 7 });
  assert.match(await failedUpgrade(gateway), /it exited with status 78/);
  await servesOn(gateway);
  await rewrite(gateway, gateway.config);
  await upgrade(gateway);
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
});

test('another number of workers is refused by the new process', options, async () => {
  const gateway = await served();
  await rewrite(gateway, { ...gateway.config, runtime: { ...gateway.config.runtime, workers: 3 } });
  assert.match(await failedUpgrade(gateway), /it exited with status 1/);
  assert.match(gateway.child.err, /runtime\.workers: found 3, expected 2/);
  await servesOn(gateway);
});

// It says that it serves, with all sockets that it was given, and dies.
const dies = script('sockets=${PENSTOCK_UPGRADE#*sockets=}; echo "ready $sockets" >&$fd; exit 3');

test('a new process that dies in its first seconds: the old one accepts again', options, async () => {
  const gateway = await served();
  await replaceProgram(gateway, dies);
  assert.match(await failedUpgrade(gateway), /it exited with status 3 in its first seconds/);
  await servesOn(gateway);
  assert.match(gateway.child.err, /upgraded: the new process serves/);
  await replaceProgram(gateway, binary);
  await upgrade(gateway);
  assert.equal((await ask(gateway.port, get('/'))).status, 200);
});

test('a new gateway that is killed in its first seconds: the old one accepts again', options, async () => {
  const gateway = await served();
  gateway.child.signal('SIGUSR2');
  const [, pid] = await eventually(() => /upgraded: the new process serves.* new_process=(\d+)/.exec(gateway.child.err) ?? undefined, 'an upgrade');
  process.kill(Number(pid), 'SIGKILL');
  await eventually(async () => (await status(gateway)).upgrade.last_error?.includes('signal 9'), 'the end of the new process');
  await servesOn(gateway);
});

test('what was handed over is not believed', options, async () => {
  const gateway = await served();
  await replaceProgram(gateway, script(`export PENSTOCK_UPGRADE="$PENSTOCK_UPGRADE,$fd"; exec ${binary} "$@"`));
  assert.match(await failedUpgrade(gateway), /it exited with status 1/);
  assert.match(gateway.child.err, /PENSTOCK_UPGRADE: names a descriptor twice/);
  await replaceProgram(gateway, script(`export PENSTOCK_UPGRADE="1 workers=2 channel=$fd lock=900 sockets=901"; exec ${binary} "$@"`));
  gateway.child.signal('SIGUSR2');
  await eventually(() => gateway.child.err.includes('descriptor 900 is no lock'), 'a refusal');
  await eventually(async () => (await status(gateway)).upgrade.new_process === undefined, 'the end of it');
  await servesOn(gateway);
});
