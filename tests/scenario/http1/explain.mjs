// Why nginx and HAProxy leave the verdicts where they do, and the page that says it.

// Each group: which ids it explains (of which server), in what words.
const groups = [
  { title: 'Host is not validated', ids: /^host-(?!surrounded|in-)|^absolute-form-(two-hosts|userinfo)|^field-fold-host/,
    why: 'RFC 9112 §3.2 wants 400 for a Host that is missing, repeated or no `uri-host [":" port]`. Both take nearly any text (nginx cuts what follows a colon; HAProxy also joins equal lines, takes a request without Host, and unfolds folded ones), so that a service which reads Host another way than the gateway\'s routing can be talked to in its name. Penstock parses the authority by RFC 3986 and refuses the rest.' },
  { title: 'Targets that are no targets', ids: /^target-|^absolute-form-(fragment|no-authority|without-host)|^line-del/,
    why: 'A fragment is never sent (RFC 9112 §3.2), `*` belongs to OPTIONS, an http URI has an authority, and DEL is no character of a URI. nginx forwards fragments, HAProxy the others. Penstock refuses what RFC 3986 does not spell.' },
  { title: 'Versions and request lines taken loosely', ids: /^version-(?!1\.0-without)|^line-(no-version|simple|bare-lf-in)/,
    why: 'nginx still speaks HTTP/0.9 and takes a line without a version for it, so the fields behind it are lost; it reads `HTTP/1.10` as 1.1. HAProxy forwards versions 2.0 and 3.0 as 1.1 and 0.9 as it is. Penstock knows 1.x, and 505 for what is well-formed and not served.' },
  { title: 'HTTP/1.0 without Host becomes HTTP/1.1 without Host', ids: /^version-1\.0-without-host/,
    why: 'nginx sends HTTP/1.1 to its upstream with an empty Host variable, for which it writes no Host line at all.' },
  { title: 'The port of the authority is lost', ids: /^absolute-form-port/,
    why: 'A matter of configuration: nginx\'s `$host` has no port, its `$http_host` is not replaced by an absolute target (RFC 9112 §3.2.2). None of its variables is right for both.' },
  { title: 'A tab is no white space', ids: /^host-surrounded|spaces$/,
    why: 'Optional white space around a value is SP or HTAB (RFC 9110 §5.5). nginx knows SP only.' },
  { title: 'Fields left out', ids: /^field-(underscore|dot|all-token)/,
    why: 'nginx drops fields whose name holds anything but letters, digits and `-` (`ignore_invalid_headers`, `underscores_in_headers`), though they are tokens. Penstock forwards every token, except one that reads like a field by which it tells the service who is calling.' },
  { title: 'Lines without a colon', ids: /^field-no-colon$/,
    why: 'nginx forwards the word as a field without a value. Penstock refuses the request.' },
  { title: 'NUL and bare CR in values', ids: /^field-value-nul|^answer-value-nul|-bare-cr$|^trailer-nul|^answer-trailer-nul/,
    why: 'RFC 9110 §5.5: refuse, or replace by SP. HAProxy forwards NUL, nginx takes a CR within a framing field for white space. Penstock refuses both everywhere.' },
  { title: 'Content-Length', ids: /^length-(twice|overflow)/,
    why: 'HAProxy takes two lines with the same number written differently, and numbers beyond 64 bits, which it forwards as they are: whoever reads them with overflow sees another length. Penstock takes one line of digits up to 2^63 - 1.' },
  { title: 'Transfer-Encoding beside HTTP/1.0, or empty', ids: /^coding-(twice-one|in-1\.0)|^answer-coding-(empty|in-1\.0)/,
    why: 'HAProxy forwards Transfer-Encoding under HTTP/1.0 and with an empty list element. RFC 9112 §6.1 calls the framing faulty. Penstock refuses it.' },
  { title: 'A refusal that waits', ids: /^coding-and-length-end-first|^chunked-extension-endless|^trailer-too-large/,
    why: 'nginx answers Content-Length with Transfer-Encoding by 400, but reads on for the announced rest before it closes; chunk extensions and trailers it reads without a limit, since it keeps none of them. Penstock bounds both, answers, and closes.' },
  { title: 'Chunked content', ids: /^chunked-|^answer-chunk-/,
    why: 'Both end chunk lines at a bare LF, read over NUL in extensions and white space behind the size (nginx also over a missing `;`). RFC 9112 §7.1 has none of it, and smuggling by chunk lines lives on it. Penstock takes the grammar as it stands.' },
  { title: 'Trailers', ids: /^trailer-|^answer-trailer-/,
    why: 'HAProxy forwards trailers as they are, those too that RFC 9110 §6.5.1 forbids (framing, routing, authentication) and folded ones; nginx does not look at them and drops them. Penstock forwards trailers in field syntax and leaves out the forbidden.' },
  { title: 'Fields listed in Connection are kept', ids: /^connection-option|^answer-connection|^origin-connection/,
    why: 'RFC 9110 §7.6.1: an intermediary MUST remove every field that Connection names. Neither does, in either direction.' },
  { title: 'Hop-by-hop fields are kept', ids: /^hop-|^answer-(keep-alive|proxy-connection|upgrade|te)/,
    why: 'Keep-Alive, Proxy-Connection, TE, Upgrade and HTTP2-Settings are for this hop (RFC 9110 §7.6.1). Whether Upgrade was listed in Connection, or came in HTTP/1.0, the usual configuration does not ask.' },
  { title: 'TRACE and CONNECT', ids: /^method-(trace|connect)|^max-forwards/,
    why: 'HAProxy forwards both, a TRACE with content too. Neither it nor nginx looks at Max-Forwards (RFC 9110 §7.6.2), which OPTIONS and TRACE demand. Penstock refuses TRACE and CONNECT and counts OPTIONS down.' },
  { title: 'Interim answers', ids: /^interim-|^expect-continue|^head-interim/,
    why: 'nginx takes any 1xx for the final answer: what follows becomes its body, and the connection is out of step. HAProxy forwards 1xx, but also to HTTP/1.0 clients, which RFC 9110 §15.2 forbids. Penstock forwards them to those that understand.' },
  { title: 'Switching protocols unasked', ids: /^switching-/,
    why: 'nginx opens a tunnel at any 101, HAProxy at one for another protocol than the one asked for. RFC 9110 §15.2.2 and §7.8; Penstock answers 502.' },
  { title: 'Status lines', ids: /^status-|^head-refused/,
    why: 'nginx relays what begins like no status line as an answer of HTTP/0.9, and any status text as it stands; HAProxy takes status codes of any length and range, other versions and control characters. Penstock answers 502 to what RFC 9112 §4 does not spell, and to codes outside 100 to 599 (RFC 9110 §15).' },
  { title: 'Date', ids: /^answer-field-date/,
    why: 'nginx replaces the Date of an answer by its own, HAProxy adds none to an answer without (RFC 9110 §6.6.1: whoever forwards it MUST). Penstock keeps what is there and adds what is missing.' },
  { title: 'Field syntax of answers', ids: /^answer-(no-colon|name-)/,
    why: 'nginx forwards field names of answers that are no tokens. Penstock answers 502.' },
  { title: 'Content-Length of answers', ids: /^answer-length-|^head-bad-length|^no-content-(length|body)/,
    why: 'nginx ignores a Content-Length it cannot read, takes the answer to end with the connection, and forwards Content-Length with 204. RFC 9112 §6.3 wants 502. Of a tab before the number it makes a wrong length.' },
  { title: 'Transfer codings of answers', ids: /^answer-coding-/,
    why: 'nginx looks for the word `chunked` in the field and ignores the others, so that an answer it cannot decode goes on under a framing that is not its own. Penstock takes `chunked` alone.' },
  { title: 'HTTP/1.0 clients and chunks', ids: /^answer-chunked-1\.0/,
    why: 'HAProxy sends chunked answers to HTTP/1.0 clients (RFC 9112 §6.1: MUST NOT). Penstock decodes them and ends the connection.' },
  { title: 'A reset taken for an end', ids: /^answer-until-close-reset/,
    why: 'An answer that ends with its connection is whole only if that was closed in order; HAProxy ends its own answer properly after a reset. Penstock cuts it visibly.' },
];

