"""How every figure looks: colours, a frame of fixed margins, axes of numbers, weeks and rows; and its bytes."""

from __future__ import annotations

import base64
import html
import io
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from itertools import groupby
from typing import Any
from urllib.parse import unquote
from warnings import catch_warnings, filterwarnings
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import matplotlib.dates as mdates
import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
import yaml
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox
from PIL import Image

from analysis.errors import SHOWN, InputError, called
from analysis.load.reference import data_file
from analysis.show.sentences import MADE_UP, as_fact, facts_named, fill

# Okabe and Ito's colours, told apart with every common colour vision; a mark or a label always says the same.
DECLINED, TAKEN, OTHER_ENDS, OPEN = "#D55E00", "#0072B2", "#E69F00", "#8A8A8A"
LIGHT_DECLINED, LIGHT_TAKEN = "#E8A87C", "#A6CBE3"
RAMP = ("#FCE3D0", "#F3B285", "#DD7A35", "#B04A00", "#6B2A00")  # from few to many; on the last two text is white
INK, FAINT, NO_DETAINERS, EDGES = "#1B1B1B", "#5F5F5F", "#E3E3E3", "#B5B5B5"
HATCH = "////"
WIDTH, EDGE = 5.0, 0.1  # inches: the width of every figure, and what stays free at its sides
MARGINS = {"left": 0.9, "right": 0.3, "bottom": 0.55, "top": 0.0, "gap": 0.3}
BESIDE: dict = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}  # where the number of a mark stands
SOURCE, COLOURS, DPI = "source", 24, 105
"""The id of the source line in a drawing; how many colours a PNG has, and dots an inch."""
USUAL = {"font-family": "sans-serif", "font-size": "10px", "text-anchor": "start", "fill": "#000000"}
"""What most texts of a drawing have alike, and what each is where it is not said."""
OWN = ("d", "x", "y", "id", "href")
Draw = Callable[[pd.DataFrame], "Figure"]


@cache
def described(name: str) -> dict[str, Any]:
    """Read how ``figures`` look, what each is drawn of and says; or the ``captions`` of tables."""
    return dict(yaml.safe_load(data_file(f"reference/{name}.yml").read_text(encoding="utf-8")))


@contextmanager
def style() -> Iterator[None]:
    """Draw as the figures of this package do, whatever the session's settings are, and leave those as they were.

    Examples
    --------
    >>> with style():
    ...     figure, (axes,) = frame(2)
    ...     bars = axes.bar(["first", "second"], [3, 5], color=DECLINED)
    ...     figure.entitle("Two weeks", "Made-up numbers")
    >>> figure.headline
    'Two weeks'
    """
    with matplotlib.rc_context():
        current: Any = matplotlib.rcParams
        dict.update(current, _settings())  # known to be right: no check of each
        yield


@cache
def _settings() -> dict[str, Any]:
    """Work out all settings of matplotlib's for our figures, but for what draws them."""
    with matplotlib.style.context(["default", described("figures")["settings"]]):
        settings = matplotlib.rcParams.copy()
    return {name: value for name, value in dict.items(settings) if not name.startswith("backend")}


