import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Gateway, toOrigin } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';

const count = (text, part) => text.split(part).length - 1;

test('the first start makes a token and keeps it for its owner; a log that is no terminal says only where', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const first = await Gateway.start(toOrigin(origin.port));
  atEnd(() => first.remove());
  const file = `${first.config.stateDir}/admin.token`;
  const token = (await readFile(file, 'utf8')).trim();
  assert.match(token, /^pst_[\w-]{43}$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const ask_status = (port, ...fields) => ask(port, get('/api/gateway/status', ...fields));
  const good = await ask_status(first.adminPort, `Authorization: Bearer ${token}`);
  assert.equal(good.status, 200);
  assert.ok(!good.body.includes(token));
  for (const fields of [[], ['Authorization: Bearer'], [`Authorization: Bearer ${token}x`], [`Authorization: Basic ${token}`],
    [`Authorization: Bearer ${token}`, 'Authorization: Bearer other']]) {
    const refused = await ask_status(first.adminPort, ...fields);
    assert.equal(refused.status, 401, JSON.stringify(fields));
    assert.match(valueOf(refused, 'www-authenticate'), /^Bearer realm=/);
    assert.equal(JSON.parse(refused.body).code, 'admin_token_required');
  }
  assert.equal((await ask_status(first.healthPort, `Authorization: Bearer ${token}`)).status, 404);
  assert.equal((await first.child.stop()).code, 0);
  assert.equal(count(first.child.err, token), 0);
  assert.equal(count(first.child.err, `kept_in=${file}`), 1);
  assert.equal(count(first.child.out, token), 0);

  first.spawn();
  await first.ready();
  assert.equal((await ask_status(first.adminPort, `Authorization: Bearer ${token}`)).status, 200);
  assert.equal((await first.child.stop()).code, 0);
  assert.equal(count(first.child.err, token), 0, 'a later start does not show it');
});

test('an admin address for other machines shows metrics with the token only', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.prepare(toOrigin(origin.port));
  gateway.config.admin.address = `0.0.0.0:${gateway.adminPort}`;
  await writeFile(gateway.file, JSON.stringify(gateway.config));
  gateway.spawn();
  atEnd(() => gateway.stop());
  await gateway.ready();
  const token = (await readFile(`${gateway.config.stateDir}/admin.token`, 'utf8')).trim();
  for (const path of ['/metrics', '/api/gateway/metrics']) {
    assert.equal((await ask(gateway.adminPort, get(path))).status, 401);
    assert.equal((await ask(gateway.adminPort, get(path, `Authorization: Bearer ${token}`))).status, 200);
    assert.equal((await ask(gateway.healthPort, get(path))).status, 200);
  }
  for (const path of ['/livez', '/readyz']) assert.equal((await ask(gateway.adminPort, get(path))).status, 200);
});
