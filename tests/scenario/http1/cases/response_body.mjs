// RFC 9110 §6.4.1, §9.3.2, §15 and RFC 9112 §6.3, §9.2: answers without content, and bytes after the end.
import { answered, answers, asks, badGateway, ok, relayed, until } from './make.mjs';

const head = { request: asks('HEAD /case HTTP/1.1') };
const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const none = (code, more = {}) => ({ status: [code], body: '', keeps: true, ...more });

export default [
  answered('head-length', 'RFC 9110 §9.3.2', ok(['Content-Length: 500']), none(200, { has: { 'content-length': '500' } }), head),
  answered('head-zero', 'RFC 9110 §9.3.2', ok(['Content-Length: 0']), none(200), head),
  answered('head-no-length', 'RFC 9110 §9.3.2', ok(['X-A: b']), none(200), head),
  answered('head-chunked', 'RFC 9112 §6.1', ok(['Transfer-Encoding: chunked']), none(200), head),
  answered('head-body-sent-anyway', 'RFC 9112 §6.3', ok(['Content-Length: 5'], 'hello'), [none(200), { status: [200], body: '' }, badGateway()], head),
  answered('head-poison', 'RFC 9112 §6.3', ok(['Content-Length: 5']) + poison, [none(200), { status: [200], body: '' }, badGateway()], head),
  answered('head-404', 'RFC 9110 §9.3.2', answers('HTTP/1.1 404 Not Found', ['Content-Length: 9']), none(404), head),
  answered('head-bad-length', 'RFC 9112 §6.3', ok(['Content-Length: x']), badGateway({ body: '' }), head),
  answered('head-length-and-coding', 'RFC 9112 §6.3', ok(['Content-Length: 5', 'Transfer-Encoding: chunked']), [{ status: [200], body: '' }, badGateway({ body: '' })], head),
  answered('head-interim', 'RFC 9110 §15.2', `HTTP/1.1 103 X\r\n\r\n${ok(['Content-Length: 5'])}`, none(200, { interims: [103] }), head),
  answered('head-refused-has-no-body', 'RFC 9110 §9.3.2', 'garbage\r\n\r\n', badGateway({ body: '', keeps: undefined }), { ...head, then: 'close' }),
  answered('head-1.0-client', 'RFC 9110 §9.3.2', ok(['Content-Length: 5']), { status: [200], body: '', closes: true }, { request: 'HEAD /case HTTP/1.0\r\nHost: t.example\r\n\r\n' }),

  answered('no-content', 'RFC 9110 §15.3.5', answers('HTTP/1.1 204 No Content'), none(204)),
  answered('no-content-length-zero', 'RFC 9110 §8.6', answers('HTTP/1.1 204 No Content', ['Content-Length: 0']), [none(204), badGateway()]),
  answered('no-content-length', 'RFC 9110 §8.6', answers('HTTP/1.1 204 No Content', ['Content-Length: 5']), [none(204), badGateway()]),
  answered('no-content-body', 'RFC 9112 §6.3', answers('HTTP/1.1 204 No Content', ['Content-Length: 5'], 'hello'), [{ status: [204], body: '' }, badGateway()]),
  answered('no-content-chunked', 'RFC 9112 §6.1', answers('HTTP/1.1 204 No Content', ['Transfer-Encoding: chunked'], '0\r\n\r\n'), [{ status: [204], body: '', lacks: ['transfer-encoding'] }, badGateway()], { penstock: [{ status: [204], body: '' }] }),
  answered('no-content-poison', 'RFC 9112 §6.3', answers('HTTP/1.1 204 No Content') + poison, [{ status: [204], body: '' }, badGateway()]),
  answered('not-modified', 'RFC 9110 §15.4.5', answers('HTTP/1.1 304 Not Modified', ['ETag: "x"']), none(304, { has: { etag: '"x"' } })),
  answered('not-modified-length', 'RFC 9110 §8.6', answers('HTTP/1.1 304 Not Modified', ['Content-Length: 500', 'ETag: "x"']), none(304)),
  answered('not-modified-chunked', 'RFC 9112 §6.1', answers('HTTP/1.1 304 Not Modified', ['Transfer-Encoding: chunked']), none(304)),
  answered('not-modified-body', 'RFC 9112 §6.3', answers('HTTP/1.1 304 Not Modified', ['Content-Length: 5'], 'hello'), [{ status: [304], body: '' }, badGateway()]),
  answered('not-modified-poison', 'RFC 9112 §6.3', answers('HTTP/1.1 304 Not Modified') + poison, [{ status: [304], body: '' }, badGateway()]),
  answered('not-modified-1.0-client', 'RFC 9110 §15.4.5', answers('HTTP/1.1 304 Not Modified'), { status: [304], body: '', closes: true }, { request: 'GET /case HTTP/1.0\r\nHost: t.example\r\n\r\n' }),
  answered('reset-content', 'RFC 9110 §15.3.6', answers('HTTP/1.1 205 Reset Content', ['Content-Length: 0']), none(205)),

  answered('surplus-bytes', 'RFC 9112 §6.3', ok(['Content-Length: 5'], 'hello, and more'), relayed('hello', { keeps: true })),
  answered('surplus-crlf', 'RFC 9112 §2.2', ok(['Content-Length: 5'], 'hello\r\n'), relayed('hello', { keeps: true })),
  answered('surplus-answer', 'RFC 9112 §9.2', ok(['Content-Length: 5'], 'hello') + poison, relayed('hello', { keeps: true })),
  answered('surplus-answer-chunked', 'RFC 9112 §9.2', ok(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n') + poison, relayed('hello', { keeps: true })),
  answered('surplus-answer-zero', 'RFC 9112 §9.2', ok(['Content-Length: 0']) + poison, relayed('', { keeps: true })),
  answered('surplus-answer-later', 'RFC 9112 §9.2', [ok(['Content-Length: 5'], 'hello'), until.answered, poison], relayed('hello')),
  answered('surplus-after-chunks', 'RFC 9112 §7.1', ok(['Transfer-Encoding: chunked'], '0\r\n\r\n5\r\nworld\r\n0\r\n\r\n'), relayed('', { keeps: true })),
  answered('surplus-408', 'RFC 9110 §15.5.9', `${ok(['Content-Length: 5'], 'hello')}HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, relayed('hello'), { then: 'close' }),
  answered('early-answer', 'RFC 9112 §9.3', ok(['Content-Length: 5'], 'hello'), [relayed('hello'), { status: [200], body: 'hello', closes: true }],
    { answerAt: 'head', request: [asks('POST /case HTTP/1.1', ['Content-Length: 100000'])] }),
  answered('early-refusal', 'RFC 9112 §9.6', answers('HTTP/1.1 413 Content Too Large', ['Content-Length: 5', 'Connection: close'], 'hello'), { status: [413], body: 'hello' },
    { answerAt: 'head', then: 'close', request: [asks('POST /case HTTP/1.1', ['Content-Length: 100000'])] }),
  answered('expect-declined', 'RFC 9110 §10.1.1', answers('HTTP/1.1 403 Forbidden', ['Content-Length: 5'], 'hello'), { status: [403], body: 'hello' },
    { answerAt: 'head', request: [asks('POST /case HTTP/1.1', ['Content-Length: 5', 'Expect: 100-continue'])] }),
];
