// What the scenarios say grows the fuzzers' corpora: with PENSTOCK_CORPUS, a folder, each distinct text
// becomes a seed there, below the name of its fuzz target.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const corpus = process.env.PENSTOCK_CORPUS;
// Mutants grow as long as the longest seed.
const longest = 4096;

function keep(target, text) {
  if (!corpus || !text || text.length > longest) return;
  const bytes = Buffer.from(text, 'latin1');
  const folder = path.join(corpus, target);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, createHash('sha1').update(bytes).digest('hex')), bytes);
}

// Ports, and how probes are numbered, differ from run to run.
const repeatable = (text) => text.replace(/\b\d{5}\b|(?<=\/probe\/)\d+/g, '10000');

const keepContent = (text) => {
  const end = text.indexOf('\r\n\r\n');
  if (end >= 0 && /^transfer-encoding:.*chunked/im.test(text.slice(0, end))) keep('chunked_fuzz', text.slice(end + 4));
};

// What a client says on one connection, gathered as it is sent.
export class Said {
  #text = '';

  add(bytes) {
    if (corpus && this.#text.length <= longest) this.#text += bytes.toString('latin1');
  }

  keep() {
    if (corpus) keepRequests(repeatable(this.#text));
  }
}

function keepRequests(text) {
  keep('request_fuzz', text);
  keepContent(text);
  const [, method, target] = /^(\S+) (.*?)(?: HTTP\/.*)?\r?$/m.exec(text) ?? [];
  // Their first byte says the method.
  if (target) keep('target_fuzz', `${method === 'OPTIONS' ? '\x01' : '\0'}${target}`);
  const [, host] = /^host:(.*?)\r?$/im.exec(text) ?? [];
  if (host) keep('target_fuzz', `\0${host.trim()}`);
}

// An origin's words, from where a head begins.
export function keepResponse(said, toHead) {
  if (!corpus) return;
  const text = repeatable(said);
  keep('response_fuzz', `${toHead ? '\x01' : '\0'}${text}`);
  keepContent(text);
}

export function keepConfig(text) {
  if (corpus) keep('config_fuzz', repeatable(Buffer.from(text).toString('latin1')).replace(/\/tmp\/[\w-]+/g, '/tmp/x'));
}

// A play of one client before one service that says this, as serve_fuzz reads it: libFuzzer's
// FuzzedDataProvider takes texts from the front, each ended by a backslash and another sign, and
// numbers from the back.
export function keepPlay(request, response) {
  if (!corpus) return;
  const [asked, answered] = [repeatable(request), repeatable(response)];
  if (asked.length > 400 || answered.length > 300) return;
  const texts = [answered, asked].map((text) => `${text.replaceAll('\\', '\\\\')}\\.`).join('');
  // The service's kind, the seed (2), one act: raw, then FIN, at once (2); the client says anything.
  const numbers = [0, 0, 1, 0, answered ? 6 : 0, answered ? 1 : 0, 0, 0, 1];
  keep('serve_fuzz', `${answered ? texts : texts.slice(2)}${String.fromCharCode(...numbers.reverse())}`);
}
