"""Begin a training with the weights of an earlier one instead of chance."""

from pathlib import Path

from wrenlet.errors import InputError
from wrenlet.models import Recogniser, blueprint_of, load_recogniser

__all__ = ["find_checkpoint", "start_from"]


def find_checkpoint(name: str) -> Path:
    """Return the checkpoint that `training.start_from` names.

    Args:
        name: path of a checkpoint, or of the folder of a run with a finished training.

    Raises:
        InputError: if there is none.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        path = path / "train" / "checkpoint.safetensors"
    if not path.is_file():
        raise InputError(
            f"training.start_from is {name!r}: there is no {path}; give a checkpoint.safetensors, or the "
            "folder of a run whose training is finished, such as runs/digits/0123456789ab"
        )
    return path


def start_from(recogniser: Recogniser, name: str) -> None:
    """Put the weights and the normalisation of a checkpoint into `recogniser`; nothing else is taken over.

    Labels may have other names, as long as there are as many.

    Args:
        recogniser: of the same model and front-end as the checkpoint's.
        name: as `find_checkpoint` takes it.

    Raises:
        InputError: if there is no checkpoint, or it is of another model, number of labels or front-end.
    """
    path = find_checkpoint(name)
    source = load_recogniser(path)
    there, here = blueprint_of(source.body), blueprint_of(recogniser.body)
    where = f"training.start_from is {name!r}"
    for what, before, now in (
        ("model.name", there.name, here.name),
        ("number of labels", there.classes, here.classes),
    ):
        if before != now:
            raise InputError(
                f"{where}, whose {what} is {before}, and here it is {now}: weights fit only the model that "
                "they were trained in, so use the same here, or start from chance"
            )
    old, new = source.frontend.settings, recogniser.frontend.settings
    for setting, value in vars(new).items():
        if getattr(old, setting) != value:
            raise InputError(
                f"{where}, which was trained with features.{setting} {getattr(old, setting)}, and here it is "
                f"{value}: weights fit only the features that they were trained with, so use the same"
            )
    weights, shapes = source.body.state_dict(), recogniser.body.state_dict()
    for key in {**shapes, **weights}:
        sizes = [tuple(all_of[key].shape) if key in all_of else None for all_of in (weights, shapes)]
        if sizes[0] != sizes[1]:
            raise InputError(
                f"{where}: its {key} is {sizes[0] or 'missing'}, and here it is {sizes[1] or 'missing'}; use "
                f"the same model.arguments, which were {there.arguments or 'none'}"
            )
    recogniser.body.load_state_dict(weights)
    recogniser.normalise.load_state_dict(source.normalise.state_dict())
