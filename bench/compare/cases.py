"""What is measured."""
from dataclasses import dataclass, field, replace

SATURATED, TWO_CORES = "saturated", "two cores"
REGIMES = {
    SATURATED: "load, origin and gateway on one core",
    TWO_CORES: "the gateway alone on its core",
}


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    load: dict = field(default_factory=dict)  # Options of penstock_load.
    regimes: tuple = (SATURATED, TWO_CORES)
    features: tuple = ()  # Which lines of the configurations count.
    beside: str = ""      # A case of the same gateway that this one is set against, too.
    routes: int = 0       # Penstock only, with so many more routes.
    traced: tuple = ()    # System calls are counted between so many requests and so many.
    once: bool = False    # Not in every round.
    quick: bool = False

    @property
    def tls(self):
        return bool(self.load.get("tls"))

    def with_load(self, **more):
        return replace(self, load=self.load | more)

    @property
    def idle(self):
        return self.load.get("kind") == "idle"


# Those that are set against another come soon after it, or the machine may have changed its pace.
CASES = [
    Case("small-64", "small GET, 64 connections", traced=(500, 2500), quick=True),
    Case("log", "small GET, 64 connections, access log to a file", regimes=(SATURATED,), features=("log",),
         beside="small-64", traced=(500, 2500)),
    Case("policies", "small GET, 64 connections, header fields, rate limit, CORS", regimes=(SATURATED,),
         features=("policies",), beside="small-64", traced=(500, 2500)),
    Case("small-512", "small GET, 512 connections", {"connections": 512}, traced=(4000, 8000), quick=True),
    Case("large", "1 MiB answer, 16 connections", {"target": "/api/large/7f3a", "connections": 16},
         traced=(50, 250)),
    Case("post", "64 KiB POST, 64 connections", {"method": "POST", "body": 65536}, traced=(200, 1000), quick=True),
    Case("tls", "TLS 1.3, small GET, 64 connections", {"tls": 1}, traced=(500, 2500), quick=True),
    Case("handshake", "TLS 1.3, a full handshake for each GET, 64 at a time", {"tls": 1, "kind": "new"},
         traced=(200, 800)),
    Case("rate", "small GET, 8,000 a second", {"kind": "rate", "rate": 8000}, (TWO_CORES,)),
    Case("routes-10", "small GET, 64 connections, 10 routes", regimes=(SATURATED,), routes=10),
    Case("routes-100000", "small GET, 64 connections, 100,000 routes", regimes=(SATURATED,), routes=100_000,
         beside="routes-10"),
    Case("idle", "9,000 idle connections", {"kind": "idle", "connections": 9000, "seconds": 1}, (SATURATED,),
         once=True),
    Case("idle-tls", "9,000 idle TLS connections", {"kind": "idle", "connections": 9000, "seconds": 1, "tls": 1},
         (SATURATED,), once=True),
    Case("reload", "10,000 routes reloaded under 4,000 requests a second",
         {"kind": "rate", "rate": 4000, "seconds": 32, "window": 1}, (TWO_CORES,), routes=10_000, once=True),
]
BY_NAME = {case.name: case for case in CASES}
