import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { Gateway, isSanitized, toOrigin } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rewrite, status } from '../harness/reload.mjs';
import { atEnd, rawOrigin, scene } from '../harness/scene.mjs';

const served = async (port, times = 5) => {
  for (let i = 0; i < times; i += 1) assert.equal((await ask(port, get('/'))).status, 200);
};

test('killed at any moment, it starts again with what it had', { timeout: 120_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare(toOrigin(origin.port));
  gateway.spawn();
  await gateway.ready();
  await status(gateway);
  const { token } = gateway;
  for (let round = 0; round < 6; round += 1) {
    const asking = (async () => {
      while (!gateway.child.how) await ask(gateway.port, get('/')).catch(() => {});
    })();
    // Reloads keep writing the last good configuration meanwhile.
    for (let i = 0; i < 5; i += 1) {
      await rewrite(gateway, { ...gateway.config, services: [{ ...gateway.config.services[0], pool: { maxConnections: 100 + round * 10 + i } }] });
      gateway.child.signal('SIGHUP');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    }
    gateway.child.signal('SIGKILL');
    await gateway.child.exited;
    await asking;
    gateway.spawn();
    await gateway.ready();
    gateway.token = undefined;
    await served(gateway.port);
    assert.equal((await status(gateway)).config.fallback, false);
    assert.equal(gateway.token, token);
  }
  // Nothing is left behind by those that were killed.
  assert.ok((await readdir(gateway.config.stateDir)).length < 12, `${await readdir(gateway.config.stateDir)}`);
  await gateway.stop();
});

test('a full disk costs lines of the access log, no request', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene({}, { config: { observability: { accessLog: { path: '/dev/full' } } } });
  await served(port, 20);
  await eventually(async () => (await gateway.metric('penstock_log_lines_dropped_total', { reason: 'write_failed' })) >= 20, 'lost lines that are counted');
  assert.equal(gateway.child.err.match(/access log/g).length, 1, 'said once');
  await served(port);
});

test('a file that may not grow costs lines of the access log, not the process', { timeout: 60_000 }, async () => {
  // What it counts while coverage is measured may not grow, either.
  const env = { LLVM_PROFILE_FILE: '/dev/null' };
  const { gateway, port } = await scene({}, { config: { observability: { accessLog: { path: 'access.log' } } }, through: ['prlimit', '--fsize=4096:4096'], env });
  await served(port, 60);
  await eventually(async () => (await gateway.metric('penstock_log_lines_dropped_total', { reason: 'write_failed' })) > 0, 'lost lines that are counted');
  assert.ok((await stat(path.join(gateway.dir, 'access.log'))).size <= 4096);
  await served(port);
});

test('with 64 descriptors it serves, and says what it lowered', { timeout: 60_000 }, async () => {
  const { gateway, port } = await scene({}, { openFiles: 64 });
  await served(port, 30);
  assert.match(gateway.child.err, /connections lowered/);
});

test('with little address space it turns work away rather than end', { timeout: 120_000, skip: isSanitized() && 'a sanitizer needs all of it' }, async () => {
  const large = answer('200 OK', 'x'.repeat(8 * 1024 * 1024));
  const { gateway, port } = await scene({ respond: (request, c) => c.send(request.target === '/large' ? large : answer('200 OK', 'ok')) }, { through: ['prlimit', '--as=800000000'], config: { runtime: { workers: 1 } } });
  const spaceLeft = await gateway.addressSpace();
  execFileSync('prlimit', ['--pid', gateway.child.pid, `--as=${spaceLeft + 40 * 2 ** 20}`]);
  const slow = [];
  for (let i = 0; i < 1500; i += 1) {
    const client = new RawClient(port, { localAddress: '127.0.0.9' });
    if (!(await client.connected)) continue;
    client.socket.pause();
    client.send(get('/large'));
    slow.push(client);
    atEnd(() => client.destroy());
  }
  await eventually(async () => (await gateway.metric('penstock_overload_shed_total', { resource: 'memory' })) > 0, 'work that is turned away');
  assert.equal(gateway.child.how, undefined, 'it lives');
  for (const client of slow) client.destroy();
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'an answer');
});

// The library alone: the command of that name would stand between the process and its signals.
async function fakeTime() {
  for (const folder of await readdir('/usr/lib')) {
    const library = `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`;
    if (existsSync(library)) return library;
  }
  throw new Error('libfaketime is not installed');
}

test('the clock may jump either way', { timeout: 60_000, skip: isSanitized() && 'libfaketime and sanitizers are not for one process' }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare({ ...toOrigin(origin.port, { timeouts: { firstByte: '2s' } }), rateLimitPolicies: [{ policyId: 'some', limit: 1000, window: '1m', scope: 'ip' }], defaults: { rateLimitPolicy: 'some' } });
  const clock = path.join(gateway.dir, 'clock');
  await writeFile(clock, '+0');
  gateway.spawn({ env: { LD_PRELOAD: await fakeTime(), FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_RESET: '1' } });
  atEnd(() => gateway.stop());
  await gateway.ready();
  const day = async () => new Date(valueOf(await ask(gateway.port, get('/nothing/../%')), 'date')).getTime() / 86_400_000;
  for (const jump of ['+3d', '-2d', '+400d', '+0']) {
    await writeFile(clock, jump);
    await served(gateway.port, 10);
    await eventually(async () => Math.abs((await day()) - Date.now() / 86_400_000 - Number(jump.replace('d', ''))) < 0.5, `a clock at ${jump}`);
  }
});
