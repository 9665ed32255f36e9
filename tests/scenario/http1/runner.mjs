import { keepPlay } from '../harness/corpus.mjs';
import { RawClient } from '../harness/raw_client.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawOrigin, answer } from '../harness/raw_origin.mjs';

// Milliseconds until a case counts as hung.
export const patience = { bound: 4000 };

// The origin of the cases: serves probes, and to everything else answers as the case in hand says.
export class CaseOrigin {
  static async start(port = 0) {
    const cases = new CaseOrigin();
    cases.origin = await RawOrigin.start({
      onHead: (request, connection) => cases.#head(request, connection),
      respond: (request, connection) => cases.#respond(request, connection),
      onConnection: (connection) => connection.socket.on('data', (bytes) => cases.#received(bytes)),
    }, port);
    cases.port = cases.origin.port;
    return cases;
  }

  begin(case_) {
    this.case_ = case_;
    this.heads = [];
    this.requests = [];
    this.flaws = [];
    this.bytes = '';
    this.answering = Promise.resolve();
  }

  #received(bytes) {
    this.bytes += bytes.toString('latin1');
  }

  #head(request, connection) {
    if (request.target.startsWith('/probe/')) return;
    this.heads.push(request);
    if (this.case_.answerAt === 'head') return this.#answer(request, connection);
    const expects = valueOf(request, 'expect')?.toLowerCase() === '100-continue';
    if (this.case_.continues || expects) connection.send('HTTP/1.1 100 Continue\r\n\r\n');
  }

  #respond(request, connection) {
    if (request.target.startsWith('/probe/')) {
      this.bytes = '';  // A probe is not the case's doing.
      connection.send(answer('200 OK', request.target));
      return;
    }
    this.requests.push(request);
    this.flaws.push(...request.flaws);
    if (this.case_.answerAt !== 'head') this.#answer(request, connection);
  }

  #answer(request, connection) {
    if (this.case_.side !== 'response') {
      connection.send(answer('200 OK', request.method === 'HEAD' ? '' : 'ok'));
      return;
    }
    this.answering = this.#sendCase(connection);
  }

  async #sendCase(connection) {
    for (const part of [this.case_.send].flat()) {
      if (typeof part === 'object' && !Buffer.isBuffer(part)) await part.until(this, this.client);
      else if (this.bytewise) await bytewise(connection.socket, part);
      else connection.send(part);
    }
    if (this.case_.then === 'close') connection.close();
    if (this.case_.then === 'reset') connection.reset();
  }

  // Ends what a case left in the middle, so that it cannot speak into the next one.
  finish() {
    for (const connection of this.origin.connections) {
      if (connection.pending) {
        this.flaws.push(...(/^[A-Z]+ \S+ HTTP/.test(connection.pending) ? [] : [`bytes that begin no request: ${JSON.stringify(connection.pending.slice(0, 60))}`]));
        connection.reset();
      }
    }
  }

  stop() {
    return this.origin.stop();
  }
}

