from collections import defaultdict

import pytest

from wrenlet.audio import read_audio
from wrenlet.corpora import CorpusSettings, open_corpus, summarise, synthetic
from wrenlet.errors import InputError

pytest.importorskip("espeakng_loader")

SETTINGS = CorpusSettings(name="synthetic", words=("yes", "no"), clips_per_word=20)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    return root, open_corpus(SETTINGS, root)


def test_every_word_is_spoken_in_every_split(spoken):
    _, corpus = spoken
    assert corpus.labels == ("yes", "no")
    rows = summarise(corpus.cuts)
    assert [row.clips for row in rows] == [28, 6, 6]
    for row in rows:
        assert row.labels == {"yes": row.clips // 2, "no": row.clips // 2}
    cut = next(iter(corpus.cuts))
    assert cut.sampling_rate == synthetic.SAMPLE_RATE
    assert 0.1 < cut.duration < 3


def test_no_throat_speaks_in_two_splits(spoken):
    _, corpus = spoken
    throats = defaultdict(set)
    for cut in corpus.cuts:
        voice = cut.supervisions[0].speaker
        throats[cut.custom["split"]].add(voice.partition("+")[2] or voice)
    assert not throats["train"] & throats["test"]
    assert not throats["train"] & throats["validation"]
    assert not throats["validation"] & throats["test"]


def test_the_same_settings_are_spoken_once_and_would_be_spoken_the_same_again(spoken, tmp_path, monkeypatch):
    root, corpus = spoken
    again = open_corpus(SETTINGS, tmp_path)
    for one, two in zip(corpus.cuts, again.cuts, strict=True):
        path, other = one.recording.sources[0].source, two.recording.sources[0].source
        assert (read_audio(path).samples == read_audio(other).samples).all()
    assert again.digest == corpus.digest
    monkeypatch.setattr(synthetic, "speak", None)
    assert open_corpus(SETTINGS, root).digest == corpus.digest


def test_a_seed_another_word_or_count_is_another_corpus():
    plans = [
        SETTINGS,
        CorpusSettings(name="synthetic", words=("yes", "no"), clips_per_word=20, seed=1),
        CorpusSettings(name="synthetic", words=("yes", "go"), clips_per_word=20),
        CorpusSettings(name="synthetic", words=("yes", "no"), clips_per_word=21),
    ]
    assert len({str(synthetic._plan(settings)) for settings in plans}) == 4


def test_an_interrupted_corpus_leaves_nothing_that_looks_whole(tmp_path, monkeypatch):
    real, said = synthetic.speak, []

    def stumble(**arguments):
        said.append(arguments)
        if len(said) == 5:
            raise KeyboardInterrupt
        return real(**arguments)

    monkeypatch.setattr(synthetic, "speak", stumble)
    with pytest.raises(KeyboardInterrupt):
        open_corpus(SETTINGS, tmp_path)
    assert list((tmp_path / "synthetic").iterdir()) == []


def test_progress_is_told(tmp_path):
    seen = []
    synthetic.open_synthetic(SETTINGS, tmp_path, lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, 40)
    assert seen[-1] == (40, 40)


def test_robots_and_whispers_are_left_out():
    names = synthetic.speaking_voices()
    assert len(names) > 400
    assert not [name for name in names if "robo" in name.lower() or "whisper" in name]


@pytest.mark.parametrize("split", ["official", "speakers"])
def test_synthetic_speech_has_one_way_to_split(split, tmp_path):
    with pytest.raises(InputError, match="use random"):
        open_corpus(CorpusSettings(name="synthetic", words=("a", "b"), split=split), tmp_path)
