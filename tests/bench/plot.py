"""A picture of the first table of the load and that with 16 KiB: bars of CPU per request, nginx being 1."""
import subprocess

SERIES = (("small-64", "170 bytes", "#3b82c4"), ("large-64", "16 KiB", "#d9822b"))
CUT = 4.0     # bars longer than this are cut, so that the others can be told apart
GREY = "#808080"  # for text and lines: to be read on white and on black
BAR = 0.38    # its width, of the room of a peer


def ratios(load, table):
    return {name: s["cpu_us_ratio"] for name, s in load[table]["summary"].items()}


def bars(names, values, offset, end):
    """Two data blocks of gnuplot: the bars, and the figures at their ends."""
    boxes, labels = [], []
    for row, name in enumerate(names):
        if name in values:
            value, y = min(values[name], end), -row - offset
            boxes.append(f"{value / 2} {y} 0 {value} {y - BAR / 2} {y + BAR / 2}")
            labels.append(f'{value} {y} "  {values[name]:.2f}{"  (cut)" if values[name] > end else ""}"')
    return "\n".join(boxes), "\n".join(labels)


def script(load, file):
    columns = [ratios(load, table) for table, _, _ in SERIES]
    names = list(columns[0])
    end = 1.1 * max(value for column in columns for value in column.values() if value < CUT)
    blocks, plots = [], []
    for number, ((_, title, colour), values) in enumerate(zip(SERIES, columns)):
        boxes, labels = bars(names, values, (number - 0.5) * BAR, end)
        blocks.append(f"$boxes{number} << EOD\n{boxes}\nEOD\n$labels{number} << EOD\n{labels}\nEOD\n")
        plots.append(f"$boxes{number} with boxxyerror fillcolor rgb '{colour}' title '{title}', "
                     f"$labels{number} with labels left textcolor rgb '{GREY}' notitle")
    tics = ", ".join(f"'{name}' {-row}" for row, name in enumerate(names))
    return f"""
set terminal svg size 760,{90 + 44 * len(names)} dynamic font 'sans-serif,13'
set output '{file}'
{''.join(blocks)}
set title 'CPU per request, 64 connections (nginx = 1, less is better)' textcolor rgb '{GREY}'
set border 0
set xrange [0:{end * 1.15}]
set yrange [{-len(names) + 0.4}:0.6]
set xtics nomirror scale 0 textcolor rgb '{GREY}'
set ytics ({tics}) nomirror scale 0 textcolor rgb '{GREY}'
set key top right textcolor rgb '{GREY}'
set style fill solid noborder
set arrow from 1,graph 0 to 1,graph 1 nohead linecolor rgb '{GREY}' dashtype 2 back
plot {', '.join(plots)}
"""


def draw(load, file):
    subprocess.run(["gnuplot"], input=script(load, file), text=True, check=True)
