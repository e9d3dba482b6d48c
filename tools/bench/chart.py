"""The chart of a benchmark's report: bars beside each other, one panel a question, written as SVG."""

from xml.sax.saxutils import escape

COLOURS = {"libpq": "#8c96a3", "libpqxx": "#c9ced6", "tusk": "#d9622b"}
INK, FAINT = "#22272e", "#6b7480"
WIDTH, LEFT, RIGHT = 860, 150, 90
BAR, GAP, GROUP_GAP = 15, 3, 12


def panels(report):
    """Title, what it means, the value that is drawn as a line, and the groups of bars."""
    rows = report["rows"]

    def groups(key):
        found = [(row["name"], {client: it[key] for client, it in row["clients"].items() if client in COLOURS})
                 for row in rows]
        return [(name, bars) for name, bars in found if any(value is not None for value in bars.values())]

    memory = {client: it["to_wire"] for client, it in report["memory"]["clients"].items()}
    return [
        ("Wall time, as a multiple of the floor", "1 is a raw socket that reads and parses nothing",
         groups("wall_to_floor")),
        ("Processor time of the client, as a multiple of libpq's", "in user and system; less is better",
         groups("cpu_to_libpq")),
        ("Memory of 1M records, as a multiple of their bytes on the wire", "1 is the bytes and nothing else",
         [("memory", memory)]),
    ]


def text(x, y, words, size=12, colour=INK, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}" paint-order="stroke" stroke="#ffffff" stroke-width="3">{escape(words)}</text>')


def rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height}" fill="{colour}"/>'


def draw_panel(title, meaning, groups, top):
    """Its elements, and where it ends."""
    parts = [text(24, top, title, 15, weight="bold"), text(24, top + 18, meaning, 12, FAINT)]
    values = [value for _, bars in groups for value in bars.values() if value is not None]
    # What is far above the others is cut, and says its value.
    limit = min(max(values + [1.2]), 4.0)
    scale = (WIDTH - LEFT - RIGHT) / limit
    y = top + 34
    bottom = y + sum(sum(value is not None for value in bars.values()) * (BAR + GAP) + GROUP_GAP for _, bars in groups)
    line = (f'<line x1="{LEFT + scale:.1f}" x2="{LEFT + scale:.1f}" y1="{y - 4}" y2="{bottom - GROUP_GAP}" '
            f'stroke="{INK}" stroke-dasharray="4 3"/>')
    labels = []
    for name, bars in groups:
        drawn = [(client, value) for client, value in bars.items() if value is not None]
        height = len(drawn) * (BAR + GAP) - GAP
        parts.append(text(LEFT - 10, y + height / 2 + 4, name, 12, anchor="end"))
        for client, value in drawn:
            length = min(value, limit) * scale
            parts.append(rectangle(LEFT, y, length, BAR, COLOURS[client]))
            bold = "bold" if client == "tusk" else "normal"
            label = f"{value:.2f}" + (" (cut)" if value > limit else "")
            labels.append(text(LEFT + length + 6, y + BAR - 3, label, 11, weight=bold))
            y += BAR + GAP
        y += GROUP_GAP
    return [*parts, line, *labels], y + 24


def draw(report):
    parts = [text(24, 34, "tusk beside libpq and libpqxx", 19, weight="bold")]
    x = 24
    for client, colour in COLOURS.items():
        parts += [rectangle(x, 48, 12, 12, colour), text(x + 18, 58, client)]
        x += 90
    y = 96
    for title, meaning, groups in panels(report):
        if groups:
            drawn, y = draw_panel(title, meaning, groups, y)
            parts += drawn
    parts.append(text(24, y, report["about"], 11, FAINT))
    height = y + 20
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">\n'
            + rectangle(0, 0, WIDTH, height, "#ffffff") + "\n" + "\n".join(parts) + "\n</svg>\n")
