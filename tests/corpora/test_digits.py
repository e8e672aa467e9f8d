import tarfile
from collections import Counter, defaultdict
from itertools import permutations

import pytest
from recordings import record

from wrenlet.corpora import CorpusSettings, digits, open_corpus, summarise
from wrenlet.corpora.splits import SPLITS
from wrenlet.errors import InputError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Twelve clips each of two digits by three speakers."""
    folder = tmp_path_factory.mktemp("data")
    for digit in (0, 7):
        for speaker in ("george", "jackson", "theo"):
            for index in range(12):
                record(folder / "fsdd" / "recordings" / f"{digit}_{speaker}_{index}.wav", 0.05, 8000)
    (folder / "fsdd" / "recordings" / "notes.txt").write_text("not a recording")
    return folder


def splits(corpus):
    found = defaultdict(set)
    for cut in corpus.cuts:
        found[cut.custom["split"]].add((cut.supervisions[0].speaker, int(cut.id.rsplit("_", 1)[1])))
    return found


def test_labels_speakers_and_rate_come_from_names_and_headers(root):
    corpus = open_corpus(CorpusSettings(), root)
    assert corpus.labels == digits.LABELS
    assert corpus.labels[0::9] == ("zero", "nine")
    assert len(corpus.cuts) == 72
    cut = next(cut for cut in corpus.cuts if cut.id == "7_theo_3")
    assert (cut.supervisions[0].text, cut.supervisions[0].speaker) == ("seven", "theo")
    assert (cut.sampling_rate, cut.num_samples) == (8000, 400)
    assert corpus.card["licence"] == "CC BY-SA 4.0"


def test_the_digest_is_of_the_split_not_of_the_place(root, tmp_path):
    (tmp_path / "elsewhere").symlink_to(root)
    one = open_corpus(CorpusSettings(), root)
    assert one.digest == open_corpus(CorpusSettings(), tmp_path / "elsewhere").digest
    assert one.digest != open_corpus(CorpusSettings(seed=1), root).digest
    assert one.digest != open_corpus(CorpusSettings(split="official"), root).digest


def test_the_official_test_is_index_0_to_4_and_validation_5_to_9(root):
    found = splits(open_corpus(CorpusSettings(split="official"), root))
    assert {index for _, index in found["test"]} == set(range(5))
    assert {index for _, index in found["validation"]} == set(range(5, 10))
    assert {index for _, index in found["train"]} == {10, 11}


@pytest.mark.parametrize("held_out", ["george", "jackson", "theo"])
def test_a_speaker_left_out_is_heard_in_the_test_only(root, held_out):
    settings = CorpusSettings(split="speakers", held_out=held_out)
    found = {
        split: {speaker for speaker, _ in own} for split, own in splits(open_corpus(settings, root)).items()
    }
    assert found["test"] == {held_out}
    assert all(not found[a] & found[b] for a, b in permutations(SPLITS, 2))


def test_validation_can_be_clips_of_the_training_speakers_instead(root):
    settings = CorpusSettings(split="speakers", held_out="theo", validation="clips")
    found = splits(open_corpus(settings, root))
    assert {speaker for speaker, _ in found["test"]} == {"theo"}
    assert {speaker for speaker, _ in found["validation"]} == {speaker for speaker, _ in found["train"]}


def test_an_unknown_speaker_is_refused_with_the_known_ones(root):
    with pytest.raises(InputError, match="george, jackson, theo"):
        open_corpus(CorpusSettings(split="speakers", held_out="anna"), root)
    with pytest.raises(InputError, match="held_out is None"):
        open_corpus(CorpusSettings(split="speakers"), root)


def test_missing_digits_say_how_to_get_them(tmp_path):
    with pytest.raises(InputError, match="wrenlet data get digits"):
        open_corpus(CorpusSettings(), tmp_path)
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    with pytest.raises(InputError, match=r"7_jackson_32\.wav"):
        open_corpus(CorpusSettings(), tmp_path)


def archive_of(folder, path):
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, f"free-spoken-digit-dataset-{digits.VERSION}/recordings")


def test_getting_the_digits_unpacks_the_recordings_and_checks_them(root, tmp_path, monkeypatch):
    archive_of(root / "fsdd" / "recordings", tmp_path / "fsdd.tar.gz")
    monkeypatch.setattr(digits, "URL", (tmp_path / "fsdd.tar.gz").as_uri())
    with pytest.raises(InputError, match=r"lacks 2928 of 3000 recordings, such as 0_george_12\.wav"):
        digits.get_digits(tmp_path / "data")
    assert len(list((tmp_path / "data" / "fsdd" / "recordings").glob("*.wav"))) == 72


def test_the_real_digits_split_as_published(data):
    expected = {
        CorpusSettings(): (2100, 450, 450),
        CorpusSettings(split="official"): (2400, 300, 300),
        CorpusSettings(split="speakers", held_out="theo"): (2000, 500, 500),
        CorpusSettings(split="speakers", held_out="theo", validation="clips"): (2125, 375, 500),
    }
    for settings, counts in expected.items():
        rows = summarise(open_corpus(settings, data).cuts)
        assert tuple(row.clips for row in rows) == counts
        assert sum(row.hours for row in rows) == pytest.approx(0.364, abs=0.001)


def test_the_real_digits_are_the_ones_our_figures_were_measured_on(data):
    assert digits.get_digits(data) == ()


def test_every_digit_is_in_every_split(data):
    for settings in (CorpusSettings(seed=3), CorpusSettings(split="speakers", held_out="lucas")):
        for row in summarise(open_corpus(settings, data).cuts):
            assert set(row.labels) == set(digits.LABELS)
            assert Counter(row.labels).most_common()[0][1] - min(row.labels.values()) <= 1
