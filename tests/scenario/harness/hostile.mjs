// A process of peers that mean no good: `node hostile.mjs FAULT GATEWAY_PORT ORIGIN_PORT`. Says
// `ready` once all of them are at it, and goes on until it is killed. Its clients come from 127.0.0.9.
import net from 'node:net';
import { get, request } from './raw_client.mjs';
import { answer } from './raw_origin.mjs';

const [fault, gateway, originPort] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const large = Buffer.from(answer('200 OK', 'x'.repeat(8 * 1024 * 1024)), 'latin1'); // Once, not for each.
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function connect() {
  const socket = net.connect({ port: gateway, host: '127.0.0.1', localAddress: '127.0.0.9' });
  socket.on('error', () => {});
  return socket;
}

// So many at the same time, each again when it is over.
function always(count, once) {
  for (let i = 0; i < count; i += 1) {
    (async () => {
      for (;;) await once(i);
    })();
  }
}

const over = (socket) => new Promise((resolve) => { socket.on('close', resolve); });

async function dribble(head, rest) {
  const socket = connect();
  let open = true;
  socket.on('close', () => { open = false; });
  socket.resume();
  socket.write(head);
  for (let i = 0; open; i += 1) {
    socket.write(rest[i % rest.length]);
    await pause(20);
  }
}

async function asks(bytes, { reads = true } = {}) {
  const socket = connect();
  if (reads) socket.resume();
  socket.write(bytes);
  await over(socket);
}

// Each of these waits for a whole head, then does its worst.
function origin(onHead) {
  const server = net.createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text = (text + bytes.toString('latin1')).slice(-100_000);
      if (!text.includes('\r\n\r\n')) return;
      text = '';
      onHead(socket);
    });
  });
  return new Promise((resolve) => { server.listen(originPort, '127.0.0.1', () => resolve(server)); });
}

const faults = {
  'header dribble': () => always(200, () => dribble('GET / HTTP/1.1\r\nHost: h\r\n', 'X-Long: 1\r\n')),
  'body dribble': async () => {
    await origin(() => {});
    always(200, () => dribble('POST /bad HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n', 'x'));
  },
  'slow readers': async () => {
    await origin((socket) => socket.write(large));
    always(100, () => asks(get('/bad'), { reads: false }));
  },
  'idle connections': () => always(2000, () => over(connect())),
  'connect and reset': () => always(50, async () => {
    const socket = connect();
    socket.on('connect', () => {
      socket.write('GET / HTTP/1.1\r\nHo');
      socket.resetAndDestroy();
    });
    await over(socket);
  }),
  '10,000 pipelined requests': async () => {
    await origin((socket) => socket.write(answer('200 OK', 'ok')));
    always(2, () => asks(get('/bad').repeat(10_000) + get('/bad', 'Connection: close')));
  },
  'origin that stalls': async () => {
    await origin(() => {});
    always(200, () => asks(get('/bad')));
  },
  'origin that dies and returns': async () => {
    let alive = true;
    await origin((socket) => (alive ? socket.write(answer('200 OK', 'ok')) : socket.resetAndDestroy()));
    setInterval(() => { alive = !alive; }, 100);
    always(20, () => asks(get('/bad', 'Connection: close')));
  },
  'origin that answers before the body': async () => {
    await origin((socket) => socket.write(answer('200 OK', 'ok')));
    always(20, () => asks(request('POST', '/bad', ['Connection: close'], 'x'.repeat(1_000_000))));
  },
};

await faults[fault]();
await pause(1000); // What is stalled is so by then.
console.log('ready');
