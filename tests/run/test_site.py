"""The site over the reports: every link resolves, names are inert, and a site file says what is on it."""

from __future__ import annotations

import cProfile
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from made_up_site import add_report, agencies_csv, by_offence_csv, by_state_csv, entry_of

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.load.reference import states
from analysis.run.landing import COLUMNS, story
from analysis.run.plan import Entry
from analysis.run.site import MOST_LINKS, Settings, plan_site, write_index
from analysis.show.report import captions

ATOM = "{http://www.w3.org/2005/Atom}"


def broken_links(folder: Path) -> Iterator[tuple[str, str]]:
    folder = folder.resolve()
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.rglob("*.html")}
    ids = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    for path, page in pages.items():
        for link in (str(tag.get("href") or tag.get("src")) for tag in page.select("[href], [src]")):
            parts = urlsplit(link)
            if parts.scheme not in ("data", "http", "https"):
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                known = not parts.fragment or parts.fragment in ids.get(target, {parts.fragment})
                if not (known and target.is_file() and target.is_relative_to(folder)):
                    yield path.relative_to(folder).as_posix(), link


class Made:
    """An output folder to which a test adds reports."""

    def __init__(self, out: Path) -> None:
        self.out, self.entries = out.resolve(), dict[str, Entry]()

    def add(self, *args: Any, **more: Any) -> Entry:  # noqa: ANN401
        return add_report(self.out, self.entries, *args, **more)

    def page(self, name: str = "index.html", settings: Settings | None = None) -> str:
        write_index(self.out, self.entries, settings)
        return self.read(name)

    def read(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")

    def brought(self) -> str:
        """Read the names that the index fetches for a search."""
        return json.loads(self.read("names.js").partition("= ")[2].strip(";\n"))

    def titles(self) -> list[str]:
        return [one["title"] for one in json.loads(self.read("index.json"))["reports"]]

    def feed(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.read("feed.xml"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small site, only to be read: three sources, a state's and an offence group's report, one on a whole source."""
    made, tables = Made(tmp_path_factory.mktemp("small")), {"by_state": by_state_csv(), "by_offence": by_offence_csv()}
    for week, issued, status in (("2025-01-04", 40_000, "settled"), ("2025-01-11", 39_053, "provisional")):
        facts = {"issued": issued, "declined": 5, "status": status}
        made.add("weekly_bulletin", "fy2015", {"week": week, "state": "all"}, facts=facts, tables=tables)
    made.add("weekly_bulletin", "fy2015", {"week": "2025-01-11", "state": "TX"}, facts={"declined": 0})
    said = {"headline": "7 of 9", "sentences": [{"text": text} for text in ("**One**.", "And two.", "Three.")]}
    made.add("state_profile", "fy2015", {"week": "2025-01-04", "state": "TX"}, told=said)
    made.add("offence_profile", "synthetic", {"week": "2025-01-11", "offence": "DUI"})
    made.add("release_quality", "synthetic", {}, facts={"status": None})
    bounds = "state_name,state,known_low,known_high,bound\nTexas,TX,149,149,exact\nOhio,OH,0,9,at_most\n"
    of_2017 = {"facts": {"declined": 206}, "tables": {"state_bounds": bounds}}
    made.add("published_week", "published-2017", {"week": "2017-01-28"}, **of_2017)
    made.page()
    return made


@pytest.fixture
def site(small: Made, made: Made) -> Made:
    shutil.copytree(small.out, made.out, dirs_exist_ok=True)
    made.entries |= small.entries
    return made


def test_every_link_resolves(site: Made) -> None:
    (site.out / "offences/DUI.html").unlink()  # so that the test can fail
    assert {link for _, link in broken_links(site.out)} == {"offences/DUI.html"}
    reports = json.loads(site.read("index.json"))["reports"]
    assert len(reports) == 7
    assert all((site.out / path).is_file() for report in reports for path in report["files"])


def test_the_index_lists_every_report_and_sums_the_weeks_of_a_source(small: Made) -> None:
    page = small.read("index.html")
    row = next(row for row in page.split("<tr ") if '<time datetime="2017-01-28">28 January – 3 February 2017<' in row)
    assert 'href="published_week/published-2017/2017-01-28/report.html"' in row
    assert page.count("<td>provisional</td>") == 1
    assert ": 2 weeks, 79,053 issued, 10 recorded as declined." in page, "single places are not added"
    links = ("11–17 January 2025", "11–17 January 2025 TX", "4–10 January 2025")
    assert all(f'/report.html">{link}<span' in page for link in links)


EVERY = (3, "Ohio"), (2, "New York"), (1, "California")


def test_the_newest_settled_real_week_leads_with_its_map_its_changes_and_every_week(made: Made) -> None:
    head = "place,against,finding,declined,issued,declined_before,issued_before\n"
    for source, week, declined, status, found in (
        ("real", "2025-01-04", 3, "settled", "Texas,last week,lower,8,50,16,52\nstate not given,trend,lower,8,5,1,5\n"),
        ("real", "2025-01-11", 12, "settled", "<Texas>,trend,higher,16,52,8,50\nOhio,trend,not clear,1,9,2,8\n"),
        ("real", "2025-01-18", 5, "provisional", "Alabama,trend,higher,9,9,1,9\n"),
        ("synthetic", "2026-01-03", 9, "settled", "Alaska,trend,higher,9,9,1,9\n"),
    ):
        tables = {"by_state": by_state_csv(declined), "comparisons": head + found}
        facts, told = {"declined": 6 * declined, "status": status, "share": 0.5}, {"headline": f"Week with {declined}"}
        facts["data_through"] = "2025-01-20"
        made.add("weekly_bulletin", source, {"week": week}, facts=facts, tables=tables, told=told)
    opening = made.page().split('<div id="opening">')[1].split('<div id="places">')[0]
    lead = "weekly_bulletin/real/2025-01-11/report.html"
    assert f'<h1><a href="{lead}">Week with 12</a></h1>' in opening
    assert re.findall("<dd>(.*?)</dd>", opening) == ["100", "72", "50.0%"]
    assert "Newest week, provisional</a>" in opening
    changes = re.findall(r"<li><a [^>]*>([^<]*)</a>: (\d+ of [^<]*)</li>", opening)
    numbers = "16 of 52 (30.8%), against 8 of 50 (16.0%) in the 13 weeks before"
    assert changes[0] == ("&lt;Texas&gt; higher over the 13 weeks to 17 January 2025", numbers)
    later = ["Texas lower in the week of 4–10 January 2025"]
    assert [finding for finding, _ in changes[1:]] == later, "settled, clear and of this source alone"
    assert "The data of this source end on 20 January 2025, and" in opening
    assert opening.count("<li style=") == len(states())
    assert 'title="California: 12"><b>CA</b> <i>12</i>' in opening
    assert 'title="Alaska: 0, no detainer issued"><b>AK</b></a>' in opening
    rows = opening.split("<tbody>")[1].split("<tr>")[1:]
    cells = [(re.findall(r'html">([^<]*)', row)[0], re.findall(r"<td[^>]*>([^<]*)", row)) for row in rows]
    assert cells[0] == ("Ohio", ["9", "36", "15", "60"])
    assert [state for state, _ in cells] == ["Ohio", "New York", "California"], "the most first, few together"
    months = re.findall(r'title="([^",]+)(?:, provisional)?"><span>([^<]*)<', opening)
    assert months == [("4–10 January 2025", "Jan 2025"), ("11–17 January 2025", ""), ("18–24 January 2025", "")]
    made.entries = {name: entry for name, entry in made.entries.items() if "synthetic" in name}
    made_up = made.page()
    assert "MADE-UP DATA: no figure here" in made_up
    assert 'report.html">MADE-UP DATA: Week with 9</a></h1>' in made_up
    assert 'report.html">MADE-UP DATA: Alaska higher over' in made_up
    every = BeautifulSoup(made_up.split('<h2 id="weeks">')[1].split("<h2")[0], "html.parser")
    assert "matrix" not in str(every), "one week is a list of its states"
    assert [one.get_text() for one in every.select("li")] == [f"{9 * n} MADE-UP DATA: {name}" for n, name in EVERY]
    assert "the data of this source end" not in made_up


def _head(page: str) -> list[str]:
    """Give the title of a place's page, its sentences, its cards and where its week is read."""
    told = BeautifulSoup(page.split("<main")[1].split("<h2>")[0], "html.parser")
    shown = [one.get_text() for one in told.select("h1, .prose p, .cards div")]
    return [*shown, *(str(one["href"]) for one in told.select("p > a"))]


def test_a_place_opens_with_its_newest_settled_week_in_the_words_of_its_profile_if_any(small: Made) -> None:
    week = "../weekly_bulletin/fy2015/2025-01-04/report.html"
    told = _head(small.read("states/OH.html"))
    assert told[0] == "Ohio: 9 of 30 detainers recorded as declined; share lower over 13 weeks"
    assert told[1].startswith("Of the 30 detainers that ICE issued in the week of 4–10 January 2025, it has recorded 9")
    assert told[2] == "The share is lower over 13 weeks, which is more than chance."
    assert told[3:6] == ["30issued", "9recorded as declined", "10.0%of those"]
    assert told[6:] == [f"{week}#by_state-3", "../index.html#weeks"]
    told = _head(small.read("states/AL.html"))
    assert (told[0], told[-2]) == ("Alabama: no detainer issued", f"{week}#table-by_state"), (
        "its row is in the CSV alone"
    )
    told = _head(small.read("states/TX.html"))
    assert told[:3] == ["Texas: 7 of 9", "One.", "And two."]
    assert told[-3:-1] == ["../state_profile/fy2015/2025-01-04_TX/report.html", f"{week}#by_state-4"]
    near = BeautifulSoup(small.read("states/TX.html"), "html.parser").select("ul.near a")
    assert "LA" in [one.get_text()[:2] for one in near]
    assert [str(one["title"]) for one in near if "aria-current" in one.attrs] == ["Texas: 0"]


def test_a_place_has_its_weeks_as_bars_and_those_with_declines_as_a_table(small: Made, made: Made) -> None:
    page = small.read("states/TX.html")
    for words in ("2025-01-11/report.html#by_state-4", "fy2015/2025-01-11_TX/report.html", ">149</td>"):
        assert words in page
    assert page.count('<th scope="row" class="date"><a href="../weekly_bulletin/fy2015/2025-01-11') == 1, "one a week"
    assert ">at least 0, at most 9</td>" in small.read("states/OH.html")
    for day in range(110):
        week = f"{date(2023, 1, 7) + timedelta(days=7 * day)}"
        tables, facts = {"by_state": by_state_csv(day % 2)}, {"status": "settled" if day < 108 else "provisional"}
        made.add("weekly_bulletin", "a", {"week": week}, tables=tables, facts=facts)
    shown = BeautifulSoup(made.page("states/OH.html"), "html.parser")
    bars = shown.select("ol.weeks a")
    assert [str(bars[0]["href"]), str(bars[-1]["title"])] == [
        "../weekly_bulletin/a/2023-02-18/report.html#by_state-3",
        "8–14 February 2025: 3 of 30, provisional",
    ]
    assert (len(bars), len(shown.select("li.open")), len(shown.select("tbody tr"))) == (104, 2, 110)
    assert shown.select("summary")[0].get_text() == "All 110 weeks as a table; 55 with declines"
    told = _head(str(shown))[3]
    assert told.startswith("Of 1,560 detainers issued in 52 settled weeks to 31 January 2025, 78 are recorded")
    assert ": 5.0% (95% interval 4.0% to 6.2% by chance alone;" in told
    assert told.endswith("; 5.0% in the 52 before.")
    assert "No decline is recorded in any of its 110 weeks." in made.read("states/TX.html")
    assert len(BeautifulSoup(made.read("index.html"), "html.parser").select("table.matrix thead a")) == COLUMNS
    assert not list(broken_links(made.out))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([(0, 0)] * 30, ""),
        (
            [(0, 9), (0, 10)],
            "Of 19 detainers issued in 2 settled weeks to 10 January 2025, none are recorded as declined.",
        ),
        ([(1, 1)] * 13 + [(5, 30)] * 13, "by chance alone; real ups and downs are larger)."),
        ([(6, 30)] * 13 + [(3, 30)] * 13, "; 20.0% in the 13 newest of them, 10.0% in the 13 oldest."),
    ],
)
def test_a_year_is_told_as_far_as_its_counts_go(counts: list[tuple[int, int]], said: str) -> None:
    weeks = [date(2025, 1, 4) - timedelta(days=7 * n) for n in range(len(counts))]
    rows = [
        {"status": "settled", "week": f"{week}", "value": declined, "of": issued}
        for week, (declined, issued) in zip(weeks, counts, strict=True)
    ]
    told = story(rows, None)
    assert told.endswith(said)
    assert bool(told) is bool(said)


def test_of_a_file_chosen_by_its_outcome_no_page_of_the_site_gives_a_share(made: Made) -> None:
    for week in ("2025-01-04", "2025-01-11"):
        facts = {"no_share": "all have one end", "last_week_share_before": 1.0, "last_week_issued_before": 99}
        made.add("weekly_bulletin", "a", {"week": week}, tables={"by_state": by_state_csv()}, facts=facts)
    opening = made.page().split('<div id="opening">')[1].split("</dl>")[0]
    assert re.findall("<d[dt]>(.*?)</d", opening) == [
        "100",
        "issued; 99 last week",
        "7",
        "recorded as declined; – last week",
    ]
    told = _head(made.read("states/OH.html"))[3]
    assert told.endswith(
        "60 detainers issued in 2 settled weeks to 17 January 2025, 18 are recorded as declined; all have one end."
    )


def test_a_place_reprints_what_the_newest_table_by_state_and_offence_has_of_it(made: Made) -> None:
    head = "state_name,group,declined_shown,issued_where_shown\n"
    for week, count in (("2025-01-04", "77"), ("2025-01-11", "1–4")):
        rows = (
            f"Texas,Homicide,{count},\nTexas,Weapons & explosives,0,\nTexas,All,not shown,\nOther states,Homicide,9,\n"
        )
        tables = {"by_state": by_state_csv(), "by_offence": by_offence_csv(), "state_by_offence": head + rows}
        facts = {"quarter_name": "October to December 2024"}
        made.add("weekly_bulletin", "a", {"week": week}, tables=tables, facts=facts)
    made.page()
    for page, says in (
        ("states/TX.html", ["By offence, October to December 2024", "1–4 Homicide", "not shown All"]),
        ("offences/HOMICIDE.html", ["By state, October to December 2024", "1–4 Texas", "9 Other states"]),
        ("states/OH.html", []),
    ):
        told = BeautifulSoup(made.read(page), "html.parser").select("h3, ul.places li")
        assert [one.get_text() for one in told] == says
    assert "None: Weapons &amp; explosives." in made.read("states/TX.html")
    assert '2025-01-11/report.html#table-state_by_offence">by state and offence<' in made.read("index.html")
    assert not list(broken_links(made.out))


def test_a_week_beside_one_that_failed_leads_to_a_page_that_says_so_until_it_is_made(made: Made) -> None:
    made.add("weekly_bulletin", "a", {"week": "2025-01-04"})
    own = made.entries["weekly_bulletin/a/2025-01-04"]
    made.entries[own.folder] = replace(own, inputs=own.inputs | {"neighbours": ["", "2025-01-11"]})
    failed = entry_of("weekly_bulletin/a/2025-01-11", {"week": "2025-01-11"}, outcome="failed", message="cell 3: <b>")
    made.page()
    path = f"{failed.folder}/report.html"
    assert "it stands no longer in this folder" in made.read(path)
    made.entries[failed.folder] = failed
    write_whole(made.out / failed.folder / "failed.ipynb", b"{}")
    assert "cell 3: &lt;b&gt;" in made.page()
    assert list(broken_links(made.out)) == []
    assert "2025-01-11: it failed in the last run. cell 3: &lt;b&gt;" in made.read(path)
    made.add("weekly_bulletin", "a", {"week": "2025-01-11"})
    made.page()
    assert "failed" not in made.read(path)


def test_the_index_knows_the_names_in_the_reports_tables_and_what_none_shows_cannot_be_found(made: Made) -> None:
    declined = "place,state,declined\nTravis,TX,2\nCalifornia,CA,8\n"
    for week in ("2017-01-28", "2017-02-04"):
        made.add("published_week", "p", {"week": week}, tables={"declined_by_place": declined})
    for day in range(1, 10):
        told = {"facts": {"hidden_agency": "SMALL TOWN JAIL"}, "tables": {"agencies": agencies_csv(0)}}
        made.add("state_profile", "s", {"week": f"2025-03-0{day}", "state": "TX"}, **told)
    page = made.page("names.html")
    assert not re.search("other agencies|SMALL TOWN", page + made.read("index.html"))
    assert '<a href="names.html">all 11</a>' in made.read("index.html"), "where no script brings them"
    rows = [row.split("</tr>")[0] for row in made.read("index.html").split("<tr data-found")[1:]]
    lines = [line for line in page.splitlines() if "<li data-found data-reports" in line]
    names = [line.split("<b>")[1].split("</b>")[0] for line in lines]
    assert names == [*(f"SAMPLE COUNTY {n:03} JAIL, TX" for n in range(10)), "Travis, TX"]
    many, travis = lines[0], lines[-1]
    numbers = travis.split('data-reports="')[1].split('"')[0].split()
    assert [("published_week" in rows[int(n)], "Travis" in rows[int(n)]) for n in numbers] == [(True, False)] * 2
    link = 'published_week/p/2017-02-04/report.html#declined_by_place-0" aria-label="Travis, TX, 4–10 February 2017"'
    assert f'<a href="{link}>4–10 February 2017</a>' in travis
    assert travis.index("4–10 February 2017</a>") < travis.index("28 January – 3 February 2017</a>")
    assert (many.count("<a "), "9–15 March 2025</a>" in many) == (MOST_LINKS, True), "links lead to the newest"
    assert f"and {9 - MOST_LINKS} more" in many
    assert made.brought() == "\n".join(lines) + "\n"
    assert list(broken_links(made.out)) == []


def _cost(made: Made, reports: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Counter[Path]]:
    """Build a site of weekly reports and profiles; give the calls of functions that it took, and what it opened."""
    for n in range(reports):
        week, tables = f"{date(2015, 1, 3) + timedelta(days=7 * (n // 2))}", {"by_state": by_state_csv()}
        if n % 2:
            made.add("state_profile", "a", {"week": week, "state": "TX"}, tables={"agencies": agencies_csv(n)})
        else:
            made.add("weekly_bulletin", "a", {"week": week}, tables=tables | {"by_offence": by_offence_csv()})
    opened, really, profile = Counter[Path](), Path.open, cProfile.Profile()
    monkeypatch.setattr(Path, "open", lambda path, *how, **more: opened.update([path]) or really(path, *how, **more))
    profile.runcall(write_index, made.out, made.entries)
    monkeypatch.undo()
    return sum(called.callcount for called in profile.getstats()), opened


def test_what_a_report_more_costs_a_site_does_not_grow_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = [_cost(Made(tmp_path / f"{n}"), n, monkeypatch) for n in (2, 20, 40, 80)]  # what stays is loaded first
    (one, _), (few, _), (many, opened) = costs[1:]
    assert few < many < few + 2.03 * (few - one)
    read = [times for path, times in opened.items() if path.suffix == ".csv" or path.name == "facts.json"]
    assert len(read) > 2 * 80
    assert {*read} == {1}, "each table is read once, whatever is made from it"


def test_everything_made_up_says_so_in_every_title(made: Made) -> None:
    tables = {"by_state": by_state_csv(), "by_offence": by_offence_csv()}
    for week in ("2026-01-03", "2026-01-10"):
        made.add("weekly_bulletin", "synthetic", {"week": week}, tables=tables)
        made.add("state_profile", "synthetic", {"week": week, "state": "TX"}, tables={"agencies": agencies_csv(1)})
        made.add("offence_profile", "synthetic", {"week": week, "offence": "DUI"})
    made.add("release_quality", "synthetic", {})
    index = made.page()
    titles = [title.text for title in made.feed().iter(f"{ATOM}title")]
    assert len(titles) == len(made.entries) + 1
    titles += [json.loads(made.read("index.json"))["title"], *made.titles()]
    for path in (*made.out.glob("states/*.html"), *made.out.glob("offences/*.html"), *made.out.glob("*.html")):
        titles += re.findall('(?:<(?:title|h1)>(?:<a [^>]*>)?|description" content=")(.*?)[<"]', path.read_text())
    titles += re.findall(r"<li data-found[^>]*>(?:<a [^>]*>|<b>)(.*?)<", index + made.read("names.html"))
    titles += re.findall(r'<tr data-found.*?<th scope="row"><a [^>]*>(.*?)<', index)
    titles += re.findall(r"<li[^>]*><b>(.*?)</b><br>", index)
    titles += (news := re.findall(r"<li><time.*?</time>: <a [^>]*>(.*?)</a>", index))
    assert all(re.match(r"MADE-UP DATA: \w+ (?:profile|bulletin)\. Det", one) for one in news), "told apart"
    assert len(titles) > 100
    assert [title for title in titles if not str(title).startswith("MADE-UP DATA: ")] == []


def test_real_titles_say_nothing_of_made_up_data_and_a_page_of_both_tells_them_apart(small: Made) -> None:
    assert sum(title.startswith("MADE-UP") for title in small.titles()) == 2
    page = small.read("offences/DUI.html")
    assert not re.search("<(?:title|h1)>MADE-UP", page)
    assert page.index("<h2>Source fy2015</h2>") < page.index("<h2>MADE-UP DATA: Source synthetic</h2>")
    assert "<strong>Series marked MADE-UP DATA are of no real week</strong>" in page
    assert "MADE-UP" not in small.read("states/OH.html").split("</style>")[1]


def _cells(page: str) -> list[list[str]]:
    rows = [row.split("</tr>")[0] for row in page.split("<tr>")[1:] if 'scope="row"' in row]
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


def test_the_national_report_goes_first_ranges_stay_and_picked_rows_are_no_census(made: Made) -> None:
    of_all = {"by_state": by_state_csv(2), "by_offence": "group,declined,issued\nHomicide,,1234\n"}
    picked = {"known_offences": "group,convicted,charged,unknown,detainers\nDriving under the influence,1,0,0,1\n"}
    picked["held_by_offence"] = "group,held,declined,honoured\nDriving under the influence,68,61,7\nOther,1,1,0\n"
    facts = {"declined": 206, "known_offences": 29, "held_place": "Travis County, Texas", "held_day": "2017-02-01"}
    columns = [name.rpartition(" as ")[2] for name in captions()["printed_offences"]["columns"]]
    row = {"state_name": "Alabama", "state": "AL", "offence_as_printed": "Homicides", "printed": "1029"}
    row |= {"period_from": "2025-01-20", "period_to": "2025-12-01", "publisher": "ICE", "total": "6947"}
    printed = f"{','.join(columns)}\n{','.join(row.get(name, '') for name in columns)}\n"
    made.add("printed_figures", "p", {}, tables={"printed_offences": printed})
    made.add("state_profile", "a", {"week": "2025-01-04", "state": "AL"}, facts={"declined": 99})
    made.add("weekly_bulletin", "a", {"week": "2025-01-04"}, tables=of_all)
    made.add("published_week", "p", {"week": "2017-01-28"}, facts=facts, tables=picked)
    newer = {"state_bounds": "state_name,state,known_low,known_high\nAlabama,AL,4,4\n"}
    made.add("published_week", "q", {"week": "2027-01-02"}, facts={"status": "as published"}, tables=newer)
    made.add("state_profile", "whole", {"state": "AL"})
    made.page()
    rows = [["4–10 January 2025 State profile", "settled", "0", "0", "10.0% (5.0% to 20.0%)"]]
    rows.append(["2–8 January 2027", "as published", "–", "4", "–"])
    assert _cells(made.read("states/AL.html")) == rows, "what has a settled week leads, what has no week is left out"
    assert _cells(made.read("offences/HOMICIDE.html")) == [["4–10 January 2025", "settled", "1,234", "–", "–"]]
    page = made.read("offences/DUI.html")
    assert ">1 (offence known for 29 of 206)</td>" in page
    assert "<h1>Driving under the influence: 1 recorded as declined (offence known for 29 of 206)</h1>" in page
    assert "no census" in page
    assert 'class="weeks"' not in page
    shown = BeautifulSoup(page, "html.parser")
    told = [one.get_text() for one in shown.select("h3, ul.places li")]
    assert told[-2] == "The sheriff's workbooks: declined of those held in Travis County, Texas, 1 February 2017"
    assert told[-1] == f"61 of 68: Driving under the influence, {told[-2]}", "what is printed beside the weeks"
    assert shown.select('a[href="../published_week/p/2017-01-28/report.html#held_by_offence-0"]')
    for place in ("states/AL.html", "offences/HOMICIDE.html"):
        assert '#printed_offences-0"><b>1,029</b> Homicides<span' in made.read(place)
        assert "ICE: Alabama, 20 January 2025 to 1 December 2025, 6,947 in all</h3>" in made.read(place)


def test_a_page_whose_reports_went_goes_too_and_what_the_site_did_not_write_stays(site: Made) -> None:
    ours = site.out / "states" / "notes.html"
    ours.write_text("mine")
    (site.out / "offences" / "DUI.html").write_text("edited by hand")
    site.entries.clear()
    site.add("published_week", "published-2017", {"week": "2017-01-28"})
    gone = site.add("published_week", "published-2017", {"week": "2017-02-04"})
    (site.out / gone.folder / "facts.json").unlink()
    site.page()
    assert len(site.titles()) == 1, "one that was taken away is not listed"
    assert list((site.out / "states").glob("*.html")) == [ours]
    assert [path.name for path in (site.out / "offences").glob("*.html")] == ["DUI.html"]


def test_a_folder_with_pages_of_the_users_own_keeps_them(made: Made) -> None:
    mine = made.out / "states" / "TX.html"
    mine.parent.mkdir()
    mine.write_text("mine")
    made.add("weekly_bulletin", "fy2015", {"week": "2025-01-04"}, tables={"by_state": by_state_csv()})
    with pytest.raises(InputError, match=r"TX\.html: no run has written this file, .* Move it, or give another folder"):
        made.page()
    assert mine.read_text() == "mine"


def test_the_feed_is_atom_its_times_are_those_of_the_runs_and_a_revision_is_news(site: Made) -> None:
    before = site.feed()
    assert before.tag == f"{ATOM}feed"
    entries = before.findall(f"{ATOM}entry")
    assert len(entries) == 7
    assert all(
        one.find(f"{ATOM}{name}") is not None for one in (before, *entries) for name in ("id", "title", "updated")
    )
    assert {one.text for one in before.iter(f"{ATOM}updated")} == {"2026-11-26T18:00:00+00:00"}
    assert all((site.out / (link.get("href") or "")).is_file() for link in before.iter(f"{ATOM}link"))
    revision = {"number": 1, "says": "2 figures changed: <why>.", "changes": [], "tables": []}
    site.add("published_week", "published-2017", {"week": "2017-01-28"}, told={"revisions": [revision]})
    log: dict[str, Any] = {"report": "x", "made": "2026-01-01T00:00:00+00:00"}
    log |= {"last": {"facts": {}, "tables": {}, "named": [], "inputs": {}}}
    log |= {"revisions": [{**revision, "made": "2027-02-02T00:00:00+00:00"}]}
    write_whole(site.out / "revisions/published_week/published-2017/2017-01-28.json", json.dumps(log).encode())
    site.page()
    entry = site.feed().find(f"{ATOM}entry")
    assert entry is not None
    told = {name: entry.findtext(f"{ATOM}{name}") or "" for name in ("updated", "title", "summary", "id")}
    assert told["updated"] == "2027-02-02T00:00:00+00:00"
    assert told["title"].startswith("Revised: ")
    assert "2 figures changed: <why>." in told["summary"]
    assert told["id"] not in {one.text for one in before.iter(f"{ATOM}id")}


def test_a_site_has_its_title_address_and_order_and_made_up_data_last(site: Made) -> None:
    for order, sources in (
        ((), ["published-2017", "fy2015", "synthetic"]),
        (("weekly_bulletin",), ["fy2015", "published-2017", "synthetic"]),
    ):
        page = site.page(settings=Settings("T & <b>", "https://example.org/detainers/", order))
        assert [*dict.fromkeys(re.findall(r"</b><br>.*?Source ([\w-]+)", page))] == sources
    assert "<title>T &amp; &lt;b&gt;</title>" in page
    assert 'xml:base="https://example.org/detainers/"' in site.read("feed.xml")
    assert '<link rel="canonical" href="https://example.org/detainers/index.html">' in page
    pages = [one.text for one in ElementTree.fromstring(site.read("sitemap.xml")).iter() if one.tag.endswith("loc")]
    for name in ("index.html", "states/TX.html", "weekly_bulletin/fy2015/2025-01-04/report.html"):
        assert f"https://example.org/detainers/{name}" in pages
    assert site.feed().findtext(f"{ATOM}title") == "T & <b>"
    assert '<link rel="canonical"' not in site.page()
    assert not (site.out / "sitemap.xml").exists(), "where the address is not known"
    site.entries.clear()
    assert "<title>" in site.page(), "even without reports"


CASES = yaml.safe_load((Path(__file__).parent / "site_files.yml").read_text(encoding="utf-8"))


def test_a_site_file_is_planned_in_its_order_each_report_once(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(CASES["good"])
    tasks, settings = plan_site(tmp_path / "site.yml")
    assert [task.entry.folder for task in tasks] == [
        "weekly_bulletin/fy2015/2015-06-20",
        "state_profile/fy2015/2015-06-20_TX",
        "state_profile/fy2015/2015-06-20_DC",
        "published_week/published-2017/2017-01-28",
        "period_profile/fy2015/2015Q1_2014Q4_TX",
    ]
    order = ("weekly_bulletin", "state_profile", "published_week", "period_profile")
    assert settings == Settings("Declined detainers in three states", "https://example.org/detainers/", order)
    with pytest.raises(InputError, match=r"nowhere\.yml: the site file cannot be read"):
        plan_site(tmp_path / "nowhere.yml")


@pytest.mark.parametrize(("text", "says"), CASES["bad"])
def test_what_a_site_file_cannot_say_or_names_in_vain_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "site.yml").write_text(text)
    with pytest.raises(InputError, match=says) as refusal:
        plan_site(tmp_path / "site.yml")
    assert "\n" not in str(refusal.value)
    assert ("Quote it" in str(refusal.value)) == ("Quote it" in says), "the hint stands where it helps"
