import shutil
from collections import defaultdict

import pytest
from recordings import record

from wrenlet.corpora import CorpusSettings, open_corpus, summarise
from wrenlet.errors import InputError


def opened(folder, **more):
    return open_corpus(CorpusSettings(name=f"folder:{folder}", **more), folder)


def by_split(corpus, what=lambda cut: cut.id):
    found = defaultdict(set)
    for cut in corpus.cuts:
        found[cut.custom["split"]].add(what(cut))
    return found


def speaker(cut):
    return cut.supervisions[0].speaker


@pytest.fixture
def plain(tmp_path):
    for label in ("yes", "no"):
        for index in range(20):
            record(tmp_path / label / f"{index}.wav")
    return tmp_path


@pytest.fixture
def spoken(tmp_path):
    """Ten speakers, two words, and clips of nobody."""
    for person in range(10):
        for index in range(3):
            record(tmp_path / "on" / f"p{person}_nohash_{index}.flac")
            record(tmp_path / "_unknown_" / f"two_p{person}_nohash_{index}.wav")
    for index in range(10):
        record(tmp_path / "_silence_" / f"{index}.wav")
    record(tmp_path / "_background_noise_" / "tap.wav")
    return tmp_path


def test_labels_are_folder_names_with_spaces_and_any_alphabet(tmp_path):
    for label in ("turn left", "göna", "はい"):
        for index in range(4):
            record(tmp_path / label / f"{index}.WAV")
    assert opened(tmp_path).labels == ("göna", "turn left", "はい")


def test_recordings_of_every_format_and_depth_are_found_and_the_rest_passed_over(plain):
    record(plain / "yes" / "deep" / "er" / "a.flac", rate=8000)
    record(plain / "yes" / "b.ogg", 0.3)
    record(plain / "yes" / "stereo.wav", channels=2)
    record(plain / "yes" / ".hidden.wav")
    record(plain / ".hidden" / "a.wav")
    (plain / "yes" / "readme.txt").write_text("hello")
    (plain / "stray.wav").write_text("not in a label's folder")
    corpus = opened(plain)
    assert corpus.labels == ("no", "yes")
    assert {"yes/deep/er/a.flac", "yes/b.ogg", "yes/stereo.wav"} <= {cut.id for cut in corpus.cuts}
    assert len(corpus.cuts) == 43
    assert corpus.skipped == ()


def test_without_speakers_clips_are_split_and_the_note_says_so(plain):
    corpus = opened(plain)
    assert [row.clips for row in summarise(corpus.cuts)] == [28, 6, 6]
    assert "voices may be heard in several splits" in corpus.notes[0]
    assert len(corpus.split("all")) == 40
    assert len(corpus.split("test")) == 6


def test_speakers_in_names_are_never_split_over_two_parts(spoken):
    corpus = opened(spoken)
    assert corpus.labels == ("_silence_", "_unknown_", "on")
    found = by_split(corpus, speaker)
    assert len(set().union(*found.values()) - {None}) == 10
    for one in found:
        for other in set(found) - {one}:
            assert not (found[one] & found[other]) - {None}
    assert "split by speaker (10 known); 10 clips of unknown speakers at random" in corpus.notes


def test_a_speaker_can_be_held_out(spoken):
    found = by_split(opened(spoken, split="speakers", held_out="p3"), speaker)
    assert found["test"] == {"p3"}
    assert "p3" not in found["train"] | found["validation"]
    assert not (found["train"] & found["validation"]) - {None}
    assert found["validation"] - {None}
    with pytest.raises(InputError, match="'anna'"):
        opened(spoken, split="speakers", held_out="anna")


def test_speakers_that_nobody_named_cannot_be_held_out(plain):
    with pytest.raises(InputError, match="_nohash_"):
        opened(plain, split="speakers", held_out="p3")


