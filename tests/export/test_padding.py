import numpy as np
import torch
from torch import nn

from wrenlet.artefact import audit_bytes, graph_of
from wrenlet.export import ExportSettings, StepProgram, convert_litert, quantise_litert
from wrenlet.streaming import Conv1d, Framewise, Sequential, WholeClip


def test_zeros_before_a_clip_become_padding_in_float_and_in_integers():
    torch.manual_seed(0)
    running = Sequential(
        {"conv": Conv1d(20, 8, 5), "relu": Framewise(nn.ReLU()), "out": Framewise(nn.Linear(8, 3))}
    )
    body = WholeClip(running, 6, (20,)).eval()
    data = convert_litert(StepProgram(body, "features", (6, 20)))
    names = [operator.name for operator in graph_of(data).operators]
    assert names.count("PAD") == 1
    assert "CONCATENATION" not in names
    from ai_edge_litert.interpreter import Interpreter

    clips = np.random.default_rng(0).normal(size=(4, 6, 20)).astype(np.float32)
    runner = Interpreter(model_content=data, num_threads=1).get_signature_runner()
    with torch.no_grad():
        expected = body(torch.from_numpy(clips)).numpy()
    for clip, answer in zip(clips, expected, strict=True):
        np.testing.assert_allclose(runner(features=clip[None])["logits"][0], answer, atol=1e-5)
    whole = quantise_litert(data, [clips], ExportSettings(), "it")
    assert not audit_bytes(whole).body_floats
