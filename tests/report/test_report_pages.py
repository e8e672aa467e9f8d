"""The pages must stand alone, show everything, let no text become markup, and never be left half written."""

import dataclasses
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wrenlet.extras import MissingExtraError
from wrenlet.report import (
    ClipPicture,
    DataSource,
    Measurement,
    RunReport,
    SkippedFile,
    SweepReport,
    SweepRun,
    pages,
    read_report,
    write_report,
    write_sweep_report,
)

EVIL = (
    """<script>alert("1")</script> & | `x` *y* _z_ [a](javascript:b) con?:*.wav\x00\x1b[31m数字 \u202egnp"""
)
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects what a browser would load, and checks that elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def names(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def external(text: str) -> list[str]:
    """Return whatever the page could fetch from outside itself."""
    page = Page(text)
    found = []
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"):
                inside = (value or "").startswith(("#", "data:image/", "./"))
                found += [] if inside else [f"{tag} {name}={value}"]
    inlined = re.findall(r"url\(\s*['\"]?([^)'\"]*)", text)
    return found + [f"url {value}" for value in inlined if not value.startswith(("#", "data:"))] + [
        f"element {tag}" for tag in ("script", "link", "iframe", "object", "embed", "base") if page.names(tag)
    ] + re.findall(r"@import[^;]*", text)  # fmt: skip


@pytest.fixture(scope="module")
def run_page(run_report: RunReport, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    markdown, html = write_report(run_report, tmp_path_factory.mktemp("run") / "new folder")
    return markdown.read_text(encoding="utf-8"), html.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sweep_page(sweep_report: SweepReport, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    markdown, html = write_sweep_report(sweep_report, tmp_path_factory.mktemp("sweep"))
    return markdown.read_text(encoding="utf-8"), html.read_text(encoding="utf-8")


def test_a_page_requests_something_from_outside(run_page, sweep_page):
    assert external(run_page[1]) == []
    assert external(sweep_page[1]) == []
    assert "default-src 'none'" in run_page[1]


def test_the_check_for_requests_sees_nothing():
    assert (
        len(external('<img src="http://x/y.png"><a href="//x">z</a><p style="background:url(x.png)"></p>'))
        == 3
    )


def test_a_table_has_no_header_or_a_picture_no_text(run_page, sweep_page):
    for text in (run_page[1], sweep_page[1]):
        page = Page(text)
        assert text.count("<table") == text.count("<thead") == text.count("</tbody>")
        assert all(th.get("scope") in ("col", "row") for th in page.names("th"))
        assert all(svg.get("aria-label") for svg in page.names("svg"))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in page.tags:
            assert attributes.get("aria-labelledby", ids[0]) in ids
            if (attributes.get("href") or "").startswith("#"):
                assert attributes["href"][1:] in ids


@pytest.mark.parametrize(
    "fact",
    [
        "99.3 %", "98.1–99.8 %", "34.2", "4.4", "5.0", "0.00028", "2,880", "71,040", "digits-int8.tflite",
        "13,978", "one heard as nine", "97.8 %", "1_jackson_1", "61 %", "3.1e-6", "99.78 %", "2,100",
        "FULLY_CONNECTED", "0.26", "recordings/7_theo_31.wav", "no samples", "hidden: 48", "2.13.0",
        "CC BY-SA 4.0", "1 for a hop, 2 for training", "Zohar Jackson and contributors",
        "wrenlet run digits --set seed=0",
        "b1946ac92492d234",
    ],
)  # fmt: skip
def test_a_fact_is_missing_from_a_page(run_page, fact: str):
    markdown, html = run_page
    visible = "".join(Page(html).texts).replace("\u2060", "").replace("\xa0", " ")
    assert fact in visible
    assert fact in markdown.replace("\\", "")


def test_a_sweep_does_not_show_its_summary_or_the_failed_run(sweep_page):
    markdown, html = sweep_page
    for fact in ("75.8 %", "8.41", "66.8 %", "87.2 %", "yweweler", "the disk is full"):
        assert fact in html
        assert fact in markdown
    assert 'href="./george/report.html"' in html


def _evil(report: RunReport) -> RunReport:
    labels = (EVIL, *report.labels[1:])
    clip = ClipPicture(EVIL, EVIL, "b", 0.5, 0.3, ((-0.1, 0.1),), ((0.0, 1.0),), EVIL)
    measured = tuple(
        dataclasses.replace(m, artefact=EVIL, precision=EVIL, mode=EVIL) for m in report.measurements
    )
    assert report.corpus is not None
    skipped = (SkippedFile(EVIL, EVIL), SkippedFile(os.fsdecode(b"bad\xff.wav"), "not UTF-8"))
    return dataclasses.replace(
        report,
        title=EVIL,
        labels=labels,
        measurements=measured,
        command=EVIL,
        repeat=(EVIL,),
        recipe=f"name: |\n  ```{EVIL}```` ~~~\n",
        digest=EVIL,
        parity=tuple(dataclasses.replace(p, comparison=EVIL) for p in report.parity),
        audits=tuple(
            dataclasses.replace(
                a, artefact=EVIL, operators={EVIL: 1}, dtypes={EVIL: 1}, float_tensors=(EVIL,)
            )
            for a in report.audits
        ),
        corpus=dataclasses.replace(
            report.corpus, name=EVIL, about=EVIL, skipped=skipped, notes=(EVIL,), digest=EVIL
        ),
        sources=(DataSource(EVIL, EVIL, EVIL, "javascript:alert(1)"),),
        clips=(clip,),
        environment={EVIL: EVIL},
        notes=(EVIL,),
        made=EVIL,
    )


def test_text_of_a_corpus_becomes_markup(run_report: RunReport, tmp_path: Path):
    markdown, html = write_report(_evil(run_report), tmp_path)
    text = html.read_text(encoding="utf-8")
    assert external(text) == []
    assert "<script" not in text
    assert "\x00" not in text + markdown.read_text(encoding="utf-8")
    assert "\x1b" not in text + markdown.read_text(encoding="utf-8")
    assert "\u202e" not in text + markdown.read_text(encoding="utf-8")
    assert "数字" in text
    assert "bad\\udcff.wav" in text  # what is no text is shown escaped, so that the file can still be found
    assert read_report(tmp_path) == _evil(run_report)


def test_text_of_a_corpus_breaks_a_markdown_table(run_report: RunReport, tmp_path: Path):
    markdown, _ = write_report(_evil(run_report), tmp_path)
    text = markdown.read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"(?<!\\)(`+) ?.*? ?\1", "", prose)
    assert "<script" not in prose
    assert "[a](" not in prose
    width = 0
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("| ") else 0
        assert not width or not cells or cells == width, line
        width = cells


def test_a_sweep_lets_a_name_become_markup_or_a_link_leave_its_folder(tmp_path: Path):
    run = SweepRun(EVIL, 0.5, (0.4, 0.6), 10, report="javascript:alert(1)//x y")
    report = SweepReport(
        EVIL, EVIL, (run, SweepRun(EVIL, failure=EVIL)), about=EVIL, environment={EVIL: EVIL}
    )
    _, html = write_sweep_report(report, tmp_path)
    text = html.read_text(encoding="utf-8")
    assert external(text) == []
    assert 'href="./javascript%3Aalert%281%29//x%20y"' in text


def test_the_smallest_report_cannot_be_written(tmp_path: Path):
    smallest = RunReport("x", ("a", "b"), (Measurement("int8", "stream", 0.5, (0.4, 0.6), 9, ships=True),))
    markdown, html = write_report(smallest, tmp_path)
    assert "The int8 model recognises 2 labels" in markdown.read_text(encoding="utf-8")
    assert external(html.read_text(encoding="utf-8")) == []
    assert "None" not in html.read_text(encoding="utf-8") + markdown.read_text(encoding="utf-8")
    write_sweep_report(SweepReport("x", "seeds", (SweepRun("seed 0", failure="killed"),)), tmp_path)


def test_many_labels_make_a_matrix_that_nobody_reads(run_report: RunReport, tmp_path: Path):
    labels = tuple(f"word {i}" for i in range(60))
    confusion = tuple(tuple(5 if i == j else int(j == i + 1) for j in range(60)) for i in range(60))
    _, html = write_report(dataclasses.replace(run_report, labels=labels, confusion=confusion), tmp_path)
    text = html.read_text(encoding="utf-8")
    assert 'class="matrix' not in text
    assert "word 0</bdi> heard as <bdi>word 1" in text


def test_the_same_report_is_written_as_other_bytes(run_report: RunReport, tmp_path: Path):
    for name in ("a", "b"):
        write_report(run_report, tmp_path / name)
    for name in ("report.md", "report.html", "report.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_stored_report_renders_otherwise_than_the_first_time(run_report: RunReport, tmp_path: Path):
    _, first = write_report(run_report, tmp_path / "a")
    stored = read_report(tmp_path / "a")
    assert isinstance(stored, RunReport)
    _, again = write_report(stored, tmp_path / "b")
    assert first.read_bytes() == again.read_bytes()


def test_a_full_disk_leaves_half_a_page(
    run_report: RunReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _, html = write_report(run_report, tmp_path)
    before = html.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pages.Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(dataclasses.replace(run_report, title="other"), tmp_path)
    assert html.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]


def test_a_missing_extra_is_not_named(run_report: RunReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"wrenlet\[train\]"):
        write_report(run_report, tmp_path)


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to look with")
def test_a_browser_does_not_render_the_heading_and_the_charts(run_report: RunReport, tmp_path: Path):
    _, html = write_report(run_report, tmp_path)
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,3000",
            f"--screenshot={tmp_path / 'page.png'}", "--dump-dom", html.as_uri(),
        ],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    dom = done.stdout.decode("utf-8")
    assert re.search(r"<h1><bdi>digits</bdi></h1>", dom)
    assert dom.count("<svg") == 14
    assert "violates the following Content Security Policy" not in done.stderr.decode("utf-8", "replace")
