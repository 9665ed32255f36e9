import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { within } from '../harness/eventually.mjs';
import { Gateway, toOrigin } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { atEnd, rawOrigin, startGateway } from '../harness/scene.mjs';

test('a second process on the same state folder exits 1 and names the first', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const first = await startGateway(toOrigin(origin.port));
  const second = await Gateway.prepare({ ...toOrigin(origin.port), stateDir: first.config.stateDir });
  atEnd(() => second.remove());
  second.spawn();
  const { code } = await within(second.child.exited, 'the second process');
  assert.equal(code, 1);
  assert.ok(second.child.err.includes(String(first.child.pid)), second.child.err);
  assert.equal((await ask(first.port, get('/'))).status, 200);
});

test('the folder is free again once the first has gone, even by KILL', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const first = await Gateway.start(toOrigin(origin.port));
  atEnd(() => first.remove());
  await first.child.stop('SIGKILL');
  const second = await startGateway({ ...toOrigin(origin.port), stateDir: first.config.stateDir });
  assert.equal((await ask(second.port, get('/'))).status, 200);
});

test('an address that is taken ends the start with 1 and its name', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare(toOrigin(origin.port));
  gateway.config.admin.address = `127.0.0.1:${origin.port}`;
  await writeFile(gateway.file, JSON.stringify(gateway.config));
  atEnd(() => gateway.remove());
  gateway.spawn();
  const { code } = await within(gateway.child.exited, 'the process');
  assert.equal(code, 1);
  assert.ok(gateway.child.err.includes(String(origin.port)), gateway.child.err);
});
