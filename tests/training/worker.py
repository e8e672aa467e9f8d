"""One training in a process of its own, to be stopped from outside: `worker.py FOLDER [slowly]`."""

import sys
import time
from pathlib import Path

import torch
from test_train import run

from wrenlet.training.keywords import KeywordTask

if __name__ == "__main__":
    torch.set_num_threads(1)
    if "slowly" in sys.argv:
        original = KeywordTask.training_step

        def slow_step(self: KeywordTask, batch: int, batch_idx: int) -> torch.Tensor:
            time.sleep(0.1)
            return original(self, batch, batch_idx)

        KeywordTask.training_step = slow_step
    try:
        run(Path(sys.argv[1]), dropout=0.2)
    except KeyboardInterrupt:
        sys.exit(130)
