from dataclasses import replace

import pytest
import torch

from wrenlet.features import MaskSettings, mask_features

EVERYTHING = MaskSettings(
    time_masks=2,
    time_width=6,
    frequency_masks=2,
    frequency_width=4,
    channel_occlusion=0.5,
    frame_occlusion=0.2,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blanked(settings: MaskSettings, batch: int = 400, time: int = 40, width: int = 12, lengths=None, seed=0):
    lengths = torch.full((batch,), time) if lengths is None else lengths
    return mask_features(torch.ones(batch, time, width), lengths, settings, seeded(seed)) == 0


def test_nothing_is_masked_by_default_and_the_input_is_never_changed() -> None:
    features = torch.randn(3, 20, 8)
    kept = features.clone()
    assert torch.equal(mask_features(features, torch.tensor([20, 5, 0]), MaskSettings(), seeded()), features)
    mask_features(features, torch.tensor([20, 5, 0]), EVERYTHING, seeded())
    assert torch.equal(features, kept)


def test_padding_is_left_alone_and_empty_clips_are_harmless() -> None:
    lengths = torch.randint(0, 41, (400,), generator=seeded(3))
    mask = blanked(EVERYTHING, lengths=lengths)
    assert not mask[torch.arange(40) >= lengths[:, None]].any()
    assert mask.any()


def test_equal_seeds_give_equal_masks_and_others_do_not() -> None:
    assert torch.equal(blanked(EVERYTHING), blanked(EVERYTHING))
    assert not torch.equal(blanked(EVERYTHING), blanked(EVERYTHING, seed=1))


def test_draws_do_not_depend_on_the_lengths() -> None:
    settings = MaskSettings(frame_occlusion=0.3)
    whole, short = blanked(settings), blanked(settings, lengths=torch.full((400,), 15))
    assert torch.equal(whole[:, :15], short[:, :15])


@pytest.mark.parametrize(("axis", "name"), [(1, "time"), (2, "frequency")])
def test_stretches_are_contiguous_within_their_width_and_reach_both_ends(axis: int, name: str) -> None:
    mask = blanked(MaskSettings(**{f"{name}_masks": 1, f"{name}_width": 5}))
    line = mask.any(2 if axis == 1 else 1)
    assert torch.equal(mask, (line[:, :, None] if axis == 1 else line[:, None, :]).expand_as(mask))
    widths = line.sum(1)
    assert set(widths.tolist()) == set(range(6))
    starts = (line.int().diff(dim=1, prepend=torch.zeros(400, 1, dtype=torch.int)) == 1).sum(1)
    assert starts.max() == 1
    assert line[:, 0].any()
    assert line[:, -1].any()


def test_a_time_mask_takes_no_more_than_its_share_of_the_real_frames() -> None:
    lengths = torch.randint(1, 41, (400,), generator=seeded(5))
    mask = blanked(MaskSettings(time_masks=1, time_width=40, time_share=0.5), lengths=lengths)
    assert torch.all(mask.any(2).sum(1) <= lengths * 0.5)


def test_channel_occlusion_takes_one_feature_over_the_whole_clip() -> None:
    mask = blanked(MaskSettings(channel_occlusion=0.5))
    lost = mask.all(1)
    assert torch.equal(mask, lost[:, None].expand_as(mask))
    assert set(lost.sum(1).tolist()) == {0, 1}
    assert 0.4 < lost.any(1).float().mean() < 0.6
    assert lost.any(0).all(), "some feature is never taken"


def test_frame_occlusion_takes_single_frames_over_all_features() -> None:
    mask = blanked(MaskSettings(frame_occlusion=0.25))
    lost = mask.all(2)
    assert torch.equal(mask, lost[:, :, None].expand_as(mask))
    assert 0.23 < lost.float().mean() < 0.27


def test_cutouts_are_rectangles_of_their_size_that_may_reach_beyond_the_clip() -> None:
    mask = blanked(MaskSettings(cutouts=1, cutout_frames=6, cutout_features=4))
    rows, columns = mask.any(2), mask.any(1)
    assert torch.equal(mask, rows[:, :, None] & columns[:, None, :])
    assert set(rows.sum(1).tolist()) == {3, 4, 5, 6}
    assert set(columns.sum(1).tolist()) == {2, 3, 4}
    assert mask[:, 0].any()
    assert mask[:, -1].any()
    assert blanked(MaskSettings(cutouts=3)).sum() > 2 * blanked(MaskSettings(cutouts=1)).sum()


def test_cutouts_leave_the_draws_of_other_masks_as_they_are() -> None:
    assert not (blanked(EVERYTHING) & ~blanked(replace(EVERYTHING, cutouts=2))).any()
