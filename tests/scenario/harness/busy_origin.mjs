import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { atEnd } from './scene.mjs';

// Answers requests, echoes WebSockets, and streams events on /events.
export async function busyOrigin() {
  const streams = new Set();
  const server = createServer((request, response) => {
    if (request.url !== '/events') return response.end(request.url);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    streams.add(response);
    return undefined;
  });
  server.keepAliveTimeout = 60_000;
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data.toString()));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: server.address().port, tell: (text) => streams.forEach((stream) => stream.write(`data: ${text}\n\n`)) };
}
