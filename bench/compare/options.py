"""The command line."""
import argparse
import sys
from pathlib import Path

from cases import BY_NAME, CASES
from gateways import CONFIGURATIONS, ROOT

PEERS = ("nginx", "haproxy", "envoy")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        print(f"bench: {message}", file=sys.stderr)
        sys.exit(64)


def epilogue():
    lines = [f"  {case.name:14} {case.title}" for case in CASES]
    return "cases:\n" + "\n".join(lines) + f"\n\nThe gateways' configurations are in {CONFIGURATIONS.relative_to(ROOT)}."


def parse(arguments=None):
    parser = Parser(prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=epilogue(),
                    description="CPU time per proxied request beside nginx, HAProxy and Envoy.")
    parser.add_argument("--quick", action="store_true", help="small GETs, POST and TLS on one core, 3 short rounds")
    parser.add_argument("--json", action="store_true", help="the result as JSON on standard output, nothing else there")
    parser.add_argument("--docs", action="store_true", help="write the tables and the chart into docs/performance.*")
    parser.add_argument("--case", nargs="+", choices=BY_NAME, metavar="NAME", help="only these cases, see below")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, metavar="NAME",
                        help="only these of nginx, haproxy, envoy; none without a name")
    parser.add_argument("--rounds", type=positive, help="5, with --quick 3")
    parser.add_argument("--seconds", type=seconds, help="that each figure is taken over: 1.7, with --quick 0.8")
    parser.add_argument("--binary", type=path, default=ROOT / "build/release/penstock", help="another penstock")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (0.8 if options.quick else 1.7)
    options.warmup = 0.3 if options.quick else 0.5
    options.load = ROOT / "build/release/penstock_load"
    options.routes = ROOT / "build/release/penstock_routes"
    return options


def path(text):
    return Path(text).resolve()


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def seconds(text):
    number = float(text)
    if not 0.1 <= number <= 600:
        raise ValueError
    return number


def cases_of(options):
    if options.case:
        wanted = set(options.case) | {BY_NAME[name].beside for name in options.case}
        return [case for case in CASES if case.name in wanted]
    return [case for case in CASES if case.quick or not options.quick]