class Figure:
    """A matplotlib figure that shows as the last line of a cell; ``headline``, ``subtitle`` and ``alt`` tell of it.

    It is none itself, though it has all that ``drawn`` has: Jupyter's inline backend would show it with its margins cut
    off. ``reason`` is why there is nothing to draw, ``table`` where a report has its numbers.
    """

    headline = subtitle = alt = reason = table = ""
    foot = 0.0  # inches below the drawing, of the source line

    def __init__(self, sizes: Sequence[float], places: Sequence[tuple[float, float, float, float]] = ()) -> None:
        self.drawn, self.sizes, self.places = matplotlib.figure.Figure((WIDTH, sizes[-1]), dpi=100), sizes, places
        self.told, self.swatches = dict[str, Any](), list[Patch]()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.__dict__["drawn"], name)

    def telling(self, **facts: object) -> Figure:
        """Take what the titles and the alternative text tell; give the figure."""
        self.told = facts
        return self

    def entitle(self, headline: str, subtitle: str) -> None:
        """Write a headline (the finding) and a subtitle (measure, place, dates, unit) above, what marks mean below."""
        self.headline, self.subtitle = headline, subtitle
        self.set_label(f"{headline}\n{subtitle}")
        title, below = _broken(headline, 14.3), _broken(subtitle, 10.6)  # bold letters are wider
        named: dict[str, Any] = {str(swatch.get_label()): swatch for swatch in self.swatches}
        for axes in self.axes if not named else ():
            for mark, name in zip(*axes.get_legend_handles_labels(), strict=True):
                named.setdefault(name, mark)
        columns = max(1, int((WIDTH - EDGE) / (0.55 + max(map(width_of, named), default=0))))
        key = 0.1 + 0.22 * -(-len(named) // columns) if named else 0
        total = under_title = 0.28 + 0.25 * (title.count("\n") + 1)
        for size in (0.19 * (below.count("\n") + 1), 0.24, *self.sizes, key):
            total += size
        self.set_figheight(total)
        for axes, (left, foot, width, height) in zip(self.axes, self.places, strict=True):
            axes.set_position((left, (foot + key) / total, width, height / total))
            if width_of(axes.get_xlabel()) > WIDTH * width:  # where there is room for it
                axes.xaxis.label.set(x=1, ha="right")
        look: dict[str, Any] = {"va": "top", "linespacing": 1.15}
        self.text(EDGE / WIDTH, 1 - 0.24 / total, title, fontsize=14, fontweight="bold", **look)
        self.text(EDGE / WIDTH, 1 - under_title / total, below, fontsize=11, color=FAINT, **look)
        order = [name for column in range(columns) for name in list(named)[column::columns]]  # columns are filled first
        look = {"handlelength": 1.6, "borderaxespad": 0, "borderpad": 0.1, "columnspacing": 1.1, "ncols": columns}
        look |= {"loc": "lower left", "bbox_to_anchor": (EDGE / WIDTH, 0.08 / total)}
        if order:
            self.legend([named[name] for name in order], order, **look)

    def sign(self, **facts: object) -> None:
        """Say once, below the drawing, where its numbers are from, as far as the facts know it."""
        if self.foot:
            return
        said = _broken(_worded(described("figures")[SOURCE], facts), 11)
        self.foot = 0.12 + 0.19 * (said.count("\n") + 1)
        with style():
            self.text(EDGE / WIDTH, 0.02 / self.get_figheight(), said, va="top", color=FAINT, gid=SOURCE)

    def savefig(self, fname: Any, **options: Any) -> None:  # noqa: ANN401
        """Save as matplotlib does, in this package's style."""
        if self.foot:
            options = {"bbox_inches": Bbox.from_extents(0, -self.foot, WIDTH, self.get_figheight()), **options}
        with style():
            self.drawn.savefig(fname, **options)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, str], dict]:
        width, height = (round(96 * inches) for inches in self.get_size_inches())
        with catch_warnings():
            filterwarnings("ignore", "Glyph")  # a letter that no font has: in a drawing it is text, in a picture a box
            png = base64.b64encode(png_of(self)).decode("ascii")
            data = {"text/plain": self.alt or self.headline, "image/svg+xml": svg_of(self), "image/png": png}
        return data, {"image/png": {"width": width, "height": height}}


