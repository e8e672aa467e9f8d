import math

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from wrenlet.errors import InputError
from wrenlet.training import ScheduleSettings, TrainingSettings, learning_rate


def rates(settings: ScheduleSettings, peak: float, steps: int, epoch_steps: int = 10) -> list[float]:
    return [learning_rate(settings, peak, step, steps, epoch_steps) for step in range(steps)]


@pytest.mark.parametrize("steps", [20, 97, 1000])
def test_one_cycle_is_that_of_torch(steps: int) -> None:
    settings = ScheduleSettings("one-cycle", warmup=0.3, first=0.04, last=0.0001)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    peer = OneCycleLR(
        optimiser, max_lr=0.5, total_steps=steps, pct_start=0.3, div_factor=25, final_div_factor=400
    )
    expected = []
    for step in range(steps):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if step < steps - 1:
            peer.step()
    assert rates(settings, 0.5, steps) == pytest.approx(expected, rel=1e-6)


def test_cosine_rises_linearly_and_falls_to_its_last_share() -> None:
    values = rates(ScheduleSettings("cosine", warmup=0.1, last=0.01), 2.0, 100)
    assert values[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert values[10] == 2.0
    assert values[-1] == pytest.approx(0.02)
    for step in (30, 70):
        assert values[step] == pytest.approx(0.02 + 1.98 * (1 + math.cos(math.pi * (step - 10) / 89)) / 2)


def test_stages_hold_their_rate_for_their_steps_and_keep_the_last() -> None:
    settings = ScheduleSettings("staged", stage_steps=(3, 2), stage_rates=(1e-3, 1e-4))
    assert rates(settings, 9.0, 7) == [1e-3] * 3 + [1e-4] * 4


def test_exponential_multiplies_once_an_epoch() -> None:
    values = rates(ScheduleSettings("exponential", decay=0.5), 1.0, 30, epoch_steps=10)
    assert values == [1.0] * 10 + [0.5] * 10 + [0.25] * 10


def test_geometric_is_the_exponential_schedule_of_the_published_code() -> None:
    rate, steps = -math.log(0.00002 / 0.001) / 80_000, (1, 2, 40_000, 79_999, 80_000)
    settings = ScheduleSettings("geometric", last=0.02)
    values = [learning_rate(settings, 0.001, step - 1, 80_000, 370) for step in steps]
    assert values == pytest.approx([0.001 * math.exp(-rate * step) for step in steps], rel=1e-9)
    assert values[-1] == pytest.approx(0.00002, rel=1e-9)


def test_published_stages_change_their_rate_at_the_published_steps() -> None:
    rates = (0.001, 0.0005, 0.0001, 0.00002)
    settings = ScheduleSettings("staged", stage_steps=(20_000,) * 4, stage_rates=rates)
    for stage, rate in enumerate(rates):
        for step in (20_000 * stage, 20_000 * stage + 19_999):
            assert learning_rate(settings, 0.001, step, 80_000, 370) == rate


def test_steps_decide_the_length_in_whole_epochs() -> None:
    assert TrainingSettings(epochs=3).length(370) == (3, 1110)
    assert TrainingSettings(epochs=3, steps=80_000).length(370) == (217, 80_000)
    assert TrainingSettings(steps=740).length(370) == (2, 740)


def test_constant_never_moves() -> None:
    assert set(rates(ScheduleSettings("constant"), 0.3, 5)) == {0.3}


@pytest.mark.parametrize("kind", ["one-cycle", "cosine", "exponential", "geometric", "constant"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_trainings_of_a_few_steps_have_finite_positive_rates(kind: str, steps: int) -> None:
    settings = ScheduleSettings(kind)  # type: ignore[arg-type]
    assert all(0 < rate <= 1 for rate in rates(settings, 1.0, steps))


def test_a_staged_schedule_without_matching_stages_is_refused() -> None:
    with pytest.raises(InputError, match="stage_steps is empty"):
        ScheduleSettings("staged")
    with pytest.raises(InputError, match="2 stage_steps and 1"):
        ScheduleSettings("staged", stage_steps=(1, 2), stage_rates=(0.1,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"steps": 0},
        {"batch": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"label_smoothing": 1.5},
        {"patience": 0},
        {"gradient_clip": -1.0},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong: dict) -> None:
    with pytest.raises(InputError, match=f"training.{next(iter(wrong))} is"):
        TrainingSettings(**wrong)
