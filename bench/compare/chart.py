"""Draws the cost of a request beside nginx's as an SVG."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 150, 110
BAR, GAP, TITLE, TOP, LEGEND = 13, 3, 24, 52, 30
LONGEST = 2.0  # Longer bars are cut: their number says how long they are.
COLOURS = {"penstock io_uring": "#0b5fa5", "penstock epoll": "#5aa2d8", "nginx": "#6b7280", "haproxy": "#9aa1ab",
           "envoy": "#c8ccd2"}


def text(x, y, words, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="#1f2937">{escape(words)}</text>')


def bar(row, relative, y):
    """One gateway's line: its name, its bar, and both its figures."""
    scale = (WIDTH - LEFT - RIGHT) / LONGEST
    length = min(relative, LONGEST) * scale
    parts = [text(LEFT - 8, y + BAR - 2.5, row["gateway"], 11, "end"),
             f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{COLOURS[row["gateway"]]}"/>']
    if relative > LONGEST:
        cut = LEFT + length - 14
        parts.append(f'<path d="M{cut} {y + BAR} l6 {-BAR} h4 l-6 {BAR} z" fill="#ffffff"/>')
    parts.append(text(LEFT + length + 6, y + BAR - 2.5, f"{relative:.2f}   {row['cpu_us']:,.1f} µs", 11))
    return parts


def relative_to_nginx(row, nginx):
    """As the rounds have it where they were compared, else as the medians are."""
    return row.get("ratios", {}).get("nginx", {}).get("median") or row["cpu_us"] / nginx["cpu_us"]


def draw(results, words):
    """The saturated cases that nginx has a figure of; '' without any."""
    y, parts = TOP, []
    for result in results:
        nginx = next((row for row in result["gateways"] if row["gateway"] == "nginx"), {})
        if result["regime"] != "saturated" or "cpu_us" not in nginx:
            continue
        parts.append(text(LEFT, y + 12, result["title"], 12, weight="bold"))
        y += TITLE - 4
        for row in result["gateways"]:
            parts += bar(row, relative_to_nginx(row, nginx), y)
            y += BAR + GAP
        y += TITLE - GAP - 8
    if not parts:
        return ""
    one = LEFT + (WIDTH - LEFT - RIGHT) / LONGEST
    line = f'<line x1="{one:.1f}" y1="{TOP}" x2="{one:.1f}" y2="{y}" stroke="#b91c1c" stroke-dasharray="3 3"/>'
    head = [text(16, 22, "CPU time of the gateway per request, at capacity; nginx = 1, less is better", 14, weight="bold"),
            text(16, 40, words, 11)]
    height = y + LEGEND - 16
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                      f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img">',
                      '<rect width="100%" height="100%" fill="#ffffff"/>', *head, line, *parts, "</svg>", ""])
