import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { Gateway, toOrigin } from '../harness/gateway.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';

async function holding(runtime) {
  const held = [];
  const origin = await rawOrigin({ respond: (_, c) => held.push(c) });
  const gateway = await Gateway.start({ ...toOrigin(origin.port), runtime });
  atEnd(() => gateway.remove());
  const client = new RawClient(gateway.port).send(get('/held'));
  await eventually(() => held.length > 0, 'the request at the origin');
  return { gateway, client, held };
}

test('TERM: not ready, still accepting, then the request in flight ends and the process exits 0', { timeout: 60_000 }, async () => {
  const { gateway, client, held } = await holding({ drainDelay: '1s', drainTimeout: '20s' });
  gateway.child.signal('SIGTERM');
  await eventually(async () => (await ask(gateway.healthPort, get('/readyz'))).status === 503, 'not ready');
  assert.equal((await ask(gateway.healthPort, get('/livez'))).status, 200);
  const late = new RawClient(gateway.port).send(get('/late'));
  await eventually(() => held.length === 2, 'a request accepted during the delay');
  await eventually(async () => {
    const probe = new RawClient(gateway.port);
    const connected = await probe.connected;
    probe.destroy();
    return !connected;
  }, 'no more accepting');
  for (const connection of held) connection.send(answer('200 OK', 'done'));
  for (const each of [client, late]) {
    const response = await each.response();
    assert.equal(response.body, 'done');
    assert.equal(valueOf(response, 'connection')?.toLowerCase(), 'close', 'the client is told');
    await each.closed();
  }
  assert.equal((await gateway.stop()).code, 0);
});

test('TERM with idle connections ends at once', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.start({ ...toOrigin(origin.port), runtime: { drainTimeout: '5m' } });
  const client = new RawClient(gateway.port).send(get('/'));
  await client.response();
  assert.equal((await gateway.stop()).code, 0);
  await client.closed();
});

test('a request that does not end is cut at drainTimeout, and the process exits 0', { timeout: 60_000 }, async () => {
  const { gateway, client } = await holding({ drainTimeout: '300ms' });
  assert.equal((await gateway.stop()).code, 0);
  await client.closed();
});

test('a second TERM does not wait', { timeout: 60_000 }, async () => {
  const { gateway, client } = await holding({ drainDelay: '5m', drainTimeout: '5m' });
  gateway.child.signal('SIGTERM');
  await eventually(async () => (await ask(gateway.healthPort, get('/readyz'))).status === 503, 'not ready');
  await gateway.child.stop('SIGTERM');
  await client.closed();
});

test('INT drains as TERM does', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const gateway = await Gateway.start(toOrigin(origin.port));
  assert.equal((await gateway.child.stop('SIGINT')).code, 0);
  await gateway.remove();
});
