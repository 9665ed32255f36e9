"""Writes the result into docs/performance.md, between its markers, and the chart beside it."""
import chart
from cases import BY_NAME, SATURATED, TWO_CORES
from gateways import ROOT
from options import PEERS
from report import number

PAGE = ROOT / "docs" / "performance.md"
CHART = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- bench: begin, written by ./dev bench --docs -->", "<!-- bench: end -->"


def write(whole):
    drawn = chart.draw(whole["results"], summary(whole))
    if drawn:
        CHART.write_text(drawn)
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + "\n\n" + section(whole, drawn) + "\n" + END + after)


def summary(whole):
    machine = whole["machine"]
    return f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, {machine['system']}"


def section(whole, drawn):
    parts = [f"`{whole['command']}` on {summary(whole)}: " +
             ", ".join(dict.fromkeys(whole["versions"].values())) + f". Medians of up to {rounds_of(whole)} rounds."]
    compared = [name for name in whole["versions"] if name in PEERS]
    if compared:
        parts.append(f"In brackets: the ratio to {' / '.join(compared)}.")
    if drawn:
        parts.append(f"![CPU time per request beside nginx]({CHART.name})")
    results, names = whole["results"], list(whole["versions"])
    parts += [matrix("### CPU per request, saturated (µs)", results, names, SATURATED, cpu, has("cpu_us")),
              matrix("### CPU per request, two cores (µs; requests a second)", results, names, TWO_CORES, cpu_and_rate,
                     has("cpu_us"), but=("rate", "reload")),
              matrix("### Latency at a fixed rate (µs: p50, p99; CPU per request)", results, names, TWO_CORES, latency,
                     has("cpu_us"), only=("rate",)),
              matrix("### Memory of idle connections (MiB; KiB each)", results, names, SATURATED, memory, has("kib_each")),
              matrix("### System calls per request", results, names, SATURATED, calls, has("calls"))]
    parts.append(reloads(results))
    remarks = [line for line in [*whole["notes"], *whole["problems"], whole["quiet"]["warning"]] if line]
    parts.append("\n".join(f"- {line[0].upper()}{line[1:]}." for line in remarks))
    return "\n\n".join(part for part in parts if part) + "\n"


def rounds_of(whole):
    return max((row["rounds"] for result in whole["results"] for row in result["gateways"]), default=0)


def has(figure):
    return lambda row: figure in row


def matrix(title, results, names, regime, cell, wanted, only=(), but=()):
    """A table of cases by gateways; '' when there is no figure for it."""
    lines = []
    for result in results:
        name = result["case"]
        rows = {row["gateway"]: row for row in result["gateways"] if wanted(row)}
        if result["regime"] != regime or not rows or (only and name not in only) or name in but:
            continue
        cells = [cell(rows[gateway]) if gateway in rows else "" for gateway in names]
        lines.append("| " + " | ".join([result["title"], *cells]) + " |")
    if not lines:
        return ""
    head = "| " + " | ".join(["", *names]) + " |\n|" + "---|" * (len(names) + 1)
    return title + "\n\n" + head + "\n" + "\n".join(lines)


def against(row, kind="ratios"):
    ratios = [number(ratio["median"], ".2f") for ratio in row.get(kind, {}).values()]
    return f" ({' / '.join(ratios)})" if ratios else ""


def cpu(row):
    own = f", {row['beside']['median']:.2f} of {row['beside']['case']}" if "beside" in row and "ratios" in row else ""
    return f"{row['cpu_us']:,.1f}{against(row)}{own}"


def cpu_and_rate(row):
    return f"{row['cpu_us']:,.1f}{against(row)}; {row['rate']:,.0f}/s"


def latency(row):
    return f"{row['p50_us']:,.0f}, {row['p99_us']:,.0f}{against(row, 'p99_ratios')}; {row['cpu_us']:.1f}{against(row)}"


def memory(row):
    return f"{row['pss_mib']:.1f}; {row['kib_each']:.2f}{against(row)}"


def calls(row):
    return f"{row['calls']:.2f}"


def reloads(results):
    lines = [f"{row['gateway']}: {row['reloads']:.0f} reloads, p99 {row['p99_reload_us']:,.0f} µs in the seconds with one, "
             f"{row['p99_quiet_us']:,.0f} µs in those without ({row['p99_ratio']:.2f}), no request lost."
             for result in results if result["case"] == "reload" for row in result["gateways"]]
    return f"### {BY_NAME['reload'].title}\n\n" + "\n".join(lines) if lines else ""
