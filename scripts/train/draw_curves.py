"""Draws every curve of a folder, NAME.csv, as NAME.svg beside it: the loss and what was watched, epoch by epoch."""
import csv
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP = 560, 220, 50, 30
COLOURS = ("#9a6700", "#0b5cad")


def line(values, colour):
    """A polyline over the whole height, and the values at its ends in words."""
    low, high = min(values), max(values)
    across = lambda i: LEFT + (WIDTH - 2 * LEFT) * i / max(1, len(values) - 1)
    down = lambda v: TOP + (HEIGHT - 2 * TOP) * (high - v) / max(high - low, 1e-9)
    points = " ".join(f"{across(i):.1f},{down(v):.1f}" for i, v in enumerate(values))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def drawn(name, rows):
    heads = [head for head in rows[0] if head not in ("epoch", "seconds")]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f"<title>How the training of {name} went</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for place, (head, colour) in enumerate(zip(heads, COLOURS)):
        values = [float(row[head]) for row in rows]
        parts.append(line(values, colour))
        says = f"{head.replace('_', ' ')}: {values[0]:g} to {values[-1]:g}"
        parts.append(f'<text x="{LEFT + place * 230}" y="18" fill="{colour}">{says}</text>')
    first, last = rows[0]["epoch"], rows[-1]["epoch"]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{name}, epochs {first} to {last}; each curve on its own scale</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


for file in sorted(Path(sys.argv[1]).glob("*.csv")):
    with file.open() as text:
        file.with_suffix(".svg").write_text(drawn(file.stem, list(csv.DictReader(text))))
    print(file.with_suffix(".svg"))
