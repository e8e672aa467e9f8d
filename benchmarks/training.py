"""Training clips per second: wrenlet against a plain PyTorch loop with librosa features, in one run.

    python benchmarks/training.py
    python benchmarks/training.py --threads 1 --json

Both train the same LSTM on the same clips at 8 kHz (20 MFCC of 40 mels, 32 ms windows, 16 ms hops, batch
64), once with speed, shift, noise and level varied afresh for every clip and once without. Ours also
validates and writes a checkpoint each epoch, and that is timed too. The median epoch counts, the first
excluded. `--cpu` counts seconds of the processor instead of the clock, for a machine that is busy with
other things.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from wrenlet.audio import AugmentSettings
from wrenlet.corpora import Clips
from wrenlet.features import FeatureSettings, MaskSettings, build_frontend, fit_normalisation
from wrenlet.models import Recogniser, build_model
from wrenlet.training import TrainerOptions, TrainingSettings, train

RATE, HOP, WINDOW, LABELS = 8000, 128, 256, 10


def spoken(count: int, seed: int) -> Clips:
    """Return clips of noise as long as trimmed spoken digits: what they say does not change the speed."""
    chance = np.random.default_rng(seed)
    lengths = np.clip(chance.lognormal(np.log(0.40 * RATE), 0.3, count), 0.15 * RATE, RATE).astype(np.int64)
    waveforms = np.zeros((count, int(lengths.max())), np.float32)
    for row, length in enumerate(lengths):
        waveforms[row, :length] = 0.1 * chance.standard_normal(length)
    names = tuple(str(label) for label in range(LABELS))
    ids = tuple(str(row) for row in range(count))
    return Clips(waveforms, lengths, chance.integers(0, LABELS, count), names, ids, ("",) * count, RATE)


def ours(clips: Clips, epochs: int, hidden: int, augment: AugmentSettings, cpu: bool) -> float:
    """Return training clips per second of `wrenlet.training.train`."""
    frontend = build_frontend(FeatureSettings(sample_rate=RATE, window_ms=32.0, hop_ms=16.0))
    waveforms, lengths = torch.from_numpy(clips.waveforms), torch.from_numpy(clips.lengths)
    normalise = fit_normalisation(frontend, waveforms, lengths)
    body = build_model("lstm_64", frontend.feature_count, LABELS, hidden=hidden)
    recogniser = Recogniser(frontend, normalise, body, clips.label_names)
    settings = TrainingSettings(epochs=epochs + 1, batch=64)
    options = TrainerOptions(accelerator="cpu", devices=1, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        result = train(
            recogniser,
            clips,
            spoken(max(len(clips) // 5, 64), 1),
            settings,
            augment,
            MaskSettings(),
            seed=0,
            folder=Path(folder),
            options=options,
        )
    return len(clips) / statistics.median(
        row["cpu_seconds" if cpu else "seconds"] for row in result.history[1:]
    )


class PlainClips(Dataset):
    """The peer's data set: one clip at a time, as one would write it with librosa."""

    def __init__(self, clips: Clips, varied: bool) -> None:
        self.clips = clips
        self.varied = varied
        self.chance = np.random.default_rng(0)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        samples = self.clips.waveforms[index, : self.clips.lengths[index]]
        if self.varied:
            samples = self.vary(samples)
        mfcc = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=20, n_fft=WINDOW, hop_length=HOP, n_mels=40)
        return torch.from_numpy(mfcc.T.copy()), int(self.clips.labels[index])

    def vary(self, samples: np.ndarray) -> np.ndarray:
        """Change speed, placement, noise and level, with the chances and ranges of `AugmentSettings()`."""
        chance = self.chance
        if chance.random() < 0.8:
            speed = chance.uniform(0.88, 1.14)
            samples = librosa.resample(
                samples, orig_sr=RATE, target_sr=round(RATE / speed), res_type="soxr_hq"
            )
        samples = np.pad(samples, (int(chance.uniform(0, 0.1) * RATE), 0))
        if chance.random() < 0.5:
            noise = chance.standard_normal(len(samples), dtype=np.float32)
            level = samples.std() * 10 ** (-chance.uniform(5, 40) / 20)
            samples = samples + level * noise
        return samples * np.float32(10 ** (chance.uniform(-9, 6) / 20))


class PlainModel(nn.Module):
    """The peer's model: torch's own LSTM, read at the last real frame."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(20, hidden, batch_first=True)
        self.head = nn.Linear(hidden, LABELS)

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """Return logits `[batch, classes]` of `[batch, frames, features]`."""
        outputs, _ = self.lstm(features)
        return self.head(outputs[torch.arange(len(frames)), frames - 1])


def collate(items: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad a batch of clips."""
    frames = torch.tensor([len(features) for features, _ in items])
    return (
        pad_sequence([f for f, _ in items], batch_first=True),
        frames,
        torch.tensor([label for _, label in items]),
    )


def plain(clips: Clips, epochs: int, hidden: int, workers: int, varied: bool, cpu: bool) -> float:
    """Return training clips per second of the plain loop."""
    torch.manual_seed(0)
    model = PlainModel(hidden)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loader = DataLoader(
        PlainClips(clips, varied), 64, shuffle=True, collate_fn=collate, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    clock = time.process_time if cpu else time.perf_counter
    seconds = []
    for _ in range(epochs + 1):
        start = clock()
        for features, frames, labels in loader:
            loss = nn.functional.cross_entropy(model(features, frames), labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        seconds.append(clock() - start)
    return len(clips) / statistics.median(seconds[1:])


def main() -> None:
    """Run and print the table or JSON."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--clips", type=int, default=2100, help="training clips; FSDD's split has 2100")
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs of each")
    parser.add_argument("--hidden", type=int, default=64, help="cells of the LSTM")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    parser.add_argument("--workers", type=int, default=0, help="processes of the peer's DataLoader")
    parser.add_argument("--cpu", action="store_true", help="count processor seconds (with --workers 0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clips = spoken(options.clips, 0)
    common = (clips, options.epochs, options.hidden)
    rates = {
        "wrenlet_augmented": ours(*common, AugmentSettings(), options.cpu),
        "plain_augmented": plain(*common, options.workers, True, options.cpu),
        "wrenlet": ours(*common, AugmentSettings.off(), options.cpu),
        "plain": plain(*common, options.workers, False, options.cpu),
    }
    ratios = {
        "augmented": rates["wrenlet_augmented"] / rates["plain_augmented"],
        "not_augmented": rates["wrenlet"] / rates["plain"],
    }
    if options.json:
        report = {"clips_per_second": rates, "ratio": ratios, **vars(options)}
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, rate in rates.items():
        sys.stdout.write(f"{name:20} {rate:9.0f} clips/s\n")
    for name, ratio in ratios.items():
        sys.stdout.write(f"{name:20} {ratio:9.1f} times the plain loop\n")


if __name__ == "__main__":
    main()
