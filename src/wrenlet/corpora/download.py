"""Fetch archives over HTTP, continuing where a download broke off, and unpack them without trusting them."""

import hashlib
import http.client
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from wrenlet.errors import InputError

__all__ = ["fetch", "unpack"]

BLOCK = 1 << 18
TIMEOUT_S = 30.0

Progress = Callable[[int, int | None], None]


def fetch(
    url: str, path: Path, *, sha256: str | None = None, progress: Progress | None = None, attempts: int = 3
) -> Path:
    """Download `url` to `path`, which appears only once it is whole and its checksum is right.

    What has arrived is kept in `path.partial` and not asked for again, whether this call tries once more or
    the command is run another day. A server that cannot continue, or whose file has changed since, sends
    all of it again.

    Args:
        url: `http` or `https`.
        path: of the finished file; its folder is made.
        sha256: expected checksum in hexadecimal digits, or `None` if the caller checks the content.
        progress: called with the bytes so far and their total, if known.
        attempts: tries before giving up.

    Raises:
        InputError: if the server cannot be reached, refuses, or the checksum is wrong.
    """
    if path.exists() and (sha256 is None or _checksum(path) == sha256):
        return path
    partial = path.with_name(path.name + ".partial")
    tag = path.with_name(path.name + ".etag")
    for attempt in range(1, attempts + 1):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _continue(url, partial, tag, progress)
            break
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and partial.exists():  # we have more than there is: another file by now
                partial.unlink()
            if (error.code < 500 and error.code != 416) or attempt == attempts:
                raise InputError(
                    f"{url} answers {error.code} ({error.reason}): see whether the address still exists; "
                    f"if you can get the file elsewhere, put it at {path}"
                ) from error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            if attempt == attempts:
                raise InputError(
                    f"cannot download {url} ({_reason(error)}): check the network and run the command "
                    f"again (it continues where it stopped), or put the file at {path} yourself"
                ) from error
        except OSError as error:
            raise InputError(
                f"cannot write {partial}: {error.strerror or error}; is the disk full?"
            ) from error
    if sha256 is not None and (found := _checksum(partial)) != sha256:
        partial.unlink()
        tag.unlink(missing_ok=True)
        raise InputError(
            f"{url} has the checksum {found[:12]}…, not {sha256[:12]}…: the download was deleted; run the "
            "command again, and if it stays wrong the file has changed at its source"
        )
    partial.replace(path)
    tag.unlink(missing_ok=True)
    return path


def _continue(url: str, partial: Path, tag: Path, progress: Progress | None) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "wrenlet"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if tag.exists():
            request.add_header("If-Range", tag.read_text())
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        continued = answer.status == 206 and (answer.headers.get("Content-Range") or "").startswith(
            f"bytes {have}-"
        )
        have = have if continued else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        if etag := answer.headers.get("ETag"):
            tag.write_text(etag)
        else:
            tag.unlink(missing_ok=True)
        with partial.open("ab" if continued else "wb") as file:
            while block := answer.read(BLOCK):
                file.write(block)
                have += len(block)
                if progress is not None:
                    progress(have, total)
    if total is not None and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def unpack(archive: Path, folder: Path, *, inside: str = "") -> None:
    """Unpack a `.zip` or `.tar[.gz|.bz2|.xz]` into `folder`, which appears only once it is whole.

    Args:
        archive: to unpack; nothing in it is trusted: links and devices are not made, and a name that leads
            outside is an error.
        folder: to make; it must not exist.
        inside: folder of the archive whose content is wanted, with `/` between names; `""` takes everything.

    Raises:
        InputError: if the archive is damaged, dangerous, or holds nothing under `inside`, or `folder` exists.
    """
    if folder.exists():
        raise InputError(f"{folder} exists already: delete it to unpack {archive.name} again")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            whole = Path(temporary) / "whole"
            count = 0
            for name, source in _members(archive):
                target = _target(name, inside, archive)
                if target is None:
                    continue
                (whole / target).parent.mkdir(parents=True, exist_ok=True)
                with source, (whole / target).open("wb") as file:
                    shutil.copyfileobj(source, file)
                count += 1
            if count == 0:
                raise InputError(
                    f"{archive} holds no file under {inside!r}: it is another archive; download it again"
                )
            whole.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{archive} is damaged ({error}): delete it and download it again") from error
    except OSError as error:
        raise InputError(
            f"cannot unpack {archive} ({error}): is it whole, and is there room on the disk?"
        ) from error


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name and content of every plain file."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                # The upper half of the attributes is the Unix mode: 0o12 is a link.
                if not info.is_dir() and info.external_attr >> 28 != 0o12:
                    yield info.filename, packed.open(info)
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content


def _target(name: str, inside: str, archive: Path) -> PurePosixPath | None:
    """Return where a member goes below the folder, or `None` if it is not wanted."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts[:1] and path.parts[0][1:2] == ":"):
        raise InputError(f"{archive} holds the name {name!r}, which leads outside: do not trust this archive")
    wanted = PurePosixPath(inside)
    if not path.is_relative_to(wanted):
        return None
    return path.relative_to(wanted)


def _reason(error: Exception) -> object:
    return getattr(error, "reason", None) or error


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
