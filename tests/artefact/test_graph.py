import random

import pytest

from wrenlet.artefact import (
    Graph,
    Operator,
    TensorInfo,
    audit,
    audit_bytes,
    graph_of,
    load_model,
    macs,
    pack_model,
    peak_tensor_bytes,
    read_graph,
    slim,
)
from wrenlet.errors import InputError


def test_a_graph_is_read_as_it_was_written(dense_model, tmp_path):
    path = tmp_path / "toy.tflite"
    path.write_bytes(dense_model)
    graph = read_graph(path)
    assert [operator.name for operator in graph.operators] == ["FULLY_CONNECTED", "FULLY_CONNECTED", "ADD"]
    assert graph.operators[0].inputs == (0, 1)
    assert graph.inputs == {"features": 0, "memory__frames": 5}
    assert graph.outputs == {"logits": 2, "memory__frames": 6}
    weights = graph.tensors[1]
    assert (weights.shape, weights.dtype, weights.constant_bytes) == ((2, 4), "int8", 8)
    assert (weights.scale, weights.zero_point) == ((0.5,), (-3,))
    assert graph.size_bytes == len(dense_model)


def test_slimming_drops_what_is_dead_and_keeps_what_is_computed(dense_model):
    model = load_model(dense_model)
    slim(model)
    data = pack_model(model)
    graph = graph_of(data)
    assert len(data) < len(dense_model)
    assert [operator.name for operator in graph.operators] == ["FULLY_CONNECTED", "ADD"]
    assert [tensor.name for tensor in graph.tensors] == [
        "features", "1", "logits:out", "memory__frames", "memory__frames:out",
    ]  # fmt: skip
    assert graph.tensors[graph.inputs["features"]].scale == (0.5,)
    assert graph.tensors[graph.operators[0].inputs[1]].constant_bytes == 8


def test_a_slim_file_still_runs(dense_model):
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    model = load_model(dense_model)
    slim(model)
    answers = []
    for data in (dense_model, pack_model(model)):
        interpreter = Interpreter(model_content=data, num_threads=1)
        runner = interpreter.get_signature_runner()
        given = {
            "features": np.array([[1, 2, 3, 4]], np.int8),
            "memory__frames": np.array([[5, 6, 7, 8]], np.int8),
        }
        answers.append(runner(**given))
    assert set(answers[1]) == {"logits", "memory__frames"}
    for name, value in answers[0].items():
        assert (answers[1][name] == value).all()


def test_equal_models_pack_to_equal_bytes(dense_model):
    assert pack_model(load_model(dense_model)) == pack_model(load_model(dense_model))


def test_packed_constants_are_aligned_for_vector_instructions(dense_model):
    import numpy as np

    model = load_model(dense_model)
    marker = bytes(range(100, 164))
    model.buffers[1].data = np.frombuffer(marker, np.uint8)
    model.buffers[2].data = np.frombuffer(marker[::-1] + b"\x01\x02\x03", np.uint8)
    data = pack_model(model)
    assert data.index(marker) % 16 == 0
    assert data.index(marker[::-1]) % 16 == 0


def graph_with(*operators: Operator, tensors: dict[int, TensorInfo]) -> Graph:
    return Graph(operators, tuple(tensors.values()), {"x": 0}, {"y": len(tensors) - 1}, 0)


@pytest.mark.parametrize(
    ("name", "first", "weights", "output", "expected"),
    [
        ("FULLY_CONNECTED", (3, 20), (64, 20), (3, 64), 3 * 64 * 20),
        ("CONV_2D", (1, 5, 7, 8), (16, 3, 3, 8), (1, 3, 5, 16), 3 * 5 * 16 * 3 * 3 * 8),
        ("DEPTHWISE_CONV_2D", (1, 5, 7, 8), (1, 3, 3, 8), (1, 3, 5, 8), 3 * 5 * 8 * 3 * 3),
        ("BATCH_MATMUL", (2, 4, 6), (2, 6, 5), (2, 4, 5), 2 * 4 * 5 * 6),
        ("BATCH_MATMUL", (2, 6, 4), (2, 6, 5), (2, 4, 5), 2 * 4 * 5 * 6),
        ("ADD", (3, 20), (3, 20), (3, 20), 0),
    ],
)
def test_macs_follow_from_shapes(name, first, weights, output, expected):
    tensors = {
        0: TensorInfo("x", first, "float32"),
        1: TensorInfo("w", weights, "float32", constant_bytes=4),
        2: TensorInfo("y", output, "float32"),
    }
    assert macs(graph_with(Operator(name, (0, 1), (2,)), tensors=tensors)) == expected


