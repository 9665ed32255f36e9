import net from 'node:net';
import tls from 'node:tls';
import { keepResponse } from './corpus.mjs';
import { readRequest } from './http1_parse.mjs';

// An origin of raw bytes. `respond(request, connection)` runs for each whole request and
// `onHead(request, connection)` for each head; both write what they like by `connection.send`. Over TLS
// with `secure`, which are tls.createServer()'s options.
export class RawOrigin {
  #server;

  constructor({ respond = () => {}, onHead = () => {}, onConnection = () => {}, secure } = {}) {
    Object.assign(this, { respond, onHead, onConnection });
    this.connections = new Set();
    this.accepted = 0;
    this.requests = [];
    this.refusals = [];   // Handshakes that failed.
    this.sockets = new Set();
    const accept = (socket) => this.#accept(socket);
    this.#server = secure ? tls.createServer({ allowHalfOpen: true, ...secure }, accept) : net.createServer({ allowHalfOpen: true }, accept);
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.#server.on('tlsClientError', (error) => this.refusals.push(error));
  }

  static async start(options = {}, port = 0) {
    const origin = new RawOrigin(options);
    await new Promise((resolve, reject) => {
      origin.#server.once('error', reject);
      origin.#server.listen(port, '127.0.0.1', resolve);
    });
    origin.port = origin.#server.address().port;
    return origin;
  }

  #accept(socket) {
    const connection = new OriginConnection(socket, this);
    this.accepted += 1;
    this.connections.add(connection);
    socket.on('close', () => this.connections.delete(connection));
    this.onConnection(connection);
  }

  async stop() {
    for (const connection of this.connections) connection.reset();
    // Also those whose handshake never ended: close() would wait for them for ever.
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export class OriginConnection {
  #headSeen = false;

  constructor(socket, origin) {
    this.socket = socket;
    this.origin = origin;
    this.pending = '';   // Received and not yet part of a whole request.
    this.received = '';
    this.requests = 0;
    this.ended = false;
    this.raw = false;    // True: bytes are kept and no longer read as requests.
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#take(bytes.toString('latin1')));
    socket.on('end', () => { this.ended = true; socket.end(); });
    socket.on('error', () => { this.ended = true; });
    socket.on('close', () => { this.ended = true; });
  }

  #take(text) {
    this.received += text;
    this.pending += text;
    while (!this.raw) {
      const request = readRequest(this.pending);
      if (!request) return;
      this.method = request.method;
      if (!this.#headSeen) {
        this.#headSeen = true;
        this.origin.onHead(request, this);
      }
      if (!request.complete || this.raw) return;
      this.#headSeen = false;
      this.pending = this.pending.slice(request.end);
      this.requests += 1;
      this.origin.requests.push(request);
      this.origin.respond(request, this);
    }
  }

  send(bytes) {
    keepResponse(bytes.toString('latin1'), this.method === 'HEAD');
    if (this.socket.writable) this.socket.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
    return this;
  }

  close() {
    this.socket.end();
  }

  reset() {
    this.socket.resetAndDestroy();
  }
}

// An answer in bytes, with its length.
export function answer(status, body = '', fields = []) {
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
