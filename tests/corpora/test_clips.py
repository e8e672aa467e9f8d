import numpy as np
import pytest
from recordings import record

from wrenlet.artefact import ClipRules
from wrenlet.corpora import Clips, CorpusSettings, check_corpus, load_clips, open_corpus
from wrenlet.errors import InputError

KEEP = ClipRules(trim_db=0, margin_ms=0, max_seconds=1.0)


@pytest.fixture
def folder(tmp_path):
    for index in range(8):
        record(tmp_path / "corpus" / "yes" / f"{index}.wav", 0.1 + index / 100)
        record(tmp_path / "corpus" / "no" / f"{index}.wav", 0.2)
    return tmp_path / "corpus"


def opened(folder, **more):
    return open_corpus(CorpusSettings(name=f"folder:{folder}", **more), folder)


def loaded(folder, rate=16000, rules=KEEP, **more):
    corpus = opened(folder, max_bad_share=1.0)
    return load_clips(corpus.cuts, corpus.labels, rate, rules, **more)


def test_lengths_are_true_and_the_rest_is_zero(folder):
    clips = loaded(folder)
    assert clips.waveforms.shape == (16, 3200)
    assert (clips.waveforms.dtype, clips.lengths.dtype, clips.labels.dtype) == (
        np.float32,
        np.int64,
        np.int64,
    )
    for row, length, name in zip(clips.waveforms, clips.lengths, clips.ids, strict=True):
        expected = 3200 if name.startswith("no") else 1600 + 160 * int(name[4])
        assert length == expected
        assert np.abs(row[length - 100 : length]).max() > 0
        assert not row[length:].any()
    assert [clips.label_names[label] for label in clips.labels] == [name.split("/")[0] for name in clips.ids]
    assert clips.notes == ()
    assert clips.seconds == pytest.approx(8 * 0.2 + 8 * 0.135)


def test_stereo_other_rates_and_cuts_are_said(folder):
    record(folder / "yes" / "stereo.wav", channels=2)
    record(folder / "yes" / "slow.wav", rate=8000)
    record(folder / "yes" / "long.wav", 1.5)
    clips = loaded(folder)
    assert clips.notes == (
        "1 clip with several channels mixed down",
        "1 clip resampled from 8000 Hz",
        "1 clip cut at 1 s",
    )
    assert clips.waveforms.shape == (19, 16000)
    assert set(clips.lengths[[clips.ids.index("yes/slow.wav"), clips.ids.index("yes/stereo.wav")]]) == {1600}