const groupOf = (id) => groups.find(({ ids }) => ids.test(id));

// Ids that no group explains.
export function unexplained(results) {
  return Object.entries(results).filter(([name]) => name !== 'penstock')
    .flatMap(([name, list]) => list.filter(({ id }) => !groupOf(id)).map(({ id }) => `${name}: ${id}`));
}

const introduction = (results, count) => `# HTTP/1.1: where Penstock differs from nginx and HAProxy

The scenarios hold ${count} cases of HTTP/1.1 as one table (\`tests/scenario/http1/cases/\`): the bytes that a client or an
origin sends, the outcomes that RFC 9110 and RFC 9112 leave open, and the section. Penstock is to get none wrong, and where
the RFC leaves a choice the table narrows it to ours. The same table is run against Debian's nginx (1.22) and HAProxy (2.6),
configured as gateways with all that their operators can add (\`Via\`, kept-alive upstream connections, upgrades only to
websocket). For them every outcome the RFC allows is right; what is listed here is outside of that.
${Object.entries(results).filter(([name]) => name !== 'penstock').map(([name, list]) => `${name}: ${list.length} of ${count} cases`).join('; ')}. Many are one fault seen from many sides:
each group below is one.

This page is written by \`node tests/scenario/http1/compare.mjs --doc docs/internals/http1-differences.md\`, its explanations are in
\`explain.mjs\` beside it.
`;

export function differencesPage(results, count) {
  const parts = [introduction(results, count)];
  for (const group of groups) {
    const lines = Object.entries(results).filter(([name]) => name !== 'penstock').map(([name, list]) => {
      const ids = list.filter(({ id }) => groupOf(id) === group).map(({ id }) => `\`${id}\``);
      return ids.length ? `- ${name} (${ids.length}): ${ids.join(', ')}` : '';
    }).filter(Boolean);
    if (lines.length) parts.push(`## ${group.title}\n\n${group.why}\n\n${lines.join('\n')}\n`);
  }
  return parts.join('\n');
}
