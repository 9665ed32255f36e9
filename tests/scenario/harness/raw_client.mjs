import net from 'node:net';
import tls from 'node:tls';
import { Said } from './corpus.mjs';
import { readResponses } from './http1_parse.mjs';
import { eventually } from './eventually.mjs';

// A TCP client that says exactly the bytes it is told to and keeps all that comes back; over TLS with
// `secure`, which are tls.connect()'s options.
export class RawClient {
  #waiting = new Set();
  #said = new Said();

  constructor(port, { host = '127.0.0.1', methods = ['GET'], localAddress, allowHalfOpen = true, secure } = {}) {
    this.methods = methods;
    this.text = '';
    this.ended = false;   // The peer said FIN, or the connection is gone.
    this.reset = false;
    const place = { port, host, localAddress, allowHalfOpen };
    this.socket = secure ? tls.connect({ servername: 'localhost', ...place, ...secure }) : net.connect(place);
    this.socket.setNoDelay(true);
    this.connected = new Promise((resolve) => {
      this.socket.once(secure ? 'secureConnect' : 'connect', () => resolve(true));
      this.socket.once('error', () => resolve(false));
    });
    this.socket.on('data', (bytes) => this.#note(() => { this.text += bytes.toString('latin1'); }));
    this.socket.on('end', () => this.#note(() => { this.ended = true; }));
    this.socket.on('close', () => this.#note(() => { this.ended = true; }));
    this.socket.on('close', () => this.#said.keep());
    this.socket.on('error', () => this.#note(() => { this.reset = true; }));
  }

  #note(change) {
    change();
    for (const wake of [...this.#waiting]) wake();
  }

  send(bytes) {
    this.#said.add(bytes);
    if (this.socket.writable) this.socket.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
    return this;
  }

  // Sends byte after byte, each in a write of its own.
  async sendBytewise(bytes) {
    for (const byte of Buffer.from(bytes, 'latin1')) {
      if (!this.socket.writable || this.ended) return;
      this.socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  }

  halfClose() {
    this.socket.end();
    return this;
  }

  get responses() {
    return readResponses(this.text, this.methods, this.ended);
  }

  // True once `condition(this)` holds; false when `bound` milliseconds have gone by without.
  until(condition, bound = 10_000) {
    return new Promise((resolve) => {
      const done = (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(answer);
      };
      const check = () => { if (condition(this)) done(true); };
      const timer = setTimeout(() => done(false), bound);
      this.#waiting.add(check);
      check();
    });
  }

  // The n-th final response once it is whole; throws if the connection ends before.
  async response(n = 0, bound = 20_000) {
    const got = await this.until(() => this.responses.finals[n]?.complete || this.ended, bound);
    const response = this.responses.finals[n];
    if (!got || !response?.complete) {
      throw new Error(`no whole response ${n}; got ${JSON.stringify(this.text.slice(0, 400))}`);
    }
    return response;
  }

  async closed(bound = 20_000) {
    if (!await this.until(() => this.ended, bound)) throw new Error('the connection stays open');
    return this;
  }

  destroy() {
    this.socket.destroy();
  }

  static async reaches(port) {
    return eventually(async () => {
      const client = new RawClient(port);
      const connected = await client.connected;
      client.destroy();
      return connected;
    }, `a listener on port ${port}`);
  }
}

// One request on a fresh connection; gives the final response.
export async function ask(port, bytes, { bound, ...options } = {}) {
  const client = new RawClient(port, { methods: [bytes.split(' ', 1)[0]], ...options });
  try {
    client.send(bytes);
    return await client.response(0, bound);
  } finally {
    client.destroy();
  }
}

// `GET path` and its relatives in bytes.
export function request(method, path, fields = [], body = '') {
  const lines = [`${method} ${path} HTTP/1.1`, ...fields];
  if (!fields.some((field) => /^host:/i.test(field))) lines.splice(1, 0, 'Host: t.example');
  if (body && !fields.some((field) => /^(content-length|transfer-encoding):/i.test(field))) {
    lines.push(`Content-Length: ${body.length}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export const get = (path, ...fields) => request('GET', path, fields);
