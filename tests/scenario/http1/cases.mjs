// All cases of HTTP/1.1, by the side that is hostile. Ids are unique.
import requestChunked from './cases/request_chunked.mjs';
import requestFields from './cases/request_fields.mjs';
import requestFraming from './cases/request_framing.mjs';
import requestHops from './cases/request_hops.mjs';
import requestHost from './cases/request_host.mjs';
import requestLine from './cases/request_line.mjs';
import requestTarget from './cases/request_target.mjs';
import responseBody from './cases/response_body.mjs';
import responseFields from './cases/response_fields.mjs';
import responseFraming from './cases/response_framing.mjs';
import responseStatus from './cases/response_status.mjs';

export const cases = [
  ...requestLine, ...requestTarget, ...requestHost, ...requestFields, ...requestFraming,
  ...requestChunked, ...requestHops,
  ...responseStatus, ...responseFields, ...responseFraming, ...responseBody,
];

const ids = new Set();
for (const { id } of cases) {
  if (ids.has(id)) throw new Error(`two cases are named ${id}`);
  ids.add(id);
}