def svg_of(figure: Figure) -> str:
    """Draw a figure as SVG; the same figure gives the same text.

    It is a quarter of what matplotlib writes: no groups, numbers to a tenth of a point, ids only of what is used, what
    texts have in common said once, and neighbours that look alike (of texts in any order) as one path or group.
    """
    figure.savefig(file := io.StringIO(), format="svg", metadata={"Date": None, "Creator": None})
    written = file.getvalue().translate(SHOWN)
    used = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^)"]+)', written))
    ids = {SOURCE: SOURCE} | {old: f"i{number}" for number, old in enumerate(used)}
    for element in (root := ElementTree.fromstring(written)).iter():
        element.tag, element.tail = element.tag.rpartition("}")[2], None
        element.text = element.text if element.tag == "text" else None
        element.attrib = dict(_attributes(element.attrib, ids))
    parts, marks = list(_parts(root, {})), {f"#{one.get('id')}": one.attrib for one in root.iter("path")}
    for one in parts:  # a mark looks as where it is defined
        mark = marks.get(one.get("href", ""), {})
        one.attrib = {key: value for key, value in one.items() if key in OWN or key not in mark}
    texts = [text for part in parts for text in part.iter("text")]
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **root.attrib, "stroke-linejoin": "round"})
    SubElement(svg, "defs").extend(one for defs in root.iter("defs") for one in defs if one.tag != "style")
    for name, usual in USUAL.items():
        said = Counter(text.attrib.setdefault(name, usual) for text in texts)
        svg.attrib.update((name, most) for most, _ in said.most_common(1))
        for text in texts:
            text.attrib = {key: value for key, value in text.items() if (key, value) != (name, svg.get(name))}
    parts.sort(key=lambda one: _look(one) if one.tag == "text" else [])  # texts stand above all else
    for (tag, *look), run in groupby(parts, _look):
        alike = list(run)
        if tag == "path" and "fill-opacity" not in dict(look):
            SubElement(svg, "path", {"d": "".join(one.attrib["d"] for one in alike), **dict(look)})
        elif len(alike) == 1 and tag != "use":  # whose place would move what it is clipped to
            svg.extend(alike)
        else:
            for one in alike:
                one.attrib = {key: value for key, value in one.items() if key in OWN}
            SubElement(svg, "g", dict(look)).extend(alike)
    return ElementTree.tostring(svg, encoding="unicode").replace(" />", "/>") + "\n"


def as_image(svg: str, alt: str) -> str:
    """Write a drawing as an image in HTML, which a notebook shows though nobody has said that it is to be trusted."""
    codes = {"%": "%25", "#": "%23", "'": "%26apos;", '"': "'", "&": "&amp;", "\n": "%0A"}
    address = svg.translate({ord(mark): code for mark, code in codes.items()})
    return f'<img alt="{html.escape(alt)}" style="background:white" src="data:image/svg+xml,{address}">'


def drawing(data: Mapping[str, str]) -> str:
    """Give the drawing that an output shows, as :func:`svg_of` wrote it."""
    if "image/svg+xml" in data:
        return data["image/svg+xml"]
    address = data["text/html"].partition('src="data:image/svg+xml,')[2].removesuffix('">')
    return unquote(address.replace("&amp;", "&").replace("'", '"')).replace("&apos;", "'")


def _look(part: Element) -> list[Any]:
    """Give what parts of a drawing that look alike have in common."""
    return [part.tag, *sorted((name, value) for name, value in part.items() if name not in OWN)]


def _parts(parent: Element, given: Mapping[str, str]) -> Iterator[Element]:
    """Go through what is drawn, in order, each part with what its groups say of it."""
    for part in parent:
        if part.tag == "g" and part.attrib.keys() <= {"clip-path"}:
            yield from _parts(part, {**given, **part.attrib})
        elif part.tag not in ("defs", "metadata"):
            part.attrib = {**given, **part.attrib}
            yield part


