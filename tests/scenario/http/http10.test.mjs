import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const script = {
  respond: (asked, connection) => {
    if (asked.target === '/chunks') connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    else connection.send('HTTP/1.0 200 OK\r\n\r\nhello').close();
  },
};

test('an HTTP/1.0 client gets no chunks and its connection ends', { timeout: 60_000 }, async () => {
  const { port } = await scene(script);
  const client = new RawClient(port);
  client.send('GET /chunks HTTP/1.0\r\nHost: t.example\r\n\r\n');
  await client.closed();
  const response = await client.response();
  assert.equal(valueOf(response, 'transfer-encoding'), undefined);
  assert.equal(response.body, 'hello');
  client.destroy();
});

test('an HTTP/1.0 origin whose answer ends with its connection serves an HTTP/1.1 client', { timeout: 60_000 }, async () => {
  const { port } = await scene(script);
  const response = await ask(port, get('/old'));
  assert.equal(response.status, 200);
  assert.equal(response.minor, 1);
  assert.equal(response.body, 'hello');
});

test('an answer that ends with the connection leaves the client\'s own connection in order', { timeout: 60_000 }, async () => {
  const { port } = await scene(script);
  const client = new RawClient(port);
  for (let i = 0; i < 3; i += 1) {
    client.send(get('/old'));
    assert.equal((await client.response(i)).body, 'hello');
  }
  client.destroy();
});
