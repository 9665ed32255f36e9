"""CPU time per proxied request, Penstock beside nginx, HAProxy and Envoy: docs/performance.md."""
import json
import shlex
import sys
import time

import gateways
import machine
import options
import pages
import report
from rounds import Bench, say


def main():
    chosen = options.parse()
    if chosen.check:
        return
    machine.prepare()
    problems = []
    kinds = gateways.penstocks(chosen.binary, problems) + gateways.peers(chosen.peers, problems)
    bench = Bench(chosen, kinds, options.cases_of(chosen), problems)
    for kind in kinds:
        say(f"{kind.name:17} {kind.version}, bench/gateways/{kind.template}")
    quiet = machine.Quiet()
    begun = time.monotonic()
    try:
        bench.run()
    finally:
        gateways.forget_certificate()
    found = report.results(bench)
    whole = {"command": shlex.join(["./dev", "bench", *sys.argv[1:]]), "machine": machine.facts(),
             "quiet": quiet.report(), "seconds": round(time.monotonic() - begun),
             "versions": {kind.name: kind.version for kind in kinds}, "results": found,
             "notes": report.notes(found), "problems": problems}
    show(chosen, whole)
    if chosen.docs:
        pages.write(whole)
        say(f"{pages.PAGE.relative_to(gateways.ROOT)} and its chart are written")
    sys.exit(0 if found else 1)


def show(chosen, whole):
    peers = [peer for peer in options.PEERS if peer in whole["versions"]]
    if chosen.json:
        print(json.dumps(whole, indent=2))
    else:
        print(report.as_text(whole["results"], peers))
    out = sys.stderr if chosen.json else sys.stdout
    closing = whole["notes"] + whole["problems"] + [whole["quiet"]["warning"]]
    print("\n" + "\n".join(f"  ! {line}" for line in closing if line), file=out)
    print(f"  {whole['seconds']} s, {chosen.rounds} rounds", file=out)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
