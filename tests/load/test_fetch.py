"""A release at an address: fetched from a server on loopback, imported, and nothing left behind. All rows SYNTHETIC."""

from __future__ import annotations

import errno
import re
import threading
import zipfile
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result

from analysis.cli import main
from analysis.load import imports
from analysis.load.imports import local_files
from analysis.load.reference import data_file
from analysis.load.sources import open_source, versions

RELEASE = data_file("synthetic/small_release.parquet").read_bytes()


def _zipped() -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("fy25.csv", "a,b\n")
        files.writestr("fy26.csv", "a,b\n")
    return archive.getvalue()


ANSWERS: dict[str, tuple[int, bytes, int]] = {  # status, content, bytes more that the header promises
    "/release.parquet": (200, RELEASE, 0),
    "/download?id=3": (200, RELEASE, 0),
    "/page.csv": (200, b"<!DOCTYPE html><html><body>Choose a file</body></html>", 0),
    "/cut.parquet": (200, RELEASE[:99_000], 1_000),
    "/part.csv": (206, b"Prepare Date,State,Detainer Lift Reason\n1/3/15,TEXAS,Died\n", 0),
    "/two.zip": (200, _zipped(), 0),
    "/large.csv": (200, b"a", 2_000_000),
    "/x%2F..%2F.fy:26.csv?id=../y": (200, b"a", 0),
    "/forbidden.csv": (403, b"no", 0),
}


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, content, more = ANSWERS.get(self.path, (404, b"gone", 0))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/release.parquet")
        elif self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
        elif self.path == "/get?id=4":  # the server names the file
            self.send_response(200)
            self.send_header("Content-Disposition", "attachment; filename*=UTF-8''..%2Ffy26%20%C3%A9.csv")
            content = b"a"
        elif self.path == "/endless.csv":  # its length is not declared
            self.send_response(200)
            content = bytes(3_000_000)
        else:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) + more))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Give the address of a server on loopback, and an own data folder that holds nothing half-written afterwards."""
    data = tmp_path / "data"
    monkeypatch.setenv("DECLINES_DATA_DIR", str(data))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    assert [path for path in data.rglob("*") if path.name.startswith(".")] == []


def imported(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import", "--name", "ice", *arguments])


def test_an_address_becomes_a_source_whose_origin_names_it_and_again_nothing(site: str) -> None:
    first = imported(site.replace("//", "//user:secret@") + "/moved")
    assert (first.exit_code, first.output.split(",")[0]) == (0, "ice: version 1"), first.output
    origin = open_source("ice").origin
    assert (origin.obtained, origin.accessed) == (f"fetched from {site}/moved", date.today().isoformat())
    assert "release.parquet (sha256 " in origin.document
    for again in ("/moved", "/release.parquet", "/download?id=3"):
        assert imported(site + again).output == "ice: version 1 was made from the same files\n"
    assert len(versions("ice")) == 1


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/gone.csv", "/gone.csv: there is no file at the address.*publisher's page.*list --releases"),
        ("/forbidden.csv", "/forbidden.csv: the server does not give the file.*403 Forbidden.*who may read it"),
        ("/page.csv", "/page.csv: the file cannot be read: found 'a web page'.*download the file itself"),
        ("/cut.parquet", r"/cut.parquet: the file was cut off before its end: expected 100,000 bytes.*again"),
        ("/part.csv", "/part.csv: the file was cut off before its end.*again"),
        ("/two.zip", r"/two.zip: the zip file is no.*'fy25.csv', 'fy26.csv'.*give the files in it"),
        ("/round", "/round: the address is redirected too often.*publisher's page"),
        ("/large.csv", r"/large.csv: the file is too large: 2,000,001 bytes.*--max-megabytes"),
        ("/endless.csv", r"/endless.csv: the file is too large.*expected 1 MB at most.*--max-megabytes"),
    ],
)
def test_what_is_not_the_file_is_refused_in_one_sentence(site: str, address: str, says: str) -> None:
    refusal = imported(site + address, "--max-megabytes", "1")
    assert (refusal.exit_code, refusal.output.count("\n")) == (2, 1), refusal.output
    assert re.search(says, refusal.output), refusal.output
    assert ".fetch-" not in refusal.output
    assert versions("ice") == []


def test_no_connection_and_an_address_of_no_known_kind_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as closed:
        address = f"http://127.0.0.1:{closed.server_port}/a.csv"
    for given, says in ((address, "no connection"), ("nosuch://x/a.csv", "Protocol not known")):
        told = imported(given, "--data-dir", str(tmp_path))
        assert (told.exit_code, says in told.output, list(tmp_path.iterdir())) == (2, True, []), told.output


def test_stopped_in_the_middle_or_on_a_full_disk_nothing_stays(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    full, says = OSError(errno.ENOSPC, "No space left on device"), "the disk of the data folder is full"
    for stops, code, said in ((KeyboardInterrupt(), 1, ""), (full, 2, says)):
        monkeypatch.setattr(imports.tqdm, "update", Mock(side_effect=stops))
        told = imported(f"{site}/release.parquet")
        assert (told.exit_code, said in told.output) == (code, True), told.output


def test_the_name_of_the_file_is_its_servers_or_the_end_of_its_address_and_leads_nowhere_else(site: str) -> None:
    addresses = [site + end for end in ("/x%2F..%2F.fy%3A26.csv?id=../y", "/get?id=4", "/moved", "/download?id=3")]
    with local_files([*addresses, Path("mine.csv")]) as files:
        assert [file.name for file in files] == ["fy_26.csv", "fy26 é.csv", "release.parquet", "download", "mine.csv"]
        assert files[0].read_bytes() == b"a"
        assert {oct(file.stat().st_mode)[-3:] for file in files[:4]} == {"600"}
    assert not files[0].exists()
