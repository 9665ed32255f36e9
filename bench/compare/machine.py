"""The machine: its cores, what it is, and whether it had other work while we measured."""
import functools
import os
import platform
import resource
import subprocess
from pathlib import Path


@functools.cache
def cores():
    """The core of the gateway, and the one of load and origin where there are two."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[-1], ours[-2] if len(ours) > 1 else None


def prepare():
    """As many open files as may be, and this program itself away from the gateway's core."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gateway, other = cores()
    if other is not None:
        os.sched_setaffinity(0, set(os.sched_getaffinity(0)) - {gateway})


def facts():
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(), "system": system()}


def system():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return platform.system()


def first_line(*command):
    """What a program says first, on either output; empty where it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().split("\n")[0]


class Quiet:
    """Other work on the machine from its making on: a figure taken beside it is of little worth."""

    MOST_STOLEN = 0.02  # Shares of one core.
    MOST_OTHER = 0.05
    MOST_LOAD = 0.5

    def __init__(self):
        self.load_before = os.getloadavg()[0]
        self.before = self._snapshot()

    @staticmethod
    def _snapshot():
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        user, nice, system_time, idle, iowait, irq, softirq, steal = ticks[:8]
        second = os.sysconf("SC_CLK_TCK")
        ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return {"busy": (user + nice + system_time + irq + softirq) / second, "steal": steal / second,
                "all": sum(ticks[:8]) / second, "ours": ours}

    def report(self):
        """Shares of one core that others had, and the words of a warning where they had too much."""
        spent = {name: value - self.before[name] for name, value in self._snapshot().items()}
        seconds = max(spent["all"] / os.cpu_count(), 0.001)
        other = max(spent["busy"] - spent["ours"], 0) / seconds
        stolen = spent["steal"] / seconds
        words = []
        if self.load_before > self.MOST_LOAD:
            words.append(f"the load average was {self.load_before:.1f} at the start")
        if other > self.MOST_OTHER:
            words.append(f"other programs used {other:.0%} of a core")
        if stolen > self.MOST_STOLEN:
            words.append(f"the host took away {stolen:.0%} of a core")
        warning = "the machine was not quiet, distrust the figures: " + ", ".join(words) if words else ""
        return {"load_average": round(self.load_before, 2), "other_work": round(other, 3),
                "stolen": round(stolen, 3), "warning": warning}