async function bytewise(socket, bytes) {
  for (const byte of Buffer.from(bytes, 'latin1')) {
    if (!socket.writable) return;
    socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
}

const plainRequest = 'GET /case HTTP/1.1\r\nHost: t.example\r\n\r\n';

function methodsOf(case_, first) {
  return case_.methods ?? [/^HEAD /.test(first) ? 'HEAD' : 'GET'];
}

const bytesOf = (parts) => parts.filter((part) => !part.until).map((part) => part.toString('latin1')).join('');

async function speak(client, origin, parts, slowly) {
  for (const part of parts) {
    if (typeof part === 'object' && !Buffer.isBuffer(part)) await part.until(origin, client);
    else if (slowly) await client.sendBytewise(part);
    else client.send(part);
  }
}

let probes = 0;

// A request of somebody else's, after the case: it must get its own answer.
async function probe(port) {
  probes += 1;
  const target = `/probe/${probes}`;
  const client = new RawClient(port);
  client.send(`GET ${target} HTTP/1.1\r\nHost: t.example\r\nConnection: close\r\n\r\n`);
  const verdict = await served(client, 0, target);
  client.destroy();
  return verdict;
}

async function served(client, index, target) {
  await client.until(() => client.responses.finals[index]?.complete || client.ended, patience.bound);
  const response = client.responses.finals[index];
  if (!response) return client.ended ? 'the connection ended' : 'not answered';
  if (response.status === 200 && response.body === target) return 'served';
  return `answered ${response.status} ${JSON.stringify(response.body.slice(0, 40))}`;
}

async function followUp(client, count) {
  if (client.ended) return 'the connection ended';
  probes += 1;
  const target = `/probe/${probes}`;
  client.methods = [...client.methods];
  client.methods[count] = 'GET';
  client.send(`GET ${target} HTTP/1.1\r\nHost: t.example\r\n\r\n`);
  return served(client, count, target);
}

// Runs one case against the server at `port`, whose origin is `origin`; gives what was seen.
export async function runCase(case_, port, origin, { slowly = false } = {}) {
  origin.begin(case_);
  origin.bytewise = slowly;
  const parts = [case_.side === 'request' ? case_.send : case_.request ?? plainRequest].flat();
  keepPlay(bytesOf(parts), bytesOf(case_.side === 'response' ? [case_.send].flat() : []));
  const client = new RawClient(port, { methods: methodsOf(case_, parts[0]) });
  origin.client = client;
  await client.connected;
  await speak(client, origin, parts, slowly && case_.side === 'request');
  if (case_.halfClose) client.halfClose();

  const alternatives = [...case_.allowed, ...(case_.penstock ?? [])];
  const count = Math.max(...alternatives.map((wanted) => (wanted.noAnswer ? 0 : (wanted.status ?? [200]).length)));
  const settled = () => client.ended || client.responses.finals.filter((r) => r.complete).length >= count;
  const timedOut = !await client.until(settled, patience.bound);
  // What the origin still sends belongs to this case: the next request comes after it.
  if (slowly) await origin.answering;
  const { followed, finals } = await endingOf(case_, client, alternatives, count);
  const seen = client.responses;
  const closed = client.ended;
  client.destroy();
  const originBytes = origin.bytes;
  const requests = [...origin.requests];
  const probed = await probe(port);
  origin.finish();
  const late = origin.requests.length - requests.length;
  return {
    finals: finals ?? seen.finals, interims: seen.interims, rest: followed ? '' : seen.rest, closed, timedOut,
    followUp: followed ?? 'not asked', requests: [...origin.requests], originBytes, late,
    originFlaws: origin.flaws, probe: probed,
  };
}

// Sees whether the connection ends or serves on, where the verdicts for this answer ask for it.
async function endingOf(case_, client, alternatives, count) {
  const { finals } = client.responses;
  const fitting = alternatives.filter((wanted) => (wanted.noAnswer ? [] : wanted.status ?? [200])
    .every((status, index) => [status].flat().includes(finals[index]?.status)));
  if (fitting.length === 0 || fitting.every((wanted) => wanted.closes || wanted.cut || wanted.noAnswer)) {
    await client.until(() => client.ended, fitting.length === 0 ? 50 : patience.bound);
    return {};
  }
  if (fitting.some((wanted) => wanted.keeps)) return { followed: await followUp(client, count), finals };
  return {};
}

// Events to wait for between the parts of `send`.
export const until = {
  interimSeen: { until: (origin, client) => client.until(() => client.responses.interims.length > 0 || client.ended, patience.bound) },
  answered: { until: (origin, client) => client.until(() => client.responses.finals[0]?.complete || client.ended, patience.bound) },
  interim: { until: (origin, client) => client.until(() => client.responses.interims.length > 0 || client.responses.finals.length > 0 || client.ended, patience.bound) },
  originHead: { until: async (origin, client) => {
    const deadline = Date.now() + patience.bound;
    while (!origin.heads.length && !client.ended && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
  } },
};
