import hashlib
import io
import tarfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from recordings import record

from wrenlet.artefact import ClipRules
from wrenlet.corpora import (
    SPLITS,
    CorpusSettings,
    check_corpus,
    find_corpus,
    load_clips,
    open_corpus,
    speech_archives,
    summarise,
)
from wrenlet.corpora.opened import split_of
from wrenlet.corpora.speech_commands import COMMANDS, SILENCE, UNKNOWN, published_split
from wrenlet.errors import InputError

SPEAKERS = [f"{number:08x}" for number in range(40)]
OTHERS = ("bed", "two", "zero")


def clips_of(speaker):
    return [(word, f"{speaker}_nohash_{n}") for word in (*COMMANDS, *OTHERS) for n in range(1)]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """A full archive of 40 speakers, and a test archive of those whom the published split tests."""
    root = tmp_path_factory.mktemp("archives")
    for speaker in SPEAKERS:
        for word, stem in clips_of(speaker):
            record(root / "speech_commands_v0.02" / word / f"{stem}.wav", 0.02)
            if published_split(stem) == "test" and (word in COMMANDS or word == "two"):
                there = f"{word}/{stem}" if word in COMMANDS else f"{UNKNOWN}/{word}_{stem}"
                record(root / "speech_commands_test_set_v0.02" / f"{there}.flac", 0.02)
    for number in range(6):
        record(root / "speech_commands_test_set_v0.02" / SILENCE / f"{number}.flac", 0.02)
    for name in ("tap", "dishes"):
        record(root / "speech_commands_v0.02" / "_background_noise_" / f"{name}.wav", 20)
    (root / "speech_commands_v0.02" / "testing_list.txt").write_text("")
    return root


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Only a test archive, with background noise beside it."""
    root = tmp_path_factory.mktemp("sample")
    folder = root / "speech_commands_test_set_v0.02"
    for speaker in SPEAKERS[:20]:
        for word, stem in clips_of(speaker):
            there = f"{word}/{stem}" if word in COMMANDS else f"{UNKNOWN}/{word}_{stem}"
            record(folder / f"{there}.flac", 0.02)
    for number in range(20):
        record(folder / SILENCE / f"{number}.flac", 0.02)
    record(root / "background_noise" / "tap.flac", 20)
    return root


def opened(root, split="speakers", **more):
    return open_corpus(CorpusSettings(name="speech_commands", split=split, **more), root)


def counts(corpus):
    return {row.split: row.labels for row in summarise(corpus.cuts)}


def speakers_are_apart(corpus):
    home = {}
    for cut in corpus.cuts:
        speaker = cut.supervisions[0].speaker
        if speaker:
            assert home.setdefault(speaker, split_of(cut)) == split_of(cut)
    return len(home)


@pytest.mark.parametrize(
    ("name", "split"),
    # From the lists inside the published archive, and the official test archive.
    [
        ("a69b9b3e_nohash_0.wav", "validation"),
        ("a6d586b7_nohash_4.wav", "validation"),
        ("bb05582b_nohash_3.wav", "test"),
        ("022cd682_nohash_0.wav", "test"),
        ("0cb74144_nohash_3.wav", "test"),
    ],
)
def test_the_published_split_is_that_of_the_archive_and_depends_on_the_speaker_only(name, split):
    assert published_split(name) == split
    assert published_split(name.partition("_")[0] + "_nohash_9.flac") == split


def test_the_published_split_has_its_shares():
    found = Counter(published_split(f"{number:08x}_nohash_0.wav") for number in range(20000))
    assert found["validation"] / 20000 == pytest.approx(0.1, abs=0.01)
    assert found["test"] / 20000 == pytest.approx(0.1, abs=0.01)


def test_twelve_labels_by_the_published_hash(archives):
    corpus = opened(archives, "hash")
    assert corpus.labels == (SILENCE, UNKNOWN, *COMMANDS)
    for cut in corpus.cuts:
        if cut.supervisions[0].speaker:
            assert split_of(cut) == published_split(cut.id.split("/")[1])
    for row in summarise(corpus.cuts):
        words = sum(row.labels[word] for word in COMMANDS)
        assert row.labels[SILENCE] == row.labels[UNKNOWN] == -(-words // 10)
    assert len({split_of(cut) for cut in corpus.cuts}) == 3
    assert corpus.noise == archives / "speech_commands_v0.02" / "_background_noise_"
    assert not any("only the test archive" in note for note in corpus.notes)
    assert corpus.digest == opened(archives, "hash").digest
    assert corpus.digest != opened(archives, "hash", seed=1).digest


def test_silence_of_two_splits_never_overlaps(archives):
    corpus = opened(archives, "hash", silence=1.0)
    ends = {}
    for cut in corpus.cuts:
        if cut.supervisions[0].text == SILENCE:
            assert cut.duration == 1.0
            path = cut.recording.sources[0].source
            first, last = ends.get((path, split_of(cut)), (99.0, 0.0))
            ends[path, split_of(cut)] = (min(first, cut.start), max(last, cut.end))
    assert len(ends) == 6
    for path in {path for path, _ in ends}:
        train, validation, test = (ends[path, split] for split in SPLITS)
        assert train[0] >= 0
        assert train[1] <= validation[0]
        assert validation[1] <= test[0]
        assert test[1] <= 20
    clips = load_clips(corpus.split("test"), corpus.labels, 16000, ClipRules(0, 0, 1.0, "centre"))
    quiet = clips.labels == corpus.labels.index(SILENCE)
    assert np.abs(clips.waveforms[quiet]).max(axis=1).min() > 0.4
    assert set(clips.lengths) == {16000}
    assert not check_corpus(corpus).duplicates, "stretches of one recording are different sounds"


def test_the_official_test_is_the_test_archive_as_it_is(archives):
    corpus = opened(archives, "official", silence=0.3, unknown=0.2)
    test = {cut.id for cut in corpus.split("test")}
    tested = [speaker for speaker in SPEAKERS if published_split(speaker) == "test"]
    assert len(test) == 6 + 11 * len(tested)
    for cut in corpus.split("test"):
        assert "speech_commands_test_set_v0.02" in cut.recording.sources[0].source
    by_hash = {cut.id for cut in opened(archives, "hash", silence=0.3, unknown=0.2).split("train")}
    assert {cut.id for cut in corpus.split("train")} == by_hash
    assert speakers_are_apart(corpus) == len(SPEAKERS)


def test_every_word_is_a_label_when_all_are_asked_for(archives):
    corpus = opened(archives, "hash", words=("all",))
    assert corpus.labels == tuple(sorted((*COMMANDS, *OTHERS)))
    assert len(corpus.cuts) == 40 * 13


def test_own_words_can_have_silence_and_unknown(archives):
    corpus = opened(archives, "hash", words=("two", "zero"), silence=0.5, unknown=100)
    assert corpus.labels == (SILENCE, UNKNOWN, "two", "zero")
    assert sum(row[UNKNOWN] for row in counts(corpus).values()) == 40 * 11, "more than there are takes all"
    assert opened(archives, "hash", words=("two", "zero"), silence=0.5).labels == (SILENCE, "two", "zero")


def test_the_sample_is_split_by_speaker_and_keeps_its_composition(sample):
    corpus = opened(sample)
    assert corpus.labels == (SILENCE, UNKNOWN, *COMMANDS)
    assert len(corpus.cuts) == 20 * 13 + 20
    assert speakers_are_apart(corpus) == 20
    found = counts(corpus)
    assert [found[split][SILENCE] for split in SPLITS] == [16, 2, 2]
    assert [found[split]["yes"] for split in SPLITS] == [16, 2, 2]
    assert [found[split][UNKNOWN] for split in SPLITS] == [48, 6, 6]
    assert any("not comparable with published" in note for note in corpus.notes)
    assert corpus.noise == sample / "background_noise"


def test_shares_of_the_sample_can_be_changed(sample):
    found = counts(opened(sample, silence=0.25, unknown=0.1))
    assert found["train"][SILENCE] == 40, "16 of its own and 24 cut out of the noise"
    assert found["train"][UNKNOWN] == 16
    assert opened(sample, silence=0).labels == (UNKNOWN, *COMMANDS)
    assert opened(sample, silence=0, unknown=0).labels == COMMANDS


def test_words_of_unknown_clips_can_be_learned_and_their_speakers_stay_in_their_splits(sample):
    corpus = opened(sample, words=("zero", "two"))
    assert corpus.labels == ("zero", "two")
    assert len(corpus.cuts) == 40
    twelve = {cut.supervisions[0].speaker: split_of(cut) for cut in opened(sample).cuts}
    assert all(twelve[cut.supervisions[0].speaker] == split_of(cut) for cut in corpus.cuts)


def test_a_clip_has_the_same_id_in_all_archives(archives):
    alone = {cut.id for cut in opened(archives, "hash", words=("two", "yes")).split("test")}
    archive = {cut.id for cut in opened(archives, "official").split("test")}
    assert alone <= archive


def test_speakers_with_many_clips_do_not_upset_the_shares(tmp_path):
    for number, speaker in enumerate(SPEAKERS):
        for n in range(1 + number % 20):
            for word in COMMANDS[:2]:
                record(tmp_path / "speech_commands_v0.02" / word / f"{speaker}_nohash_{n}.wav", 0.005)
    for seed in range(3):
        found = counts(opened(tmp_path, words=("yes", "no"), seed=seed))
        assert sum(found["test"].values()) == pytest.approx(84, abs=20)
        assert sum(found["validation"].values()) == pytest.approx(84, abs=20)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            {"split": "random"},
            r"clips of one speaker would be in several splits\): use speakers, hash",
        ),
        ({"held_out": "00000001"}, "remove it"),
        ({"split": "official", "words": ("yes", "no")}, "remove corpus.words or use hash"),
        ({"split": "hash", "words": ("yes", "tow")}, "'tow'.*did you mean two"),
        ({"split": "hash", "words": ("yes", "turn on")}, "'turn on', of which there is no recording"),
    ],
)
def test_what_cannot_be_asked_of_it_is_said(archives, more, reason):
    with pytest.raises(InputError, match=reason):
        opened(archives, **more)


def test_what_is_missing_is_said(tmp_path, sample):
    with pytest.raises(InputError, match="wrenlet data get speech_commands "):
        opened(tmp_path)
    with pytest.raises(InputError, match=r"full archive is not in .*corpus.split=speakers"):
        opened(sample, "hash")
    record(tmp_path / "speech_commands_v0.02" / "yes" / "a_nohash_0.wav")
    with pytest.raises(InputError, match="test archive is not in"):
        opened(tmp_path, "official")
    with pytest.raises(InputError, match="1 speakers"):
        opened(tmp_path)
    (tmp_path / "speech_commands_test_set_v0.01" / "yes").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no recording named like"):
        open_corpus(CorpusSettings(name="speech_commands_v1", split="speakers"), tmp_path)


def test_missing_noise_is_said_and_silence_can_be_given_up(tmp_path):
    for speaker in SPEAKERS:
        for word in (*COMMANDS, "two"):
            record(tmp_path / "speech_commands_v0.02" / word / f"{speaker}_nohash_0.wav", 0.02)
    with pytest.raises(InputError, match=r"train clips of _silence_ .* none in .*corpus.silence=0"):
        opened(tmp_path, "hash")
    corpus = opened(tmp_path, "hash", silence=0)
    assert corpus.labels == (UNKNOWN, *COMMANDS)
    assert corpus.noise is None
    record(tmp_path / "background_noise" / "short.wav", 3)
    with pytest.raises(InputError, match="too short to cut silence for validation"):
        opened(tmp_path, "hash")


def test_folders_of_two_releases_do_not_share_a_speaker(tmp_path, archives):
    for archive in ("speech_commands_v0.02", "speech_commands_test_set_v0.02"):
        for child in (archives / archive).iterdir():
            (tmp_path / archive).mkdir(exist_ok=True)
            (tmp_path / archive / child.name).symlink_to(child)
    (tmp_path / "speech_commands_test_set_v0.02" / "go").unlink()
    learned = next(speaker for speaker in SPEAKERS if published_split(speaker) == "train")
    record(tmp_path / "speech_commands_test_set_v0.02" / "go" / f"{learned}_nohash_9.flac")
    with pytest.raises(InputError, match=f"the speaker {learned} would be in train .* and in test"):
        opened(tmp_path, "official")


def test_strange_names_and_damaged_files_are_named_and_left_out(tmp_path, sample):
    folder = tmp_path / "speech_commands_test_set_v0.02"
    folder.mkdir()
    for child in (sample / folder.name).iterdir():
        (folder / child.name).symlink_to(child)
    (folder / "go").unlink()
    for path in (sample / folder.name / "go").iterdir():
        (folder / "go").mkdir(exist_ok=True)
        (folder / "go" / path.name).symlink_to(path)
    record(folder / "go" / "mine.wav")
    (folder / "go" / ".hidden_nohash_0.wav").write_bytes(b"")
    (folder / "go" / "abc_nohash_0.flac").write_bytes(b"fLaC")
    corpus = opened(tmp_path)
    assert [bad.path.name for bad in corpus.skipped] == ["abc_nohash_0.flac"]
    assert any(note.startswith("1 recordings in") for note in corpus.notes)
    assert len(corpus.cuts) == 280


def test_both_archives_are_fetched_checked_and_kept(tmp_path, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("./yes/a_nohash_0.wav", "./_background_noise_/tap.wav", "./LICENSE"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"wav"))
    body = packed.getvalue()
    asked = []

    def fetch(url, path, *, sha256=None, progress=None):
        asked.append((url, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    monkeypatch.setattr(speech_archives, "fetch", fetch)
    sha = hashlib.sha256(body).hexdigest()
    version = replace(speech_archives.V2, full=replace(speech_archives.V2.full, clips=1, sha256=sha))
    notes = speech_archives.get_speech_commands(tmp_path, version=version)
    base = "https://storage.googleapis.com/download.tensorflow.org/data/"
    assert asked == [
        (base + "speech_commands_test_set_v0.02.tar.gz", speech_archives.V2.test.sha256),
        (base + "speech_commands_v0.02.tar.gz", sha),
    ]
    assert (tmp_path / "speech_commands_v0.02" / "yes" / "a_nohash_0.wav").is_file()
    assert list((tmp_path / "downloads").iterdir()) == []
    assert len(notes) == 1
    assert "holds 1 clips, not 4,890" in notes[0]
    speech_archives.get_speech_commands(tmp_path, version=version)
    assert len(asked) == 2, "what is there is not fetched again"


def test_it_counts_as_here_with_the_test_archive_alone(sample, archives, tmp_path):
    card = find_corpus("speech_commands")
    assert card.present(sample)
    assert card.present(archives)
    assert not card.present(tmp_path)
    assert not find_corpus("speech_commands_v1").present(sample)


def test_the_real_sample_opens_whole_and_its_speakers_are_those_of_the_published_test(data):
    corpus = opened(data)
    assert len(corpus.cuts) == 3867
    assert speakers_are_apart(corpus) == 197
    assert not corpus.skipped
    for cut in corpus.cuts:
        if cut.supervisions[0].speaker:
            assert published_split(cut.id.split("/")[1]) == "test"
    for split, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        labels = counts(corpus)[split]
        assert set(labels) == set(corpus.labels)
        assert sum(labels.values()) / 3867 == pytest.approx(share, abs=0.02)


def test_the_real_sample_has_spoken_digits(data):
    digits = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    corpus = opened(data, words=digits)
    assert len(corpus.cuts) == 189
    assert set(counts(corpus)["train"]) == set(digits)
    clips = load_clips(corpus.split("all"), corpus.labels, 8000, ClipRules())
    assert clips.sample_rate == 8000
    assert len(clips) == 189
