"""What a hop costs: the keys that scripts read, and figures that can be true."""

import json

import pytest

from wrenlet.errors import InputError
from wrenlet.measure import benchmark


@pytest.mark.parametrize("artefact", ["litert_path", "onnx_path", "int8_path"])
def test_benchmark_tells_the_documented_keys_and_believable_figures(artefact, request):
    path = request.getfixturevalue(artefact)
    found = benchmark(path, blocks=20, block_hops=10)
    told = json.loads(json.dumps(found.to_json()))
    assert list(told) == [
        "size_bytes",
        "hop_ms",
        "step_us",
        "real_time_factor",
        "peak_tensor_bytes",
        "macs_per_hop",
        "stream_us",
    ]
    assert list(told["step_us"]) == ["median", "p95"]
    assert told["size_bytes"] == path.stat().st_size
    assert told["hop_ms"] == 16
    assert 0.05 < found.step_us.median <= found.step_us.p95 < 50_000
    assert found.real_time_factor == pytest.approx(found.step_us.median / 16000, rel=0.01)
    if path.suffix == ".tflite":
        assert (
            found.macs_per_hop
            == {"litert_path": 256 * 16 + 32 * 16 + 64, "int8_path": 28 * 16 + 64}[artefact]
        )
        assert found.peak_tensor_bytes > 0


def test_what_is_no_artefact_is_refused(tmp_path):
    with pytest.raises(InputError):
        benchmark(tmp_path / "missing.tflite")
