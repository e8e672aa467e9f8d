"""Training clips per second: wrenlet against a plain PyTorch loop with librosa features, in one run.

    python benchmarks/training.py
    python benchmarks/training.py --threads 1 --json

Both train the same LSTM on the same clips at 8 kHz (20 MFCC of 40 mels, 32 ms windows, 16 ms hops, batch
64). Ours also varies every clip afresh (speed, shift, noise, level), validates and writes a checkpoint each
epoch, all of it timed; the peer reads prepared arrays and does neither. The median epoch counts, the first
excluded.
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


def ours(clips: Clips, epochs: int, hidden: int, augment: AugmentSettings) -> float:
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
    return len(clips) / statistics.median(row["seconds"] for row in result.history[1:])


class PlainClips(Dataset):
    """The peer's data set: features of one clip at a time."""

    def __init__(self, clips: Clips) -> None:
        self.clips = clips

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        samples = self.clips.waveforms[index, : self.clips.lengths[index]]
        mfcc = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=20, n_fft=WINDOW, hop_length=HOP, n_mels=40)
        return torch.from_numpy(mfcc.T.copy()), int(self.clips.labels[index])


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


def plain(clips: Clips, epochs: int, hidden: int, workers: int) -> float:
    """Return training clips per second of the plain loop."""
    torch.manual_seed(0)
    model = PlainModel(hidden)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loader = DataLoader(
        PlainClips(clips), 64, shuffle=True, collate_fn=collate, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    seconds = []
    for _ in range(epochs + 1):
        start = time.perf_counter()
        for features, frames, labels in loader:
            loss = nn.functional.cross_entropy(model(features, frames), labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        seconds.append(time.perf_counter() - start)
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
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clips = spoken(options.clips, 0)
    rates = {
        "wrenlet_augmented": ours(clips, options.epochs, options.hidden, AugmentSettings()),
        "wrenlet_cached": ours(clips, options.epochs, options.hidden, AugmentSettings.off()),
        "plain_librosa": plain(clips, options.epochs, options.hidden, options.workers),
    }
    ratio = rates["wrenlet_augmented"] / rates["plain_librosa"]
    if options.json:
        about = {"threads": options.threads, "clips": options.clips}
        report = {"clips_per_second": rates, "ratio": ratio, **about}
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, rate in rates.items():
        sys.stdout.write(f"{name:20} {rate:9.0f} clips/s\n")
    sys.stdout.write(f"ours, with augmentation, against the plain loop: {ratio:.1f} x\n")


if __name__ == "__main__":
    main()
