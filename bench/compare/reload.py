"""What a reload costs those who are served meanwhile: windows of a second with a HUP beside ones without."""
import json
import os
import signal
import statistics
import subprocess
import threading
import time
import urllib.request

import load
from gateways import Failed

EVERY = 4  # Seconds, that is windows, from one HUP to the next.


def versions(routes):
    """Two texts of the table that really differ: some paths, of which none is asked for, and one route more."""
    changed = [dict(route) for route in routes]
    for route in changed[::50]:
        if route["method"] != "GET" and not route["path"].endswith("*"):
            route["path"] += "/changed"
    changed.append(dict(routes[0], routeId="added", path="/added"))
    return [json.dumps({"routes": table}) for table in (changed, routes)]


class Reloads(threading.Thread):
    """Lays a changed file in place and sends HUP, every so many seconds."""

    def __init__(self, gateway, texts, times):
        super().__init__(daemon=True)
        self.gateway, self.times, self.sent, self.over = gateway, times, [], threading.Event()
        self.files = [gateway.folder / f"next-{i}" for i in range(times)]
        for i, file in enumerate(self.files):
            file.write_text(texts[i % 2])

    def run(self):
        for file in self.files:
            if self.over.wait(EVERY):
                return
            os.replace(file, self.gateway.folder / "more.json")
            self.sent.append(time.monotonic())
            os.kill(self.gateway.process.pid, signal.SIGHUP)


def applied(gateway):
    """How many configurations it has taken in."""
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin}/metrics", timeout=10) as answer:
        for line in answer.read().decode().split("\n"):
            if line.startswith('penstock_config_applies_total{result="success"}'):
                return int(float(line.split()[-1]))
    raise Failed("its metrics do not tell how many configurations were applied")


def measure(program, gateway, case, core, warmup, routes):
    seconds = case.load["seconds"]
    times = seconds // EVERY - 1
    before = applied(gateway)
    reloads = Reloads(gateway, versions(routes), times)
    command = load.command_of(program, gateway, case, core, warmup=warmup)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as generator:
        reloads.start()
        try:
            out, error = generator.communicate(timeout=seconds + load.DEADLINE)
        finally:
            reloads.over.set()
            generator.kill()
    if generator.returncode != 0:
        raise Failed(f"the load generator gave up: {error.strip()}")
    figures = load.figures_of(out)
    taken = applied(gateway) - before
    if taken != len(reloads.sent):
        raise Failed(f"of {len(reloads.sent)} reloads {taken} were taken in: {gateway.last_words()}")
    return figures | compare(figures, reloads.sent)


def compare(figures, sent):
    """p99 of the windows in which a reload began, beside that of the others."""
    window = figures["seconds"] / len(figures["windows"])
    with_reload = {int((at - figures["started"]) // window) for at in sent}
    # What began late in a window ends in the next one, which is neither.
    after = {number + 1 for number in with_reload}
    p99 = {number: part["p99_us"] for number, part in enumerate(figures["windows"])}
    reloaded = [value for number, value in p99.items() if number in with_reload]
    quiet = [value for number, value in p99.items() if number not in with_reload | after]
    ratio = statistics.median(reloaded) / statistics.median(quiet)
    return {"reloads": len(sent), "p99_reload_us": statistics.median(reloaded), "p99_reload_most_us": max(reloaded),
            "p99_quiet_us": statistics.median(quiet), "p99_quiet_most_us": max(quiet), "p99_ratio": round(ratio, 3)}
