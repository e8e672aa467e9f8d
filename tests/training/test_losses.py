import torch

from wrenlet.training import clip_loss, frame_count, last_frame


def test_a_frame_that_holds_one_real_sample_counts() -> None:
    assert frame_count(torch.tensor([0, 1, 128, 129, 256]), 128).tolist() == [1, 1, 1, 2, 2]


def test_the_answer_is_read_at_each_clips_own_last_frame() -> None:
    logits = torch.arange(2 * 5 * 3.0).view(2, 5, 3)
    answers = last_frame(logits, torch.tensor([2, 5]))
    assert torch.equal(answers, torch.stack([logits[0, 1], logits[1, 4]]))


def test_label_smoothing_spreads_its_share_over_all_labels() -> None:
    answers = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 4, 1])
    target = torch.full((4, 5), 0.2 / 5).scatter_add(1, labels[:, None], torch.full((4, 1), 0.8))
    expected = -(target * answers.log_softmax(dim=1)).sum(dim=1).mean()
    assert torch.allclose(clip_loss(answers, labels, 0.2), expected)


def test_loss_of_half_precision_logits_is_computed_in_32_bit() -> None:
    assert clip_loss(torch.zeros(2, 3, dtype=torch.bfloat16), torch.tensor([0, 1])).dtype == torch.float32
