// Words that the tables are written with.
export { refuse, accept, badGateway } from '../verdict.mjs';
export { until } from '../runner.mjs';

// A request in bytes: the line, `Host` unless given, the fields, the empty line, the body.
export function asks(line, fields = [], body = '') {
  const hosted = fields.some((field) => /^host:/i.test(field)) ? fields : ['Host: t.example', ...fields];
  return `${[line, ...hosted].join('\r\n')}\r\n\r\n${body}`;
}

export const gets = (...fields) => asks('GET /case HTTP/1.1', fields);
export const posts = (fields, body = '') => asks('POST /case HTTP/1.1', fields, body);
export const chunks = (body, ...fields) => posts(['Transfer-Encoding: chunked', ...fields], body);

// An origin's answer in bytes.
export const answers = (line, fields = [], body = '') => `${[line, ...fields].join('\r\n')}\r\n\r\n${body}`;
export const ok = (fields, body = '') => answers('HTTP/1.1 200 OK', fields, body);

const maker = (side) => (id, section, send, allowed, more = {}) => ({ id, section, side, send, allowed: [allowed].flat(), ...more });
export const asked = maker('request');
export const answered = maker('response');

// What the client may see of an answer: a refusal by the gateway, or a cut one.
export const cut = (more = {}) => ({ status: [200], cut: true, closes: true, ...more });
export const relayed = (body, more = {}) => ({ status: [200], body, ...more });
