#!/usr/bin/env python3
"""CPU time per proxied request, Penstock beside nginx, all on one core (the saturated regime).

Load, origin and gateway share one core, so that the gateway always finds work, as one at its
capacity does. A round measures both gateways one after the other, in an order that alternates; the
ratio is taken within the round, and its median over the rounds is the figure: the machine may be
slow in one minute and fast in the next.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fill(template, target, **values):
    """Writes the configuration made of bench/TEMPLATE into the folder `target`."""
    text = (HERE / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    path = target / template
    path.write_text(text)
    return path


class Gateway:
    """A gateway in a folder of its own, on one core, ended with the `with` block."""

    def __init__(self, name, core, origin_port, binary):
        self.name, self.core, self.binary = name, core, binary
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"penstock-bench-{name}-"))
        values = dict(port=self.port, admin=free_port(), origin=origin_port, folder=self.folder)
        self.config = fill(f"{name}.yaml" if name == "penstock" else f"{name}.conf", self.folder, **values)

    def command(self):
        if self.name == "nginx":
            return ["nginx", "-p", str(self.folder), "-c", str(self.config)]
        return [str(self.binary), "run", "--config", str(self.config)]

    def __enter__(self):
        # glibc would hand the buffers of each answer back to the kernel, and nginx pay for it.
        environment = dict(os.environ, MALLOC_TRIM_THRESHOLD_="268435456")
        self.log = (self.folder / "output").open("w+")
        self.process = subprocess.Popen(["taskset", "-c", str(self.core), *self.command()], cwd=self.folder,
                                        stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        self.log.seek(0)
        words = self.log.read()
        self.__exit__()
        sys.exit(f"{self.name} does not start:\n{words}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """Its process and the children of it; threads count with their process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [str(self.process.pid), *children]


def measure(load, gateway, origin_port, connections, warmup, seconds):
    command = ["taskset", "-c", str(gateway.core), str(load), str(origin_port), str(gateway.port), str(connections),
               str(warmup), str(seconds), *gateway.processes()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=warmup + seconds + 30)
    if answer.returncode != 0:
        sys.exit(f"the load generator failed before {gateway.name}: {answer.stderr}")
    figures = json.loads(answer.stdout)
    if figures["failures"] or not figures["requests"]:
        sys.exit(f"{gateway.name}: {figures['failures']} failures, {figures['requests']} answers: nothing to compare")
    figures["cpu_us"] = figures["cpu_seconds"] / figures["requests"] * 1e6
    return figures


def run_round(number, options, core):
    """{connections: {name: figures}} of one round."""
    names = ["penstock", "nginx"] if number % 2 == 0 else ["nginx", "penstock"]
    figures = {connections: {} for connections in options.connections}
    for name in names:
        origin_port = free_port()
        with Gateway(name, core, origin_port, options.binary) as gateway:
            for connections in options.connections:
                figures[connections][name] = measure(options.load, gateway, origin_port, connections, options.warmup,
                                                     options.seconds)
    return figures


def report_round(number, figures):
    for connections, by_name in figures.items():
        ours, theirs = by_name["penstock"], by_name["nginx"]
        print(f"round {number + 1}, {connections:4} connections: "
              + ", ".join(f"{name} {f['cpu_us']:5.1f} us/request ({f['rate']:6.0f}/s, p50 {f['p50_us']:5.0f} us, "
                          f"p99 {f['p99_us']:5.0f} us)" for name, f in sorted(by_name.items(), reverse=True))
              + f", ratio {ours['cpu_us'] / theirs['cpu_us']:.2f}", file=sys.stderr, flush=True)


def summary(rounds, connections):
    ratios = [r[connections]["penstock"]["cpu_us"] / r[connections]["nginx"]["cpu_us"] for r in rounds]
    result = {"case": "small GET, saturated", "connections": connections, "rounds": len(rounds),
              "ratio": round(statistics.median(ratios), 3), "ratios": [round(r, 3) for r in ratios]}
    for name in ("penstock", "nginx"):
        for key in ("cpu_us", "rate", "p50_us", "p99_us"):
            result[f"{name}_{key}"] = round(statistics.median(r[connections][name][key] for r in rounds), 2)
    return result


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/release/penstock")
    parser.add_argument("--load", type=Path, default=ROOT / "build/release/penstock_load")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=1)
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--quick", action="store_true", help="3 rounds of 2 s each")
    parser.add_argument("--json", action="store_true", help="the result as JSON on the standard output")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.warmup = 3, 2, 0.5
    return options


def main():
    options = parse_options()
    core = max(os.sched_getaffinity(0))
    rounds = []
    for number in range(options.rounds):
        rounds.append(run_round(number, options, core))
        report_round(number, rounds[-1])
    results = [summary(rounds, connections) for connections in options.connections]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(f"\nCPU per small GET, everything on core {core}, medians of {options.rounds} rounds:\n")
    print(f"{'connections':>11} {'penstock':>10} {'nginx':>10} {'ratio':>7}   ratios of the rounds")
    for result in results:
        print(f"{result['connections']:11} {result['penstock_cpu_us']:7.1f} us {result['nginx_cpu_us']:7.1f} us "
              f"{result['ratio']:7.2f}   {' '.join(f'{r:.2f}' for r in result['ratios'])}")


if __name__ == "__main__":
    main()
