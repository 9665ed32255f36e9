"""Measures in rounds: each gateway once in each case, in an order that alternates."""
import shutil
import statistics
import subprocess
import sys

import load
import machine
import reload
import routes
from cases import REGIMES, SATURATED
from gateways import Failed, Gateway

# What may go wrong with one gateway without stopping the rest.
FAILURES = (Failed, OSError, subprocess.SubprocessError)


class Bench:
    """What is to be measured, and what has been."""

    def __init__(self, options, kinds, cases, problems):
        self.options, self.kinds, self.cases, self.problems = options, kinds, cases, problems
        self.core, self.other_core = machine.cores()
        self.measured = {}  # (case, regime, gateway): figures by round
        self.calls = {}     # (case, gateway): system calls per request
        self.tables = {}
        self.void = set()
        self.can_trace = shutil.which("strace") is not None
        if self.other_core is None:
            problems.append("there is one core only: the regime of two cores is left out")

    def run(self):
        for number in range(self.options.rounds):
            for regime in REGIMES:
                for case in self.cases:
                    if regime in self.regimes_of(case) and (number == 0 or not case.once):
                        self.run_case(number, case, regime)
        if self.can_trace and not self.options.quick:
            for case in self.cases:
                self.trace(case)

    def regimes_of(self, case):
        if self.options.quick and SATURATED in case.regimes:
            return [SATURATED]
        return [regime for regime in case.regimes if regime == SATURATED or self.other_core is not None]

    def kinds_of(self, case):
        return [kind for kind in self.kinds if (kind.ours or not case.routes) and (kind.tls or not case.tls)]

    def run_case(self, number, case, regime):
        kinds = self.kinds_of(case)
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            self.attempt(number, case, regime, kind)

    def attempt(self, number, case, regime, kind):
        """Takes one figure. One that fails voids the case for that gateway, and that is said once."""
        key = (case.name, regime, kind.name)
        if key in self.void:
            return
        try:
            figures = self.measure(case, regime, kind)
        except FAILURES as error:
            self.void.add(key)
            self.measured.pop(key, None)
            self.problems.append(f"{kind.name}, {case.name}, {regime}: {error}")
            say(f"round {number + 1}  {case.name:14} {regime:9}  {kind.name:17} void: {error}")
            return
        self.measured.setdefault(key, {})[number] = figures
        say(f"round {number + 1}  {case.name:14} {regime:9}  {kind.name:17} {in_short(figures)}")

    def measure(self, case, regime, kind):
        load_core = self.core if regime == SATURATED else self.other_core
        with self.gateway(case, kind) as gateway:
            case = self.with_targets(case, gateway)
            if case.name == "reload":
                return reload.measure(self.options.load, gateway, case, load_core, self.options.warmup,
                                      self.table(case))
            return load.measure(self.options.load, gateway, case, load_core, self.options.warmup,
                                self.options.seconds)

    def gateway(self, case, kind):
        more = routes.configuration(self.table(case)) if case.routes else None
        return Gateway(kind, self.core, {*case.features, "tls" if case.tls else "plain"}, more)

    def table(self, case):
        if case.routes not in self.tables:
            self.tables[case.routes] = routes.table(self.options.routes, case.routes)
        return self.tables[case.routes]

    def with_targets(self, case, gateway):
        if not case.routes:
            return case
        path = routes.write_targets(self.table(case), gateway.folder / "targets")
        return case.with_load(target=f"@{path}")

    def trace(self, case):
        """System calls per request, which do not vary, on runs of their own: strace slows all down."""
        for kind in self.kinds_of(case) if case.traced else []:
            if (case.name, SATURATED, kind.name) not in self.measured:
                continue
            try:
                with self.gateway(case, kind) as gateway:
                    calls = load.calls_per_request(self.options.load, gateway, case, self.core)
            except FAILURES as error:
                self.problems.append(f"{kind.name}, {case.name}, system calls: {error}")
                continue
            self.calls[case.name, kind.name] = round(calls, 2)
            say(f"traced   {case.name:14} {'':9}  {kind.name:17} {calls:.2f} system calls/request")

    # What came out.

    def median(self, case, regime, kind, figure):
        values = [figures[figure] for figures in self.measured.get((case, regime, kind), {}).values()
                  if figure in figures]
        return statistics.median(values) if values else None

    def ratios(self, regime, above, below, figure="cpu_us"):
        """Of each round that has both; `above` and `below` are (case, gateway)."""
        over = self.measured.get((above[0], regime, above[1]), {})
        under = self.measured.get((below[0], regime, below[1]), {})
        return [over[number][figure] / under[number][figure] for number in sorted(over.keys() & under.keys())
                if over[number].get(figure) and under[number].get(figure)]


def in_short(figures):
    if "kib_each" in figures:
        return f"{figures['pss_mib']:.1f} MiB, {figures['kib_each']:.2f} KiB each"
    if "p99_ratio" in figures:
        return (f"p99 {figures['p99_reload_us']:.0f} us with a reload, {figures['p99_quiet_us']:.0f} without, "
                f"{figures['p99_ratio']:.2f}")
    return (f"{figures['cpu_us']:7.1f} us/request  {figures['rate']:7.0f}/s  p50 {figures['p50_us']:6.0f} us  "
            f"p99 {figures['p99_us']:6.0f} us")


def say(text):
    print(text, file=sys.stderr, flush=True)
