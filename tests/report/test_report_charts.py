"""Charts must be the same bytes every time, take the page's colours, and survive odd input."""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest

from wrenlet.report import ClipPicture, Epoch, RunReport, Training, picture_clip
from wrenlet.report.charts import clip_chart, learning_charts


def test_the_same_chart_is_drawn_as_other_bytes(run_report: RunReport):
    assert run_report.training is not None
    assert learning_charts(run_report.training) == learning_charts(run_report.training)
    assert clip_chart(run_report.clips[0]) == clip_chart(run_report.clips[0])


def test_a_chart_is_not_well_formed_or_has_no_description(run_report: RunReport):
    assert run_report.training is not None
    charts = [*learning_charts(run_report.training), *map(clip_chart, run_report.clips)]
    assert len(charts) == 14
    for chart in charts:
        root = ElementTree.fromstring(chart)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert root.get("viewBox")
        assert root.get("width") is None  # the page decides


def test_a_chart_keeps_colours_of_one_scheme(run_report: RunReport):
    assert run_report.training is not None
    for chart in (*learning_charts(run_report.training), *map(clip_chart, run_report.clips)):
        assert "var(--" in chart
        assert "#01020" not in chart
        black = re.findall(r"(?:fill|stroke):\s*(#\w+)", chart)
        assert black == []


def test_two_charts_on_a_page_share_an_id(run_report: RunReport):
    assert run_report.training is not None
    seen: set[str] = set()
    for chart in (*learning_charts(run_report.training), *map(clip_chart, run_report.clips)):
        ids = set(re.findall(r'\sid="([^"]+)"', chart))
        assert not ids & seen
        used = re.findall(r'(?:url\(#|xlink:href="#)([^)"]+)', chart)
        assert set(used) <= ids
        seen |= ids


@pytest.mark.parametrize(
    "epochs",
    [
        (),
        (Epoch(1),),
        (Epoch(1, training_loss=0.5),),
        (Epoch(1, validation_loss=float("nan"), validation_accuracy=0.5), Epoch(2, validation_accuracy=0.6)),
        tuple(Epoch(e, 1.0, 1.0, 0.0, 0.0) for e in range(1, 4)),
    ],
)
def test_a_short_or_diverged_training_breaks_the_curves(epochs: tuple[Epoch, ...]):
    for chart in learning_charts(Training(epochs, best_epoch=7)):
        ElementTree.fromstring(chart)


@pytest.mark.parametrize("features", [(), ((1.0,),), ((0.0, 0.0), (0.0, 0.0))])
@pytest.mark.parametrize("envelope", [(), ((0.0, 0.0),), ((-1.0, 1.0), (0.0, 0.5))])
def test_a_silent_or_empty_clip_breaks_the_picture(envelope, features):
    ElementTree.fromstring(clip_chart(ClipPicture("a", "b", "c", 0.1, 0.0, envelope, features)))


def test_a_label_becomes_markup_or_mathematics_in_a_chart(run_report: RunReport):
    evil = '"><script>$x^2$</script> 数字'
    chart = clip_chart(dataclasses.replace(run_report.clips[0], name=evil, label=evil))
    assert "<script" not in chart
    assert ElementTree.fromstring(chart).get("aria-label", "").count("<script>") == 2


def test_the_picture_does_not_say_how_long_the_clip_is():
    chart = clip_chart(picture_clip("x", "a", "a", 1.0, [0.1] * 4000, 8000, [[1.0, 2.0]] * 30, "MFCC"))
    assert "0.50 seconds" in chart
    assert "0.4 s" in chart
