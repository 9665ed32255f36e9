"""The result, as text and as JSON."""
import statistics

from cases import BY_NAME, REGIMES

BUSY = 0.95  # The share of its core from which on the load generator may be what limits.
MOST_SLOWER = 1.2  # p99 in a reload, beside that without.
KEPT = 0.97  # The share of a fixed rate that has to be met.


def results(bench):
    """One object for each case, regime and gateway: medians over the rounds, ratios within each."""
    found = []
    for case in bench.cases:
        for regime in bench.regimes_of(case):
            rows = [row_of(bench, case, regime, kind) for kind in bench.kinds_of(case)
                    if (case.name, regime, kind.name) in bench.measured]
            if rows:
                found.append({"case": case.name, "title": case.title, "regime": regime, "gateways": rows})
    return found


def row_of(bench, case, regime, kind):
    row = {"gateway": kind.name, "rounds": len(bench.measured[case.name, regime, kind.name])}
    for figure in ("cpu_us", "rate", "p50_us", "p99_us", "pss_mib", "kib_each", "load_share", "p99_ratio",
                   "p99_reload_us", "p99_reload_most_us", "p99_quiet_us", "p99_quiet_most_us", "reloads"):
        value = bench.median(case.name, regime, kind.name, figure)
        if value is not None:
            row[figure] = round(value, 3)
    if (case.name, kind.name) in bench.calls:
        row["calls"] = bench.calls[case.name, kind.name]
    if kind.ours:
        row["ratios"] = to_peers(bench, case, regime, kind, "pss_mib" if case.idle else "cpu_us")
        if case.name == "rate":
            row["p99_ratios"] = to_peers(bench, case, regime, kind, "p99_us")
    if case.beside:
        ratios = bench.ratios(regime, (case.name, kind.name), (case.beside, kind.name))
        if ratios:
            row["beside"] = {"case": case.beside} | spread(ratios)
    return row


def to_peers(bench, case, regime, kind, figure):
    pairs = {peer.name: bench.ratios(regime, (case.name, kind.name), (case.name, peer.name), figure)
             for peer in bench.kinds_of(case) if not peer.ours}
    return {name: spread(ratios) for name, ratios in pairs.items() if ratios}


def spread(ratios):
    return {"median": round(statistics.median(ratios), 3), "rounds": [round(ratio, 3) for ratio in ratios]}


def number(value, form):
    return format(value, form) if value is not None else "-"


COLUMNS = (
    ("CPU us", lambda row: number(row.get("cpu_us"), ".1f")),
    ("requests/s", lambda row: number(row.get("rate"), ",.0f")),
    ("p50 us", lambda row: number(row.get("p50_us"), ",.0f")),
    ("p99 us", lambda row: number(row.get("p99_us"), ",.0f")),
    ("PSS MiB", lambda row: number(row.get("pss_mib"), ".1f")),
    ("calls", lambda row: number(row.get("calls"), ".2f")),
    ("load", lambda row: number(row.get("load_share"), ".0%")),
)
IDLE_COLUMNS = (
    ("PSS MiB", lambda row: number(row.get("pss_mib"), ".1f")),
    ("KiB each", lambda row: number(row.get("kib_each"), ".2f")),
)
RELOAD_COLUMNS = (
    ("reloads", lambda row: number(row.get("reloads"), ".0f")),
    ("p99 us with", lambda row: number(row.get("p99_reload_us"), ",.0f")),
    ("most", lambda row: number(row.get("p99_reload_most_us"), ",.0f")),
    ("p99 us without", lambda row: number(row.get("p99_quiet_us"), ",.0f")),
    ("most", lambda row: number(row.get("p99_quiet_most_us"), ",.0f")),
    ("ratio", lambda row: number(row.get("p99_ratio"), ".2f")),
    ("lost", lambda row: "0"),  # With a lost request there would be no row.
)


def table(result, peers):
    """Head and rows of one case, all text."""
    case = BY_NAME[result["case"]]
    columns = RELOAD_COLUMNS if case.name == "reload" else IDLE_COLUMNS if case.idle else COLUMNS
    against = [peer for peer in peers if any(peer in row.get("ratios", {}) for row in result["gateways"])]
    kinds = {"ratios": "/ ", "p99_ratios": "p99 / "} if case.name == "rate" else {"ratios": "/ "}
    head = ["", *(name for name, _ in columns), *(word + peer for word in kinds.values() for peer in against)]
    if case.beside:
        head.append(f"/ {case.beside}")
    rows = []
    for row in result["gateways"]:
        ratios = [number(row.get(kind, {}).get(peer, {}).get("median"), ".2f") for kind in kinds for peer in against]
        beside = [number(row.get("beside", {}).get("median"), ".2f")] if case.beside else []
        rows.append([row["gateway"], *(form(row) for _, form in columns), *ratios, *beside])
    return head, rows


def as_text(found, peers):
    parts = []
    for result in found:
        head, rows = table(result, peers)
        widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
        regime = "" if BY_NAME[result["case"]].idle else f" ({result['regime']}: {REGIMES[result['regime']]})"
        parts.append(f"\n{result['title']}{regime}  [{result['case']}]")
        for line in [head, *rows]:
            cells = [f"{line[0]:{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:]))]
            parts.append("  " + "  ".join(cells).rstrip())
    return "\n".join(parts)


def notes(found):
    """What a reader of the figures has to know."""
    words = []
    limited = [f"{row['gateway']} ({result['case']})" for result in found for row in result["gateways"]
               if result["regime"] == "two cores" and row.get("load_share", 0) > BUSY
               and BY_NAME[result["case"]].load.get("kind") != "rate"]
    if limited:
        words.append("on two cores the load generator was the limit, not the gateway: " + ", ".join(limited))
    late = [f"{row['gateway']} ({result['case']}, {row['rate']:,.0f} a second)" for result in found
            for row in result["gateways"] if row.get("rate", 0) < KEPT * BY_NAME[result["case"]].load.get("rate", 0)]
    if late:
        words.append("did not keep up with the rate, their latency says nothing: " + ", ".join(late))
    for result in found:
        for row in result["gateways"] if result["case"] == "reload" else []:
            near = row["p99_reload_us"] <= max(MOST_SLOWER * row["p99_quiet_us"], row["p99_quiet_most_us"])
            words.append(f"{row['gateway']}: p99 with a reload is {row['p99_ratio']:.2f} of that without, " +
                         ("within" if near else "beyond") + f" {MOST_SLOWER} or the spread of the quiet windows; no request lost")
    return words
