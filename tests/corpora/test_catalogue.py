import subprocess
import sys
from pathlib import Path

import pytest

from wrenlet.corpora import CORPORA, CorpusSettings, data_root, find_corpus, get_corpus, open_corpus
from wrenlet.errors import InputError


def test_every_card_is_filled_in():
    assert set(CORPORA) == {"digits", "speech_commands", "speech_commands_v1", "folder", "synthetic"}
    for card in CORPORA.values():
        assert card.about
        assert card.splits
        assert card.get is None or (card.licence and card.homepage and card.folder)


@pytest.mark.parametrize(
    ("name", "near"),
    [("digit", "digits"), ("synth", "synthetic"), ("folder", "folder:PATH"), ("folder:", "folder:PATH")],
)
def test_an_unknown_corpus_is_refused_with_the_nearest(name, near):
    with pytest.raises(InputError, match=f"did you mean {near}"):
        find_corpus(name)


@pytest.mark.parametrize(
    ("name", "split"), [("digits", "hash"), ("folder:.", "hash"), ("synthetic", "speakers")]
)
def test_a_split_that_a_corpus_does_not_have_is_refused(tmp_path, name, split):
    words = ("yes", "no") if name == "synthetic" else ()
    with pytest.raises(InputError, match=f"is '{split}', which {name} does not have.*use random"):
        open_corpus(CorpusSettings(name=name, split=split, words=words), tmp_path)


def test_what_cannot_be_downloaded_is_said(tmp_path):
    with pytest.raises(InputError, match="nothing to download"):
        get_corpus("synthetic", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"split": "sideways"}, "random, official, speakers or hash"),
        ({"validation": "none"}, "speaker or clips"),
        ({"held_out": "theo"}, "use speakers"),
        ({"words": ("yes", "no")}, "has its own labels"),
        ({"name": "synthetic"}, "has 0 words"),
        ({"name": "synthetic", "words": ("yes",)}, "has 1 words"),
        ({"name": "synthetic", "words": ("yes", "yes")}, "'yes' twice"),
        ({"name": "synthetic", "words": ("yes", " ")}, "empty word"),
        ({"name": "synthetic", "words": ("a", "b"), "clips_per_word": 5}, "at least 10"),
        ({"silence": 0.1}, "'digits' has no such clips"),
        ({"unknown": 0.1}, "'digits' has no such clips"),
        ({"name": "speech_commands", "silence": -0.1}, "corpus.silence is -0.1"),
        ({"name": "speech_commands", "unknown": float("nan")}, "corpus.unknown is nan"),
        ({"name": "speech_commands", "words": ("yes",)}, "has 1 words"),
        ({"name": "speech_commands", "words": ("yes", "yes")}, "'yes' twice"),
        ({"max_bad_share": 1.5}, "share is in 0…1"),
    ],
)
def test_impossible_settings_are_refused(arguments, reason):
    with pytest.raises(InputError, match=reason):
        CorpusSettings(**arguments)


def test_the_data_root_is_the_option_then_the_environment_then_the_cache(monkeypatch):
    monkeypatch.setenv("WRENLET_DATA", "/from/environment")
    assert data_root("/from/option") == Path("/from/option")
    assert data_root(None) == Path("/from/environment")
    monkeypatch.delenv("WRENLET_DATA")
    assert data_root() == Path.home() / ".cache" / "wrenlet" / "data"


def test_importing_the_rooms_costs_no_torch_and_no_lhotse():
    code = (
        "import sys, wrenlet.corpora, wrenlet.audio, wrenlet.audio.synthesis;"
        "print([name for name in ('torch', 'lhotse', 'espeakng_loader') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_missing_library_is_named_with_its_extra(monkeypatch, tmp_path):
    from recordings import record

    for label in ("yes", "no"):
        record(tmp_path / label / "1.wav")
    monkeypatch.setitem(sys.modules, "lhotse", None)
    with pytest.raises(InputError, match=r"wrenlet\[data\]"):
        open_corpus(CorpusSettings(name=f"folder:{tmp_path}"), tmp_path)
