// Reads HTTP/1 messages out of latin1 text, as a witness does: it takes what it is given and notes
// every flaw against RFC 9112 instead of refusing it.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)$/;

// { start, fields: [[name, value]], end, flaws } or null while the empty line has not come.
function readHead(text, at) {
  const end = text.indexOf('\r\n\r\n', at);
  if (end < 0) return null;
  const [start, ...lines] = text.slice(at, end).split('\r\n');
  const flaws = [];
  const fields = readFields(lines, flaws);
  return { start, fields, end: end + 4, flaws };
}

function readFields(lines, flaws) {
  return lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (!token.test(name)) flaws.push(`field name ${JSON.stringify(line)}`);
    // Other controls may be kept (RFC 9110 §5.5); these three end lines and strings for somebody.
    if (/[\0\r\n]/.test(value)) flaws.push(`field value ${JSON.stringify(line)}`);
    return [name, value];
  });
}

export function valuesOf(message, name) {
  return message.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
}

// All lines of that name as one list value; undefined when there is none.
export function valueOf(message, name) {
  const values = valuesOf(message, name);
  return values.length ? values.join(', ') : undefined;
}

// { body, trailers, end, complete }, reading strictly.
function readChunked(text, at, flaws) {
  let body = '';
  for (;;) {
    const eol = text.indexOf('\r\n', at);
    if (eol < 0) return { body, trailers: [], end: text.length, complete: false };
    const size = /^([0-9A-Fa-f]{1,12})(?:;.*)?$/.exec(text.slice(at, eol));
    if (!size) {
      flaws.push(`chunk size ${JSON.stringify(text.slice(at, eol).slice(0, 40))}`);
      return { body, trailers: [], end: text.length, complete: false };
    }
    const length = parseInt(size[1], 16);
    at = eol + 2;
    if (length === 0) return readTrailers(text, at, body, flaws);
    body += text.slice(at, at + length);
    if (at + length + 2 > text.length) return { body, trailers: [], end: text.length, complete: false };
    if (text.slice(at + length, at + length + 2) !== '\r\n') {
      flaws.push('chunk not ended by CRLF');
      return { body, trailers: [], end: text.length, complete: false };
    }
    at += length + 2;
  }
}

function readTrailers(text, at, body, flaws) {
  if (text.startsWith('\r\n', at)) return { body, trailers: [], end: at + 2, complete: true };
  const end = text.indexOf('\r\n\r\n', at);
  if (end < 0) return { body, trailers: [], end: text.length, complete: false };
  const trailers = readFields(text.slice(at, end).split('\r\n'), flaws);
  return { body, trailers, end: end + 4, complete: true };
}

function readLength(message, flaws) {
  const lengths = valuesOf(message, 'content-length');
  if (!lengths.length) return undefined;
  if (lengths.length > 1 || !/^[0-9]{1,15}$/.test(lengths[0])) {
    flaws.push(`Content-Length ${JSON.stringify(lengths)}`);
  }
  return Number(lengths[0]);
}

function isChunked(message, flaws) {
  const coding = valueOf(message, 'transfer-encoding');
  if (coding === undefined) return false;
  if (coding.toLowerCase() !== 'chunked') flaws.push(`Transfer-Encoding ${JSON.stringify(coding)}`);
  if (message.minor === 0) flaws.push('Transfer-Encoding in HTTP/1.0');
  if (valuesOf(message, 'content-length').length) flaws.push('Transfer-Encoding and Content-Length');
  return true;
}

// `body` undefined means: none by rule. Returns the message with body, trailers, end, complete.
function withBody(message, text, at, length) {
  if (length === undefined) return { ...message, body: '', trailers: [], end: at, complete: true };
  const body = text.slice(at, at + length);
  return { ...message, body, trailers: [], end: at + body.length, complete: body.length === length };
}

// One request at `at`, or null while its head is not whole.
export function readRequest(text, at = 0) {
  const head = readHead(text, at);
  if (!head) return null;
  const line = requestLine.exec(head.start);
  if (!line) head.flaws.push(`request line ${JSON.stringify(head.start.slice(0, 80))}`);
  const [, method, target, minor] = line ?? [null, '', '', '1'];
  const message = { ...head, method, target, minor: Number(minor) };
  const hosts = valuesOf(message, 'host').length;
  if (hosts > 1 || (hosts === 0 && message.minor === 1)) message.flaws.push(`${hosts} Host lines`);
  const length = readLength(message, message.flaws);
  if (isChunked(message, message.flaws)) {
    return { ...message, chunked: true, ...readChunked(text, head.end, message.flaws) };
  }
  return withBody(message, text, head.end, length);
}

// One response at `at` to a request of `method`, or null while its head is not whole. `ended` says
// that the connection has been closed, which completes an answer delimited by it.
export function readResponse(text, at, method, ended) {
  const head = readHead(text, at);
  if (!head) return null;
  const line = statusLine.exec(head.start);
  if (!line) head.flaws.push(`status line ${JSON.stringify(head.start.slice(0, 80))}`);
  const [, minor, status, phrase] = line ?? [null, '1', '0', ''];
  const message = { ...head, minor: Number(minor), status: Number(status), phrase };
  const interim = message.status >= 100 && message.status < 200;
  const chunked = isChunked(message, message.flaws);
  const length = readLength(message, message.flaws);
  if ((interim || message.status === 204) && (chunked || length !== undefined)) {
    message.flaws.push(`framing fields with ${message.status}`);
  }
  if (interim || method === 'HEAD' || message.status === 204 || message.status === 304) {
    return { ...message, interim, ...withBody(message, text, head.end, undefined) };
  }
  if (chunked) {
    return { ...message, chunked, ...readChunked(text, head.end, message.flaws) };
  }
  if (length !== undefined) return withBody(message, text, head.end, length);
  const body = text.slice(head.end);
  return { ...message, body, trailers: [], end: text.length, complete: ended, untilClose: true };
}

// All responses of a connection in order; `methods` are those of the requests sent on it.
export function readResponses(text, methods, ended) {
  const finals = [];
  const interims = [];
  let at = 0;
  while (at < text.length) {
    const response = readResponse(text, at, methods[finals.length] ?? 'GET', ended);
    if (!response) break;
    (response.interim && response.status !== 101 ? interims : finals).push(response);
    at = response.end;
    if (!response.complete || response.status === 101) break;
  }
  return { finals, interims, rest: text.slice(at) };
}
