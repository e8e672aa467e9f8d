"""From YAML and `--set` to a checked recipe."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from wrenlet.errors import InputError
from wrenlet.models import MODELS
from wrenlet.recipes import SHIPPED, load_recipe, variations
from wrenlet.recipes.recipe import Recipe, digest, resolved
from wrenlet.recipes.source import write_yaml
from wrenlet.recipes.stages import check
from wrenlet.training import learning_rate

#: Each has a recipe with the published schedule and one for the sample.
FAMILIES = (
    "bc_resnet", "cnn", "crnn", "crnn_state", "dnn", "ds_cnn", "ds_tc_resnet", "gru", "lstm",
    "mobilenet_v2", "svdf", "tc_resnet",
)  # fmt: skip


def _refusal(name: str | Path, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_recipe(name, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_shipped_recipe_loads_and_can_be_built() -> None:
    assert set(SHIPPED) >= {"quickstart", "digits", "digits-official", "digits-speakers"}
    assert len(SHIPPED) == 5 + 2 * len(FAMILIES)
    for name in SHIPPED:
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe.about.endswith(".")
        for _, variation in variations(recipe):
            check(variation)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_resolved_recipe_reads_back_to_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, ["augment.gain_db=[-3, 3]", "model.arguments={dense: [16, 8]}", "seed=7"])
    file = tmp_path / "recipe.yaml"
    file.write_text(write_yaml(resolved(recipe)))
    again = load_recipe(file)
    assert again == recipe
    assert digest(again, ("x",)) == digest(recipe, ("x",))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_published_schedule_and_one_for_the_sample(family: str) -> None:
    published, sample = load_recipe(f"kws-{family}"), load_recipe(f"commands-{family}")
    for recipe in (published, sample):
        assert recipe.model.name.startswith(family)
        assert recipe.corpus.name == "speech_commands"
        assert recipe.augment.noise == "corpus"
        assert recipe.clip.fill != "none"
        assert recipe.clip.trim_db == 0
        card = MODELS[recipe.model.name]
        if recipe is published:
            assert (recipe.features.feature_count, recipe.features.hop_ms) == (card.features, card.hop_ms)
    assert (published.corpus.split, sample.corpus.split) == ("hash", "speakers")
    assert published.augment.noise_volume == 0.1
    assert published.training.batch == 100


def test_recipes_of_the_page_have_its_flags() -> None:
    rates = (0.001, 0.0005, 0.0001, 0.00002)
    for name in ("svdf", "lstm", "crnn", "crnn_state", "dnn"):
        recipe = load_recipe(f"kws-{name}")
        training, mask, features = recipe.training, recipe.mask, recipe.features
        first, *_, last = (
            learning_rate(training.schedule, training.learning_rate, step, 80_000, 370)
            for step in (0, 20_000, 79_999)
        )
        assert (training.steps, training.optimiser, training.weight_decay) == (80_000, "adam", 0)
        assert first == pytest.approx(rates[0], rel=1e-4)
        assert last == pytest.approx(rates[-1])
        plain = name == "svdf"
        assert training.schedule.kind == ("staged" if plain else "geometric")
        assert (training.schedule.stage_steps, training.schedule.stage_rates) == ((20_000,) * 4, rates)
        assert (mask.time_masks, mask.frequency_masks) == ((0, 0) if plain else (2, 2))
        assert (mask.time_width, mask.frequency_width) == (10, 5)
        assert (features.window_ms, features.hop_ms, features.mel_low_hz) == (40, 20, 20)
        assert (features.mel_bins, features.coefficients) == ((80, 30) if plain else (40, 20))
        assert features.mel_high_hz == 7000
        assert recipe.augment.noise_probability == 0.8
        assert (recipe.augment.shift_ms, recipe.augment.tail_ms) == (100, 100)


def test_words_that_yaml_takes_for_truth_values_survive_a_round_trip(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", ["corpus.words=[yes, no, on, off]"])
    assert recipe.corpus.words == ("yes", "no", "on", "off")
    file = tmp_path / "recipe.yaml"
    file.write_text(write_yaml(resolved(recipe)))
    assert load_recipe(file) == recipe


def test_a_recipe_stands_on_another_and_changes_only_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: digits\ntraining:\n  epochs: 3\n")
    mine, digits = load_recipe(file), load_recipe("digits")
    assert mine.name == "digits"
    assert mine.training == replace(digits.training, epochs=3)
    assert replace(mine, training=digits.training) == digits


def test_recipes_stand_on_one_other_at_most(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: digits-official\n")
    assert "has a base itself" in _refusal(file)
    assert "mine.yaml:1" in _refusal(file)


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("training.epcohs=3", "training.epcohs is no setting: did you mean training.epochs?"),
        ("learning_rate=3", "did you mean training.learning_rate?"),
        ("model.nme=x", "did you mean model.name?"),
        ("join=[{name: digits, splt: random}]", "join.0.splt is no setting: did you mean join.split?"),
        ("training.learning_rate=fast", "training.learning_rate is fast: it must be a number"),
        ("training.epochs=2.5", "training.epochs is 2.5: it must be a whole number"),
        ("training.epochs=null", "training.epochs is null: it must be a whole number"),
        ("training=5", "training is 5: it must be a mapping of settings"),
        ("training.epochs=0", "training.epochs is 0: it must be at least 1"),
        ("features.hop_ms=7.3", "features.hop_ms is 7.3"),
        ("features.sample_rate=8000", "set sample_rate instead"),
        ("features=mfcc", "features is mfcc: it must be a mapping"),
        ("corpus.split=rnd", "corpus.split is rnd: it must be 'random', 'official', 'speakers' or 'hash'"),
        ("augment.snr_db=[9, 3]", "augment.snr_db is [9.0, 3.0]"),
        ("augment.snr_db=[3]", "augment.snr_db is [3]: 1 values are too few"),
        ("sample_rate=10", "sample_rate is 10"),
        ("seed=true", "seed is true: it must be a whole number"),
        ("seed=-1", "seed is -1"),
        ("name=../elsewhere", "it names a folder"),
        ("sweep.corpus.heldout=[a]", "did you mean corpus.held_out?"),
        ("sweep.seed=3", "sweep.seed is 3: it must be a list"),
        ("sweep.seed=[]", "sweep.seed is empty"),
        ("detection.treshold=0.5", "did you mean detection.threshold?"),
        ("detection.threshold=2", "detection.threshold is 2"),
        ("detection.detector=magic", "it must be endpoint or posterior"),
        ("export.formats=[tflite]", "it must be 'litert' or 'onnx'"),
        ("epochs", "write key=value"),
        ("=3", "write key=value"),
        ("training.epochs=[", "is not a YAML value"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_rule_and_mend(override: str, complaint: str) -> None:
    assert complaint in _refusal("digits", override)


def test_a_wrong_setting_in_a_file_is_shown_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: digits\ntraining:\n  batch: 32\n  epochs: many\n")
    assert "(mine.yaml:4)" in _refusal(file)
    file.write_text("base: digits\ntraining:\n  batch: 32\n  epcohs: 3\n")
    assert "(mine.yaml:4)" in _refusal(file)
    file.write_text("base: digits\nfeatures:\n  hop_ms: 7.3\n")
    assert "(mine.yaml:3)" in _refusal(file)


def test_a_wrong_value_of_the_base_is_shown_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "below.yaml").write_text("training:\n  epochs: many\n")
    (tmp_path / "mine.yaml").write_text("base: below.yaml\n")
    assert "(below.yaml:2)" in _refusal(tmp_path / "mine.yaml")


def test_a_recipe_that_is_not_there_suggests_the_nearest() -> None:
    assert "did you mean quickstart?" in _refusal("quikstart")
    assert "did you mean digits?" in _refusal("digit")
    assert "a name that  wrenlet recipes  lists" in _refusal("zzzzzz")


def test_a_model_that_cannot_be_built_is_refused_before_any_work() -> None:
    for override, complaint in (
        ("model.name=lstm_65", "lstm_64"),
        ("model.arguments={hiden: 3}", "hidden"),
        ("augment.noise=folder:/nowhere", "/nowhere"),
    ):
        with pytest.raises(InputError, match=complaint):
            check(load_recipe("digits", [override]))


def test_a_sweep_is_every_combination_of_its_values() -> None:
    recipe = load_recipe("digits", ["sweep.seed=[0, 1]", "sweep.model.name=[lstm_24, gru_32]"])
    found = variations(recipe)
    labels = ["seed 0, name lstm_24", "seed 0, name gru_32", "seed 1, name lstm_24", "seed 1, name gru_32"]
    assert [label for label, _ in found] == labels
    assert [(one.seed, one.model.name) for _, one in found][3] == (1, "gru_32")
    assert all(not one.sweep for _, one in found)
    assert digest(found[0][1], ()) != digest(found[1][1], ())


def test_the_runs_of_left_out_speakers_are_called_by_their_names() -> None:
    found = variations(load_recipe("digits-speakers"))
    assert [label for label, _ in found] == ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
    assert [recipe.corpus.held_out for _, recipe in found] == [label for label, _ in found]


def test_a_sweep_with_a_value_that_is_refused_names_it() -> None:
    with pytest.raises(InputError, match="sweep\\.training\\.epochs"):
        variations(load_recipe("digits", ["sweep.training.epochs=[1, many]"]))


def test_only_what_decides_the_numbers_decides_the_digest() -> None:
    def of(*overrides: str) -> str:
        return digest(load_recipe("digits", overrides), ("corpus",))

    plain = of()
    assert len(plain) == 12
    assert plain == of("name=other", "about=other", "sweep.seed=[0]")
    others = {of("seed=1"), of("training.epochs=3"), of("corpus.seed=1"), of("clip.trim_db=30"), plain}
    assert len(others) == 5
    assert digest(load_recipe("digits"), ("other corpus",)) != plain


def test_a_joined_corpus_is_part_of_the_recipe() -> None:
    recipe = load_recipe("digits", ["join=[{name: synthetic, words: [zero, one]}]"])
    assert recipe.join[0].words == ("zero", "one")
    assert isinstance(recipe, Recipe)
    assert yaml.safe_load(write_yaml(resolved(recipe)))["join"][0]["name"] == "synthetic"


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("clip.trim_db=-5", "clip.trim_db is -5: it must be at least 0"),
        ("clip.margin_ms=.inf", "clip.margin_ms is inf: it must be at least 0 and finite"),
        ("clip.max_seconds=.nan", "clip.max_seconds is nan: it must be at least 0 and finite"),
        ("seed=99999999999999999999999", "use a whole number from 0 to 4294967295"),
        ("features.mel_bins=100000", "features.mel_bins is 100000: the 256-point transform has 128 bins"),
        ("sweep=3", "sweep is 3: it must be a mapping"),
        ("sweep.sweep=[1]", "sweep.sweep changes no number of a run"),
        ("sweep.name=[a, b]", "sweep.name changes no number of a run"),
    ],
)
def test_values_that_nothing_can_be_made_of_are_refused_at_once(override: str, complaint: str) -> None:
    with pytest.raises(InputError, match=re.escape(complaint)):
        load_recipe("digits", [override])
