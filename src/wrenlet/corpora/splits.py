"""Who goes into training, validation and test.

Chance is a SHA-256 of the seed and a clip's name, so a split is the same on every machine and adding a
recording moves few of the others.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from itertools import accumulate

__all__ = ["SHARES", "SPLITS", "carve", "rank", "split_clips", "split_speakers"]

SPLITS = ("train", "validation", "test")
SHARES = (0.70, 0.15, 0.15)


def rank(seed: int, name: str) -> str:
    """Return a draw of lots: names sorted by it are in an order by chance."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def split_clips(
    groups: Mapping[str, Hashable], seed: int, shares: Sequence[float] = SHARES
) -> dict[str, str]:
    """Split clips at random, every group in the same shares.

    Args:
        groups: group of each clip by its name, such as its label and speaker.
        seed: of chance.
        shares: of training, validation and test; they add up to 1.

    Returns:
        `train`, `validation` or `test` by name. Over all groups together the shares are exact to one clip:
        what one group rounds up the next rounds down.
    """
    members: dict[str, list[str]] = {}
    for name, group in groups.items():
        members.setdefault(repr(group), []).append(name)
    result = {}
    total, given = 0, [0, 0]
    for group in sorted(members):
        names = sorted(members[group], key=lambda name: rank(seed, name))
        total += len(names)
        train = min(round(total * shares[0]) - given[0], len(names))
        validation = min(round(total * shares[1]) - given[1], len(names) - train)
        given = [given[0] + train, given[1] + validation]
        for place, name in enumerate(names):
            result[name] = SPLITS[(place >= train) + (place >= train + validation)]
    return result


def split_speakers(
    speakers: Sequence[str],
    seed: int,
    shares: Sequence[float] = SHARES,
    clips: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Split speakers at random, so that nobody is heard in two splits.

    Args:
        speakers: their names; at least three.
        seed: of chance.
        shares: of the speakers, for training, validation and test.
        clips: of each speaker. With them, validation and test get their shares of the clips, to one speaker,
            where some say a word and others fifty.

    Returns:
        `train`, `validation` or `test` by speaker, each with at least one.
    """
    names = sorted(set(speakers), key=lambda name: rank(seed, name))
    if len(names) < 3:
        raise ValueError(f"there are {len(names)} speakers: three splits without a common speaker need three")
    if clips is None:
        validation = max(1, round(len(names) * shares[1]))
        test = max(1, round(len(names) * shares[2]))
    else:
        total = sum(clips[name] for name in names)
        test = _reach(names[::-1][:-2], clips, shares[2] * total)
        validation = _reach(names[: len(names) - test][::-1][:-1], clips, shares[1] * total)
    train = len(names) - validation - test
    return {name: SPLITS[(i >= train) + (i >= train + validation)] for i, name in enumerate(names)}


def _reach(names: Sequence[str], clips: Mapping[str, int], wanted: float) -> int:
    """Return how many of the first names have `wanted` clips together, as nearly as can be; at least one."""
    together = list(accumulate(clips[name] for name in names))
    return min(range(len(names)), key=lambda index: abs(together[index] - wanted)) + 1


def carve(groups: Mapping[str, Hashable], seed: int, split: str, share: float = 0.15) -> dict[str, str]:
    """Move a share of training clips, the same of every group, into `split`; the others stay in `train`."""
    kept = split_clips(groups, seed, (1 - share, share, 0.0))
    return {name: "train" if part == "train" else split for name, part in kept.items()}