def _attributes(given: Mapping[str, str], ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Write the attributes of a part of a drawing shorter, its style as attributes, too."""
    for name, value in given.items():
        if name == "style":
            yield from _attributes(dict(one.split(": ", 1) for one in value.split("; ") if one), ids)
        elif name == "d":
            yield name, "".join(_steps(value))
        elif name == "id":
            yield from [(name, ids[value])] if value in ids else []
        elif name != "version" and not value.startswith("rotate(-0 "):
            if "-" not in name:  # what is not of the style is a place or a size
                value = re.sub(r"-?\d+\.\d\d+", lambda number: _short(float(number[0])), value)
            yield name.rpartition("}")[2], re.sub(r"(^#|url\(#)(\w+)", lambda to: to[1] + ids.get(to[2], to[2]), value)


def _steps(path: str) -> Iterator[str]:
    """Write a path by steps from point to point, in tenths that add up."""
    x = y = 0
    for command, *rest in re.findall("[A-Zz][^A-Zz]*", path):
        places = [round(10 * float(number)) for number in "".join(rest).split()]
        steps = [place - (y if at % 2 else x) for at, place in enumerate(places)]
        x, y = places[-2:] or (x, y)
        if command == "M":
            steps = places
        elif command == "L" and 0 in steps:
            command, steps = ("V", steps[1:]) if steps[0] == 0 else ("H", steps[:1])
        shorter = " ".join(_short(step / 10) for step in steps).replace(" -", "-")
        yield (command if command == "M" else command.lower()) + shorter


def _short(number: float) -> str:
    """Write a number to a tenth."""
    return f"{number:z.1f}".removesuffix(".0")


def png_of(figure: Figure) -> bytes:
    """Draw a figure as PNG of few colours; the same figure gives the same bytes."""
    figure.savefig(file := io.BytesIO(), format="rgba", dpi=DPI)
    drawn = Image.frombytes("RGBA", (round(WIDTH * DPI), file.tell() // 4 // round(WIDTH * DPI)), file.getvalue())
    few = drawn.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE)
    few.save(small := io.BytesIO(), "png", compress_level=7)  # 9: six times as long for a tenth less
    return small.getvalue()


def drawn(draw: Draw) -> Draw:
    """Draw a frame in our style: refuse one of other columns, print why one is empty, say in words what is shown."""
    name = f"plot.{draw.__name__}"

    @wraps(draw)
    def figure_of(table: pd.DataFrame) -> Figure:
        about, do = described("figures")[draw.__name__], f"Its help says of which function: help(an.{name})"
        if not isinstance(table, pd.DataFrame):
            raise InputError(f"{name} draws a frame, found {called(table)}", do=do)
        needed = about["columns"] if len(table) else []
        if lacking := [column for column in needed if column not in table]:
            what, found = f"{name} cannot draw a table without {', '.join(lacking)}", ", ".join(map(str, table))
            raise InputError(what, found=found, expected=", ".join(needed))
        for column in [column for column in needed if column not in about.get("texts", [])]:
            if not pd.api.types.is_numeric_dtype(table[column]):
                raise InputError(f"{name} draws numbers of {column}", found=table[column].iloc[0], do=do)
        with style():
            figure = draw(table) if len(table) else empty(table.attrs.get("reason") or "There is nothing to draw.")
            if not figure.reason:
                in_week = "the week" if "–" in str(table.attrs.get("period_name")) else None
                told = {**table.attrs, "in_week": in_week, **figure.told}
                figure.entitle(*(_worded(about[part], told) for part in ("title", "subtitle")))
                figure.alt = _worded(about["alt"], {**told, "title": figure.headline})
                figure.table = table.attrs.get("table", about["table"])
                figure.alt += f" The numbers are in the table {figure.table}."
            if table.attrs.get("synthetic"):
                above: dict = {"ha": "right", "va": "top", "weight": "bold", "color": "#B00000"}
                figure.text(1 - EDGE / WIDTH, 1 - 0.06 / figure.get_figheight(), MADE_UP, **above)
                figure.alt = f"{MADE_UP}. {figure.alt}"
        return figure

    return figure_of


def _worded(template: str, told: Mapping[str, Any]) -> str:
    """Fill a template; ``[one|other]`` stands for the first of them whose facts are all known, or for nothing."""
    facts = {name: as_fact(told.get(name)) for name in facts_named(template)}
    facts = {name: int(fact) if isinstance(fact, float) and fact.is_integer() else fact for name, fact in facts.items()}

    def chosen(found: re.Match[str]) -> str:
        ways = found[1].split("|")
        return next((way for way in ways if all(facts[name] not in (None, "") for name in facts_named(way))), "")

    return fill(re.sub(r"\[([^]]*)\]", chosen, template), facts)


def empty(reason: str) -> Figure:
    """Print why there is nothing to draw."""
    lines = textwrap.wrap(reason, 52)
    figure = Figure([0.6 + 0.2 * len(lines)])
    figure.text(EDGE / WIDTH, 0.4, "\n".join(lines), va="center", fontsize=11, color=FAINT)
    figure.headline = figure.alt = figure.reason = reason
    return figure


def frame(height: float, rows: int = 1, /, **margins: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of ``rows`` panels below each other, in inches; draw inside :func:`style`, then entitle it."""
    left, right, bottom, top, gap = {**MARGINS, **margins}.values()
    feet = [bottom + (rows - 1 - row) * (height + gap) for row in range(rows)]
    places = [(left / WIDTH, foot, 1 - (left + right) / WIDTH, height) for foot in feet]
    figure = Figure((top, rows * height, (rows - 1) * gap, bottom), places)
    return figure, list(figure.subplots(rows, sharex=True, squeeze=False).flat)


def week_frame(
    weeks: pd.DataFrame, height: float, rows: int = 1, /, **margins: float
) -> tuple[Figure, list[Axes], pd.Series]:
    """Make a frame whose horizontal axis has the dates of weeks; give the place of each on it, too."""
    if not isinstance(saturdays := weeks.index, pd.DatetimeIndex):
        raise InputError("a figure by week needs each week's first day as index", found=saturdays[0], expected="a day")
    figure, panels = frame(height, rows, **margins)
    places, axes = pd.Series(mdates.date2num(saturdays), saturdays), panels[-1]
    room = max(7.0, 0.03 * (places.iloc[-1] - places.iloc[0]))
    axes.set_xlim(places.iloc[0] - room, places.iloc[-1] + room)
    locator = mdates.AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    if len(places) <= 8:  # each has its own tick
        axes.set_xticks(places, [f"{day.day} {day:%b}\n{day.year}" for day in saturdays])
    return figure, panels, places


def row_frame(names: Sequence[str], height: float, **margins: float) -> tuple[Figure, Axes, np.ndarray]:
    """Make a frame of rows from the top, whose names stand beside; give their places, too."""
    figure, (axes,) = frame(max(0.6, height), left=room_of(names), **margins)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(rows := np.arange(len(names)), names)
    axes.tick_params(axis="y", length=0, pad=8)
    return figure, axes, rows


def width_of(text: str, size: float = 11) -> float:
    """Give the inches that a line of text takes, about: a capital is wider than a small letter."""
    return size / 72 * sum(0.74 if letter.isupper() else 0.58 for letter in text)


def room_of(names: Sequence[str]) -> float:
    """Give the margin in inches that the names of rows take."""
    return 0.3 + max(width_of(line) for name in names for line in name.split("\n"))


def _broken(text: str, size: float) -> str:
    """Break a title into lines that fit."""
    return textwrap.fill(text, int(len(text) * (WIDTH - 2 * EDGE) / max(1, width_of(text, size))) or 1)


def lines(names: Sequence[object] | pd.Index | pd.Series, width: int = 28) -> list[str]:
    """Break the names of rows into two lines at most; the table has a longer one in full."""
    return [textwrap.fill(str(name), width, max_lines=2, placeholder=" …") for name in names]


def scale(axes: Axes, axis: str, name: str, most: float, least: float = 0, *, share: bool = False) -> None:
    """Give an axis of counts or shares its name, ends, a grid and few ticks, each written as exactly as it stands."""
    axes.set(**{f"{axis}label": name, f"{axis}lim": (least, most)})
    of = getattr(axes, f"{axis}axis")
    of.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=not share))
    of.set_major_formatter(lambda at, _: f"{100 * at:.10g}%" if share else f"{at:,.0f}".replace("-", "−"))
    of.grid(visible=True)


def dots(axes: Axes, x: Any, y: Any, mark: str, name: str, colour: str, hollow: bool = False) -> None:  # noqa: ANN401
    """Draw points, if there are any, and give them a name for the key."""
    if len(x):
        face = "white" if hollow else colour
        axes.plot(x, y, mark, color=colour, markerfacecolor=face, markersize=5.5, clip_on=False, zorder=3, label=name)


def boxes(axes: Axes, x: Any, y: Any, width: float, height: Any, **looks: Any) -> None:  # noqa: ANN401
    """Draw boxes from their lower left corners as one artist, which costs what one of them does."""
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    at, size = np.stack(np.broadcast_arrays(x, y), 1), np.stack(np.broadcast_arrays(np.full(len(x), width), height), 1)
    axes.add_collection(PolyCollection(at[:, None] + corners * size[:, None], **looks))


def week_of(weeks: pd.DataFrame) -> pd.Timestamp:
    """Give the week that a figure is about: that of the frame, by default the last one."""
    week = pd.Timestamp(weeks.attrs.get("week") or weeks.index[-1])
    return week if week in weeks.index else weeks.index[-1]