def test_damaged_samples_are_skipped_by_name_and_counted(folder):
    whole = record(folder / "yes" / "torn.flac", 1.0).read_bytes()
    (folder / "yes" / "torn.flac").write_bytes(whole[: len(whole) // 2] + bytes(500))
    clips = loaded(folder)
    assert [bad.path.name for bad in clips.skipped] == ["torn.flac"]
    assert "1 clip skipped because they cannot be read" in clips.notes
    assert len(clips) == 16
    with pytest.raises(InputError, match=r"1 of 17 recordings .*torn\.flac"):
        loaded(folder, max_bad_share=0.05)


def test_a_part_of_a_recording_is_read_as_a_cut_says(folder):
    corpus = opened(folder)
    cut = next(cut for cut in corpus.cuts if cut.id == "no/3.wav").truncate(offset=0.05, duration=0.1)
    clips = load_clips([cut], corpus.labels, 16000, KEEP)
    np.testing.assert_array_equal(clips.waveforms[0], cut.load_audio()[0])


def test_cuts_that_lhotse_must_render_are_read_through_lhotse(folder):
    corpus = opened(folder)
    cut = next(cut for cut in corpus.cuts if cut.id == "no/3.wav")
    clips = load_clips([cut.perturb_volume(0.5)], corpus.labels, 16000, KEEP)
    np.testing.assert_allclose(clips.waveforms[0], cut.load_audio()[0] / 2, atol=1e-6)


def test_a_label_that_the_model_does_not_know_is_refused(folder):
    corpus = opened(folder)
    with pytest.raises(InputError, match="'no', which is none of the labels yes, maybe"):
        load_clips(corpus.cuts, ["yes", "maybe"], 16000, KEEP)
    with pytest.raises(InputError, match="no recordings to load"):
        load_clips([], ["yes", "no"], 16000, KEEP)


def test_selecting_keeps_rows_together(folder):
    clips = loaded(folder)
    mask = clips.labels == 1
    for chosen in (
        clips.select(mask),
        clips.select(np.flatnonzero(mask)),
        clips.select(np.flatnonzero(mask).tolist()),
    ):
        assert len(chosen) == 8
        assert all(name.startswith("yes/") for name in chosen.ids)
        np.testing.assert_array_equal(chosen.lengths, clips.lengths[mask])
    assert len(clips.select([])) == 0


def test_saved_clips_come_back_the_same_and_replace_older_ones(folder, tmp_path):
    clips = loaded(folder)
    for _ in range(2):
        clips.save(tmp_path / "stage" / "clips")
    back = Clips.load(tmp_path / "stage" / "clips")
    for name in ("waveforms", "lengths", "labels"):
        np.testing.assert_array_equal(getattr(back, name), getattr(clips, name))
    for name in ("label_names", "ids", "speakers", "sample_rate", "skipped", "notes"):
        assert getattr(back, name) == getattr(clips, name)
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["clips"]


def test_a_damaged_set_of_clips_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="no whole set of clips"):
        Clips.load(tmp_path / "nowhere")
    loaded(folder).save(tmp_path / "clips")
    np.save(tmp_path / "clips" / "labels.npy", np.zeros(3, np.int64))
    with pytest.raises(InputError, match="different lengths"):
        Clips.load(tmp_path / "clips")
    np.save(tmp_path / "clips" / "labels.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="no whole set of clips"):
        Clips.load(tmp_path / "clips")


def test_the_check_finds_damage_twins_and_labels_nobody_learns(tmp_path):
    folder = tmp_path / "corpus"
    for part in ("train", "validation", "test"):
        for label in ("yes", "no"):
            for index in range(4):
                record(folder / part / label / f"{index}.wav")
    record(folder / "test" / "maybe" / "1.wav")
    record(folder / "train" / "yes" / "other.wav", seed=1)
    record(folder / "train" / "yes" / "twin.wav", seed=1)
    record(folder / "test" / "no" / "twin.wav", seed=1)
    (folder / "train" / "no" / "empty.wav").touch()
    seen = []
    report = check_corpus(opened(folder), lambda done, total: seen.append((done, total)))
    assert [bad.path.name for bad in report.unreadable] == ["empty.wav"]
    assert sorted(twin.leaks for twin in report.duplicates) == [True, True]
    assert "the label 'maybe' has no training clips" in report.notes
    assert (report.recordings, sum(row.clips for row in report.rows)) == (29, 28)
    assert seen[-1] == (28, 28)


def test_the_real_undecodable_files_are_listed_and_enough_of_them_are_fatal(data, tmp_path):
    bad = sorted((data / "undecodable").glob("*.flac"))
    if not bad:
        pytest.skip("no undecodable recordings at hand")
    for label in ("alexa", "other"):
        for index in range(20):
            record(tmp_path / label / f"{index}.wav")
    for path in bad:
        (tmp_path / "alexa" / path.name).symlink_to(path)
    report = check_corpus(opened(tmp_path))
    assert [found.path.name for found in report.unreadable] == [path.name for path in bad]
    assert len(loaded(tmp_path).skipped) == len(bad)
    with pytest.raises(InputError, match=f"{len(bad)} of {40 + len(bad)} recordings"):
        check_corpus(opened(tmp_path, max_bad_share=0.01))


def test_the_real_digits_load_whole(data):
    corpus = open_corpus(CorpusSettings(), data)
    clips = load_clips(corpus.cuts, corpus.labels, 8000, ClipRules())
    assert clips.waveforms.shape == (3000, 8000)
    assert np.bincount(clips.labels).tolist() == [300] * 10
    assert clips.notes == ("7 clips cut at 1 s",)
    assert len(set(clips.speakers)) == 6


@pytest.mark.parametrize("fill", ["end", "centre"])
def test_clips_of_one_length_are_filled_up_and_cut(folder, fill):
    record(folder / "yes" / "long.wav", 1.5)
    clips = loaded(folder, rules=ClipRules(0, 0, 1.0, fill))
    assert clips.waveforms.shape == (17, 16000)
    assert set(clips.lengths) == {16000}
    row = clips.waveforms[clips.ids.index("no/0.wav")]
    spoken = np.flatnonzero(row)
    assert (spoken[0], spoken[-1]) == ((0, 3199) if fill == "end" else (6400, 9599))
    assert clips.notes == ("1 clip cut at 1 s", "16 clips filled up to 1 s")


def test_impossible_rules_are_refused():
    with pytest.raises(InputError, match="use none, end or centre"):
        ClipRules(fill="both")
    with pytest.raises(InputError, match=r"say how long every clip is"):
        ClipRules(max_seconds=0, fill="end")
