"""Run a streaming module in chunks, and name its states flat."""

from collections.abc import Sequence
from itertools import cycle

import torch
from torch import Tensor

from wrenlet.streaming.module import State, StreamingModule, pad_end, place_state

__all__ = ["flatten_state", "stream", "unflatten_state"]

SEPARATOR = "__"


def flatten_state(state: State) -> dict[str, Tensor]:
    """Return the tensors of a nested state under one name each, in a fixed order.

    Example:
        >>> list(flatten_state({"lstm": {"cell": torch.zeros(1, 4), "hidden": torch.zeros(1, 4)}}))
        ['lstm__cell', 'lstm__hidden']

    Raises:
        ValueError: if a name would not come back from `unflatten_state`.
    """
    flat: dict[str, Tensor] = {}
    for name in state:
        check_name(name)
        value = state[name]
        if isinstance(value, Tensor):
            flat[name] = value
        else:
            flat |= {f"{name}{SEPARATOR}{inner}": tensor for inner, tensor in flatten_state(value).items()}
    return flat


def unflatten_state(flat: dict[str, Tensor]) -> State:
    """Return the nested state whose `flatten_state` is `flat`."""
    state: State = {}
    for name, tensor in flat.items():
        *parents, last = name.split(SEPARATOR)
        place = state
        for parent in parents:
            inner = place.setdefault(parent, {})
            if isinstance(inner, Tensor):
                raise ValueError(f"the state {name!r} lies inside {parent!r}, which is a tensor")
            place = inner
        place[last] = tensor
    return state


def stream(module: StreamingModule, sequence: Tensor, chunks: int | Sequence[int]) -> Tensor:
    """Run a module over a sequence in chunks, as a device would, and line the answers up like `forward`.

    Args:
        module: any streaming module.
        sequence: `[batch, time, *frame]`; a remainder shorter than the stride at the end is dropped.
        chunks: frames in a chunk, or several sizes that take turns; multiples of the stride. The last chunk
            is what is left, and zero frames behind it flush the look-ahead.

    Returns:
        `[batch, time // stride, *frame]`, equal to `module(sequence)`.

    Raises:
        ValueError: if a size is not a positive multiple of the stride, or there is less than one stride of
            sequence.
    """
    sizes = [chunks] if isinstance(chunks, int) else list(chunks)
    if not sizes or any(size < 1 or size % module.stride for size in sizes):
        raise ValueError(
            f"stream got chunks={chunks}: every size must be a positive multiple of {module.stride}"
        )
    frames = sequence.shape[1] // module.stride * module.stride
    if frames == 0:
        raise ValueError(f"stream got {sequence.shape[1]} frames: one stride needs {module.stride}")
    padded = pad_end(sequence[:, :frames], module.lookahead)
    state = place_state(module.initial_state(sequence.shape[0]), sequence)
    outputs: list[Tensor] = []
    start = 0
    for size in cycle(sizes):
        output, state = module.step(padded[:, start : start + size], state)
        outputs.append(output)
        start += size
        if start >= padded.shape[1]:
            break
    return torch.cat(outputs, 1)[:, module.lookahead // module.stride :]


def check_name(name: str) -> None:
    """Raise `ValueError` unless `name` can be part of a flat state name."""
    if not name or SEPARATOR in name or name.startswith("_") or name.endswith("_") or "." in name:
        raise ValueError(
            f"{name!r} cannot name a layer or a state: flat names join the parts with {SEPARATOR!r}, so a "
            "part is not empty, holds neither '__' nor '.', and does not start or end with '_'"
        )
