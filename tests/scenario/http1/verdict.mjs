// What a case may come to, as data, and the judge of it.
//
// A case is { id, section, side, send, allowed, penstock?, … }; `allowed` lists the outcomes the RFC
// leaves open, `penstock` narrows them to ours. An outcome is a plain object:
//   status     list of final statuses, one per answer expected (a number or a list of numbers each)
//   closes     the connection ends after the answer
//   keeps      the connection serves another request after it
//   cut        the answer is visibly incomplete when the connection ends
//   noAnswer   the connection ends without any answer
//   body       the answer's body (string or RegExp); `has`, `lacks`, `trailers`: its fields
//   interims   statuses of the interim answers, in order (a list, or a function of the list)
//   origin     'none': no byte arrives; 'incomplete': no whole request arrives; else a list of
//              { method, target, minor, has, lacks, body, trailers, trailersLack } of what arrives
import { valueOf } from '../harness/http1_parse.mjs';

const show = (value) => (value instanceof RegExp || typeof value === 'function' ? String(value) : JSON.stringify(value));

function matches(value, wanted) {
  if (wanted === true) return value !== undefined;
  if (wanted instanceof RegExp) return value !== undefined && wanted.test(value);
  if (typeof wanted === 'function') return wanted(value);
  if (Array.isArray(wanted)) return wanted.some((one) => matches(value, one));
  return value === wanted;
}

function* fieldFaults(message, { has = {}, lacks = [] }, who) {
  for (const [name, wanted] of Object.entries(has)) {
    const value = valueOf(message, name);
    if (!matches(value, wanted)) yield `${who}: ${name} is ${show(value)}, not ${show(wanted)}`;
  }
  for (const name of lacks) {
    const value = valueOf(message, name);
    if (value !== undefined) yield `${who}: ${name} is there: ${show(value)}`;
  }
}

function* answerFaults(outcome, wanted) {
  const { finals } = outcome;
  if (wanted.noAnswer) {
    if (finals.length) yield `answered ${finals.map((r) => r.status)}`;
    return;
  }
  const statuses = wanted.status ?? [200];
  if (finals.length !== statuses.length) {
    yield `answers ${show(finals.map((r) => r.status))}, expected ${show(statuses)}`;
    return;
  }
  for (const [index, status] of statuses.entries()) {
    if (![status].flat().includes(finals[index].status)) {
      yield `status ${finals[index].status}, expected ${show(status)}`;
    }
  }
  const last = finals.at(-1);
  if (wanted.cut ? last.complete : !last.complete) {
    yield wanted.cut ? 'the answer looks whole' : 'the answer is cut short';
  }
  if (wanted.body !== undefined && !matches(last.body, wanted.body)) {
    yield `body ${show(last.body.slice(0, 80))}, not ${show(wanted.body)}`;
  }
  yield* fieldFaults(last, wanted, 'answer');
  if (wanted.trailers) yield* fieldFaults({ fields: last.trailers }, { has: wanted.trailers }, 'answer trailers');
  if (wanted.trailersLack) yield* fieldFaults({ fields: last.trailers }, { lacks: wanted.trailersLack }, 'answer trailers');
}

function* originFaults(outcome, wanted) {
  if (wanted.origin === undefined) return;
  if (wanted.origin === 'any') return;
  if (wanted.origin === 'none' || wanted.origin === 'incomplete') {
    if (outcome.requests.length) yield `a whole request reached the origin: ${show(outcome.requests[0].start)}`;
    if (wanted.origin === 'none' && outcome.originBytes) yield `bytes reached the origin: ${show(outcome.originBytes.slice(0, 80))}`;
    return;
  }
  if (outcome.requests.length !== wanted.origin.length) {
    yield `${outcome.requests.length} requests reached the origin, expected ${wanted.origin.length}`;
    return;
  }
  for (const [index, one] of wanted.origin.entries()) {
    const request = outcome.requests[index];
    for (const key of ['method', 'target', 'minor', 'body']) {
      if (one[key] !== undefined && !matches(request[key], one[key])) {
        yield `origin: ${key} ${show(request[key])}, not ${show(one[key])}`;
      }
    }
    yield* fieldFaults(request, one, 'origin');
    if (one.trailers) yield* fieldFaults({ fields: request.trailers }, { has: one.trailers }, 'origin trailers');
    if (one.trailersLack) yield* fieldFaults({ fields: request.trailers }, { lacks: one.trailersLack }, 'origin trailers');
  }
}

function* faultsOf(outcome, wanted) {
  yield* answerFaults(outcome, wanted);
  if (wanted.closes && !outcome.closed) yield 'the connection stays open';
  if (wanted.keeps && outcome.followUp !== 'served') yield `the next request on the connection: ${outcome.followUp}`;
  if (wanted.interims !== undefined) {
    const statuses = outcome.interims.map((r) => r.status);
    const right = typeof wanted.interims === 'function' ? wanted.interims(statuses) : show(statuses) === show(wanted.interims);
    if (!right) yield `interim answers ${show(statuses)}, expected ${show(wanted.interims)}`;
  }
  yield* originFaults(outcome, wanted);
}

// What no verdict can excuse: malformed bytes towards either side, or another request harmed.
function* trespasses(outcome) {
  for (const flaw of outcome.originFlaws) yield `the origin was sent: ${flaw}`;
  for (const message of [...outcome.interims, ...outcome.finals]) {
    for (const flaw of message.flaws) yield `the client was sent: ${flaw}`;
  }
  if (outcome.rest) yield `stray bytes to the client: ${show(outcome.rest.slice(0, 60))}`;
  if (outcome.probe !== 'served') yield `another client's request afterwards: ${outcome.probe}`;
}

// The faults of an outcome: none when it is one of those wanted.
export function judge(outcome, alternatives) {
  const faults = [...trespasses(outcome)];
  const each = alternatives.map((wanted) => [...faultsOf(outcome, wanted)]);
  if (!each.some((list) => list.length === 0)) {
    faults.push(...each.reduce((best, list) => (list.length < best.length ? list : best)));
  }
  if (outcome.timedOut && faults.length) faults.push('(no answer in time)');
  return faults;
}

// Shorthands of the tables.
export const refuse = (status = 400, more = {}) => ({ status: [status], closes: true, origin: 'none', ...more });
export const accept = (origin = {}, more = {}) => ({ status: [200], origin: [origin], ...more });
export const badGateway = (more = {}) => ({ status: [502], ...more });
