import hashlib
import io
import random
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from wrenlet.corpora.download import fetch, unpack
from wrenlet.errors import InputError

BODY = np.random.default_rng(0).bytes(1_000_000)
SUM = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `body`, and misbehaves as a test asks.

    `cut_off` lists how many bytes to send before hanging up, for each request in turn; `ranges` says whether
    a download can be continued.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.etag, self.ranges, self.status = BODY, '"one"', True, 200
        self.cut_off: list[int] = []
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/corpus.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if self.headers.get("If-Range", server.etag) != server.etag:
            start = 0
        if start and start >= len(server.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        self.send_header("Content-Length", str(len(server.body) - start))
        self.send_header("ETag", server.etag)
        self.end_headers()
        stop = start + server.cut_off.pop(0) if server.cut_off else None
        self.wfile.write(server.body[start:stop])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_whole_file_arrives_once_and_progress_ends_at_its_size(server, tmp_path):
    seen = []
    path = fetch(server.url, tmp_path / "deep" / "a.tar.gz", sha256=SUM, progress=lambda *at: seen.append(at))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert fetch(server.url, path, sha256=SUM) == path
    assert len(server.asked) == 1, "what is there is not fetched again"
    assert [child.name for child in path.parent.iterdir()] == ["a.tar.gz"]


def test_a_broken_download_continues_where_it_stopped(server, tmp_path):
    server.cut_off = [300_000, 200_000]
    assert fetch(server.url, tmp_path / "a", sha256=SUM).read_bytes() == BODY
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_another_day_also_continues(server, tmp_path):
    server.cut_off = [300_000]
    with pytest.raises(InputError, match="continues where it stopped"):
        fetch(server.url, tmp_path / "a", sha256=SUM, attempts=1)
    assert not (tmp_path / "a").exists()
    assert fetch(server.url, tmp_path / "a", sha256=SUM).read_bytes() == BODY
    assert server.asked == [None, "bytes=300000-"]


def test_a_server_that_cannot_continue_sends_everything(server, tmp_path):
    server.cut_off, server.ranges = [300_000], False
    assert fetch(server.url, tmp_path / "a", sha256=SUM).read_bytes() == BODY


def test_a_file_that_changed_meanwhile_is_not_glued_to_its_old_beginning(server, tmp_path):
    server.cut_off = [300_000]
    with pytest.raises(InputError):
        fetch(server.url, tmp_path / "a", attempts=1)
    server.body, server.etag = BODY[::-1], '"two"'
    assert fetch(server.url, tmp_path / "a").read_bytes() == BODY[::-1]


def test_a_file_that_became_shorter_is_fetched_from_the_start(server, tmp_path):
    (tmp_path / "a.partial").write_bytes(bytes(2_000_000))
    assert fetch(server.url, tmp_path / "a", sha256=SUM).read_bytes() == BODY


def test_a_wrong_checksum_is_refused_and_the_file_deleted(server, tmp_path):
    with pytest.raises(InputError, match="checksum"):
        fetch(server.url, tmp_path / "a", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_gone_is_said(server, tmp_path):
    server.status = 404
    with pytest.raises(InputError, match="answers 404"):
        fetch(server.url, tmp_path / "a")
    assert len(server.asked) == 1


def test_no_network_is_said_with_where_to_put_the_file(server, tmp_path):
    url = server.url.replace("127.0.0.1", "nowhere.invalid")
    with pytest.raises(InputError, match=rf"check the network.*{tmp_path / 'a'}"):
        fetch(url, tmp_path / "a", attempts=1)


def packed_zip(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def packed_tar(path, names, link=None):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
        if link:
            member = tarfile.TarInfo("top/link")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
    return path


PACKERS = {"a.zip": packed_zip, "a.tar.gz": packed_tar}


@pytest.mark.parametrize("name", PACKERS)
def test_the_wanted_part_of_an_archive_is_unpacked(tmp_path, name):
    archive = PACKERS[name](tmp_path / name, ["top/recordings/a.wav", "top/recordings/b/c.wav", "top/readme"])
    unpack(archive, tmp_path / "out" / "recordings", inside="top/recordings")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.wav")}
    assert found == {"recordings/a.wav", "recordings/b/c.wav"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["recordings"]
    with pytest.raises(InputError, match="exists already"):
        unpack(archive, tmp_path / "out" / "recordings", inside="top/recordings")


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("evil", ["../evil", "/evil", "top/../../evil", "..\\evil", "C:\\evil"])
def test_names_that_lead_outside_are_refused(tmp_path, name, evil):
    archive = PACKERS[name](tmp_path / name, ["top/a.wav", evil])
    with pytest.raises(InputError, match="leads outside"):
        unpack(archive, tmp_path / "out" / "corpus")
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_in_archives_are_not_made(tmp_path):
    archive = packed_tar(tmp_path / "a.tar.gz", ["top/a.wav"], link="/etc/passwd")
    unpack(archive, tmp_path / "out", inside="top")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.wav"]


@pytest.mark.parametrize("name", PACKERS)
def test_a_damaged_archive_leaves_no_folder(tmp_path, name):
    names = [f"top/{random.Random(i).randbytes(40).hex()}" for i in range(100)]
    archive = PACKERS[name](tmp_path / name, names)
    archive.write_bytes(archive.read_bytes()[:-700])
    with pytest.raises(InputError, match=name):
        unpack(archive, tmp_path / "out" / "corpus")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_archive_without_the_wanted_part_is_refused(tmp_path):
    archive = packed_zip(tmp_path / "a.zip", ["top/a.wav"])
    with pytest.raises(InputError, match="another archive"):
        unpack(archive, tmp_path / "out", inside="bottom")