@pytest.mark.parametrize(
    "names", [("train", "validation", "test"), ("training", "dev", "testing"), ("Train", "val", "Test")]
)
def test_split_folders_are_honoured(tmp_path, names):
    for part in names:
        for label in ("yes", "no"):
            record(tmp_path / part / label / f"{part}.wav")
    for split in ("random", "official"):
        corpus = opened(tmp_path, split=split)
        assert corpus.labels == ("no", "yes")
        for part, expected in zip(names, ("train", "validation", "test"), strict=True):
            assert by_split(corpus)[expected] == {f"{part}/yes/{part}.wav", f"{part}/no/{part}.wav"}


def test_a_missing_split_folder_is_carved_out_of_training(tmp_path):
    for index in range(20):
        for label in ("yes", "no"):
            record(tmp_path / "train" / label / f"{index}.wav")
            record(tmp_path / "test" / label / f"{index}.wav")
    corpus = opened(tmp_path)
    assert [row.clips for row in summarise(corpus.cuts)] == [34, 6, 40]
    assert "validation carved out of train" in corpus.notes[0]


def test_a_label_called_test_is_no_split_folder(plain):
    shutil.move(plain / "no", plain / "test")
    assert opened(plain).labels == ("test", "yes")


def test_official_needs_the_folders(plain):
    with pytest.raises(InputError, match="no folders train"):
        opened(plain, split="official")


def test_folders_without_recordings_are_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        opened(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no recordings"):
        opened(tmp_path)
    (tmp_path / "no").mkdir()
    with pytest.raises(InputError, match="holds no recordings"):
        opened(tmp_path)


def test_a_single_recording_is_a_corpus_to_be_evaluated_on(tmp_path):
    record(tmp_path / "yes" / "1.wav")
    corpus = opened(tmp_path)
    assert corpus.labels == ("yes",)
    assert len(corpus.split("all")) == 1


def test_an_empty_label_folder_is_mentioned(plain):
    (plain / "maybe").mkdir()
    corpus = opened(plain)
    assert corpus.labels == ("no", "yes")
    assert "the folder 'maybe' holds no recordings and is no label" in corpus.notes


def test_damaged_headers_are_skipped_by_name_until_they_are_too_many(plain):
    (plain / "yes" / "torn.wav").write_bytes(b"RIFF")
    (plain / "no" / "zero.wav").touch()
    (plain / "no" / "phone.m4a").write_bytes(b"no decoder reads this")
    corpus = opened(plain)
    assert {bad.path.name for bad in corpus.skipped} == {"torn.wav", "zero.wav", "phone.m4a"}
    assert len(corpus.cuts) == 40
    with pytest.raises(InputError, match=r"3 of 43 recordings .*max_bad_share 0\.05 .*zero\.wav is empty"):
        opened(plain, max_bad_share=0.05)


def test_a_corpus_of_nothing_but_damage_is_refused_whatever_share_is_allowed(tmp_path):
    for label in ("yes", "no"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.wav").touch()
    with pytest.raises(InputError, match="2 of 2 recordings"):
        opened(tmp_path, max_bad_share=1.0)


def test_speech_commands_split_by_speaker(data):
    folder = data / "speech_commands_test_set_v0.02"
    if not folder.is_dir():
        pytest.skip("no Speech Commands at hand")
    corpus = opened(folder)
    assert len(corpus.labels) == 12
    found = by_split(corpus, speaker)
    assert not (found["train"] & found["test"]) - {None}
    assert [row.clips for row in summarise(corpus.cuts)] == [2768, 665, 434]


def test_labels_with_spaces_and_accents_work_and_rare_ones_are_said(tmp_path):
    for label, count in (("turn on", 10), ("größe", 10), ("rare", 3)):
        for index in range(count):
            record(tmp_path / label / f"{index}.wav", 0.02)
    corpus = open_corpus(CorpusSettings(name=f"folder:{tmp_path}"), tmp_path)
    assert corpus.labels == ("größe", "rare", "turn on")
    assert "labels with few training clips, hardly enough to learn: 'rare' 2" in corpus.notes
