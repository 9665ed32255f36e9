"""Runs the load generator before a gateway, and counts a gateway's system calls."""
import json
import re
import signal
import subprocess
import time

from gateways import Failed

DEADLINE = 90  # Seconds beyond those that are measured.


def command_of(program, gateway, case, core, **more):
    options = dict(case.load) | more
    words = ["taskset", "-c", str(core), str(program), "--origin", str(gateway.origin),
             "--gateway", str(gateway.port)]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    return words + gateway.processes()


def run(command, seconds):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + DEADLINE)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end within {seconds + DEADLINE:.0f} s") from None
    if done.returncode != 0:
        raise Failed(f"the load generator gave up with status {done.returncode}: {done.stderr.strip()}")
    return figures_of(done.stdout)


def figures_of(text):
    """What the generator printed, with what follows from it; requests that failed make it void."""
    figures = json.loads(text)
    if figures["failures"]:
        raise Failed(f"{figures['failures']} requests failed: a connection lost, or another status than 200")
    figures["pss_mib"] = figures["pss_kib"] / 1024
    figures["load_share"] = figures["load_cpu_seconds"] / figures["seconds"]
    if figures["requests"]:
        figures["cpu_us"] = figures["cpu_seconds"] / figures["requests"] * 1e6
    return figures


def measure(program, gateway, case, core, warmup, seconds):
    more = {"warmup": warmup} if case.idle else {"warmup": warmup, "seconds": seconds}
    figures = run(command_of(program, gateway, case, core, **more), warmup + seconds)
    if case.idle:
        held = figures["pss_kib"] - figures["pss_before_kib"]
        figures["kib_each"] = held / case.load["connections"]
    elif not figures["requests"]:
        raise Failed("no request was answered")
    return figures


def calls_during(program, gateway, case, core, requests):
    """How many system calls the gateway makes while so many requests are answered; (calls, requests)."""
    processes = [word for process in gateway.processes() for word in ("-p", process)]
    tracer = subprocess.Popen(["strace", "-c", "-f", "-U", "calls,name", *processes], text=True,
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.3)  # Attaching takes a while; what is missed is missed in both runs.
        figures = run(command_of(program, gateway, case, core, requests=requests), 0)
    finally:
        tracer.send_signal(signal.SIGINT)
        words = tracer.communicate(timeout=20)[1]
    total = re.search(r"^ *(\d+) +total", words, re.MULTILINE)
    if not total:
        raise Failed(f"strace said: {words.strip()[-200:]}")
    return int(total[1]), figures["requests"]


def calls_per_request(program, gateway, case, core):
    """Between two runs of different length, so that what is done once does not count. Never below none: who does
    many requests with one call makes about as many in both."""
    (few, fewer), (many, more) = (calls_during(program, gateway, case, core, n) for n in case.traced)
    return max(0.0, (many - few) / (more - fewer))
