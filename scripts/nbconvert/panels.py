# The pieces of a figure, for narrow windows: a figure of several panels side by side, as package plots draws them, is
# shown panel below panel there, since it would be illegible when it shrinks. The picture stays as it is; a page shows
# parts of it. Used by the site (scripts/site) and by the pages of executed notebooks (nbconvert_config.py).
#
#   panels.py FIGURE.png…     says how many panels each one has, and where its pieces are
import html
import struct
import sys
import zlib

SCALE = 0.75  # of a piece in a narrow window, in CSS pixels a pixel of the figure
LONGEST = 420  # pixels: a longer line of text is cut between words
AXIS = 100  # pixels: the least length of an axis


def decoded(png):
    """Width and rows of a PNG with a palette of 8 bits, a byte a pixel: 0 white, 1 coloured, 2 dark. None for another kind."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    if (depth, colour, interlaced) != (8, 3, 0):
        return None
    palette, data, at = b"", b"", 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"PLTE":
            palette = png[at + 8 : at + 8 + size]
        elif kind == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    shades = bytearray(256)
    for i in range(len(palette) // 3):
        lightest, darkest = max(palette[3 * i : 3 * i + 3]), min(palette[3 * i : 3 * i + 3])
        shades[i] = 0 if darkest >= 246 else 2 if lightest < 0x90 else 1
    lines, rows = zlib.decompress(data), []
    for y in range(height):
        line = lines[y * (width + 1) : (y + 1) * (width + 1)]
        if line[0] != 0:  # package plots writes lines without a filter
            return None
        rows.append(line[1:].translate(bytes(shades)))
    return width, rows


def runs(marks, wanted):
    """The runs of a list's places that have a value, as pairs of first place and place behind the last one."""
    found, start = [], None
    for i, mark in enumerate([*marks, None]):
        if mark == wanted and start is None:
            start = i
        elif mark != wanted and start is not None:
            found.append((start, i))
            start = None
    return found


def used(rows, x0, x1):
    """For each column from x0 to x1, whether anything is drawn there in the rows."""
    every = 0
    for row in rows:
        every |= int.from_bytes(row[x0:x1], "big")
    return [byte != 0 for byte in every.to_bytes(x1 - x0, "big")]


def axes(width, rows):
    """The vertical axes of the data areas: x, with top and bottom of all areas above each other. Those of one row of panels
    begin and end at one height, which tells them from other dark lines."""
    dark = [bytes(1 if p == 2 else 0 for p in row) for row in rows]
    candidates = set()
    for y in range(0, len(rows) - AXIS, 25):
        every = int.from_bytes(b"\1" * width, "big")
        for row in dark[y : y + AXIS]:
            every &= int.from_bytes(row, "big")
            if not every:
                break
        candidates |= {x for x, on in enumerate(every.to_bytes(width, "big")) if on and x < width - 1}
    lines, found = {}, []
    for x in sorted(candidates):
        if x - 1 not in candidates and x + 3 not in candidates and x >= 45:  # an axis is one or two pixels wide
            lines[x] = [run for run in runs([row[x] | row[x + 1] for row in dark], 1) if run[1] - run[0] >= AXIS]
    first = next(iter(lines.values()), [])
    for x, there in lines.items():  # a curve may hide one end of an axis
        same = [area for area in first if any(abs(run[0] - area[0]) <= 3 or abs(run[1] - area[1]) <= 3 for run in there)]
        if same:
            found.append((x, same[0][0], same[-1][1]))
    return found


def words(rows, width, top, bottom):
    """Pieces of lines of text between two rows, None at the end of a line; long ones are cut between words."""
    pieces = []
    for y0, y1 in runs([any(row) for row in rows[top:bottom]], True):
        filled = used(rows[top + y0 : top + y1], 0, width)
        for gap in (22, 5):
            starts, last = [], -100
            for x, ink in enumerate(filled):
                if ink and x - last > gap:
                    starts.append(x)
                if ink:
                    last = x
            ends = [*starts[1:], last + 12]
            line = [(a, top + y0 - 1, min(b, width) - a, y1 - y0 + 2) for a, b in zip(starts, ends)]
            if all(w <= LONGEST for _, _, w, _ in line):
                break
        pieces += [*line, None]
    return pieces


def pieces(png):
    """Size and pieces of a figure of several panels side by side: a piece is one or two rectangles (x, y, width, height),
    the first of two being the axis that its panel shares; None ends a line. None for any other figure."""
    read = decoded(png)
    if not read:
        return None
    width, rows = read
    columns = axes(width, rows)
    if len(columns) < 2:
        return None
    first = columns[0][0]
    above, below = min(c[1] for c in columns), max(c[2] for c in columns)
    # What begins left of the first axis is the figure's title and keys above, its notes below.
    head = max((y + 1 for y in range(above - 14) if any(rows[y][: first - 8])), default=0)
    while head and any(rows[head]):  # the letters of its last line that go deeper
        head += 1
    foot = next((y for y in range(below + 4, len(rows)) if any(rows[y][: first // 2])), len(rows))
    while foot < len(rows) and any(rows[foot - 1]) and foot > below + 4:
        foot -= 1
    edges = [0]
    for (x, _, _), (y, _, _) in zip(columns, columns[1:]):
        gaps = [(a, b) for a, b in runs(used(rows[above:below + 12], x, y), False) if b - a >= 12]
        if not gaps:
            return None
        edges.append(x + sum(gaps[-1]) // 2)
    edges.append(width)
    found = [[p] if p else None for p in words(rows, width, 0, head)]
    for (x, _, _), left, right in zip(columns, edges, edges[1:]):
        panel = (left, head, right - left, foot - head)
        labelled = any(used(rows[above:below], left, x - 9)) if x - 9 > left else False
        if labelled or left == 0:
            found.append([panel])
        else:  # the numbers stand at the first panel only
            found.append([(0, head, first - 8, foot - head), (x - 8, head, right - x + 8, foot - head)])
    return width, len(rows), [*found, None, *([p] if p else None for p in words(rows, width, foot, len(rows)))]


def markup(png, description):
    """What a page shows of a figure in a narrow window, empty where it is shown as it is. `panels.css` and a line of
    script belong to it, which puts the picture's address into the variable --figure."""
    got = pieces(png)
    if not got:
        return ""
    width, height, all_pieces = got
    out = f'<div class="panels" role="img" aria-label="{html.escape(description, quote=True)}" style="--whole:{width};--tall:{height}">'
    for piece in all_pieces:
        if piece is None:
            out += "<i></i>"
            continue
        total = sum(w for _, _, w, _ in piece)
        out += f'<span style="--of:{total}">'
        out += "".join(f'<b style="--x:{x};--y:{y};--w:{w};--h:{h}"></b>' for x, y, w, h in piece) + "</span>"
    return out + "</div>"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        got = pieces(open(name, "rb").read())
        panels = sum(p is not None and p[0][3] > AXIS for p in got[2]) if got else 1
        print(f"{name}: {panels}" + "".join(f" {p}" for p in (got[2] if got else []) if p))