def test_peak_memory_counts_what_lives_together():
    tensors = {
        0: TensorInfo("x", (1, 100), "int8"),
        1: TensorInfo("w", (10, 100), "int8", constant_bytes=1000),
        2: TensorInfo("a", (1, 10), "float32"),  # 40 bytes, dead after its one use
        3: TensorInfo("b", (1, 30), "int8"),
        4: TensorInfo("y", (1, 5), "int8"),
    }
    graph = graph_with(
        Operator("FULLY_CONNECTED", (0, 1), (2,)),
        Operator("ADD", (2, 2), (3,)),
        Operator("ADD", (3, 3), (4,)),
        tensors=tensors,
    )
    assert peak_tensor_bytes(graph) == 100 + 40


def test_states_stay_in_memory_from_end_to_end():
    tensors = {
        0: TensorInfo("x", (1, 8), "int8"),
        1: TensorInfo("state", (1, 50), "int8"),
        2: TensorInfo("state:out", (1, 50), "int8"),
        3: TensorInfo("y", (1, 8), "int8"),
    }
    operators = (Operator("ADD", (1, 0), (2,)), Operator("ADD", (0, 2), (3,)))
    graph = Graph(operators, tuple(tensors.values()), {"x": 0, "s": 1}, {"y": 3, "s": 2}, 0)
    assert peak_tensor_bytes(graph) == 8 + 50 + 50


def test_an_audit_counts_and_an_integer_file_passes(dense_model, tmp_path):
    path = tmp_path / "toy.tflite"
    path.write_bytes(dense_model)
    found = audit(path)
    assert found.operators == {"ADD": 1, "FULLY_CONNECTED": 2}
    assert found.dtypes == {"int8": 7}
    assert found.float_tensors == ()
    assert found.constant_bytes + found.overhead_bytes == len(dense_model) == found.size_bytes
    found.require_integer()


def test_a_float_tensor_fails_the_audit_by_name_unless_the_frontend_made_it(dense_model):
    model = load_model(dense_model)
    model.subgraphs[0].tensors[4].type = 0
    model.subgraphs[0].tensors[6].type = 0
    model.subgraphs[0].tensors[6].name = "frontend.6"
    found = audit_bytes(pack_model(model))
    assert [tensor.name for tensor in found.float_tensors] == ["dead", "frontend.6"]
    assert [tensor.name for tensor in found.body_floats] == ["dead"]
    with pytest.raises(InputError, match=r"it.*1 float tensors are left: dead \[1, 2\] \(FULLY_CONNECTED\)"):
        found.require_integer("it")


def test_foreign_and_damaged_files_are_refused_by_the_graph_reader(tmp_path, dense_model):
    path = tmp_path / "x.tflite"
    generator = random.Random(3)
    for data in [
        b"",
        b"not a model",
        generator.randbytes(4) + b"TFL3" + generator.randbytes(400),
        dense_model[:200],
    ]:
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"x\.tflite"):
            read_graph(path)
        with pytest.raises(InputError, match=r"x\.tflite"):
            audit(path)


def test_damage_anywhere_is_an_input_error_or_a_graph(dense_model):
    generator = random.Random(4)
    for _ in range(300):
        data = bytearray(dense_model)
        for _ in range(generator.choice([1, 2, 6])):
            data[generator.randrange(8, len(data))] = generator.randrange(256)
        try:
            graph = graph_of(bytes(data))
        except InputError:
            continue
        assert isinstance(graph, Graph)
