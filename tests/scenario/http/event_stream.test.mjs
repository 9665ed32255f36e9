import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

for (const [framing, field, frame] of [
  ['chunked', 'Transfer-Encoding: chunked\r\n', (text) => `${text.length.toString(16)}\r\n${text}\r\n`],
  ['ended by the connection', '', (text) => text],
]) {
  test(`each event of a stream ${framing} arrives before the next is made`, { timeout: 60_000 }, async () => {
    let stream;
    const { port } = await scene({
      respond: (_, connection) => {
        stream = connection;
        connection.send(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${field}\r\n`);
      },
    });
    const client = new RawClient(port);
    client.send(get('/events', 'Accept: text/event-stream'));
    await eventually(() => stream, 'the request at the origin');
    assert.ok(await client.until(() => client.text.includes('\r\n\r\n')), 'the head comes before any event');
    for (let i = 0; i < 10; i += 1) {
      stream.send(frame(`data: event ${i}\n\n`));
      assert.ok(await client.until(() => client.text.includes(`event ${i}\n`)), `event ${i}`);
    }
    client.destroy();
    await eventually(() => stream.ended, 'the origin learns that the client has gone');
  });
}

test('a stream outlives the total timeout', { timeout: 60_000 }, async () => {
  let stream;
  const { port } = await scene({
    respond: (_, connection) => {
      stream = connection;
      connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    },
  }, { service: { timeouts: { total: '300ms', idle: '5s' } } });
  const client = new RawClient(port);
  client.send(get('/events'));
  await eventually(() => stream, 'the request at the origin');
  const begun = Date.now();
  for (let i = 0; Date.now() - begun < 900; i += 1) {
    stream.send('8\r\ndata: x\n\r\n');
    assert.ok(await client.until(() => client.text.split('data: x').length === i + 2), `event ${i}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.equal(client.ended, false);
  client.destroy();
});
