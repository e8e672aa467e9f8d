"""A LiteRT step written by hand: one dense layer and a tied state, without torch or a converter."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from wrenlet.artefact import ClipRules, Sidecar, StateTensor, pack_model


@pytest.fixture(scope="session")
def sidecar() -> Sidecar:
    return Sidecar(
        name="toy",
        digest="abc",
        labels=("zero", "eins – ü"),
        input="features",
        precision="int8",
        sample_rate=8000,
        hop_samples=128,
        features={"kind": "mfcc", "window_ms": 32.0},
        mean=(0.5, -1.25),
        std=(1.0, 2.0),
        states=(StateTensor("memory__frames", (1, 4), "int8", 0.5, -3),),
        clip=ClipRules(30.0, 20.0, 2.0),
        data=({"name": "digits", "licence": "CC BY-SA 4.0"},),
    )


@pytest.fixture(scope="session")
def dense_model() -> bytes:
    """`features` [1, 4] → FULLY_CONNECTED [2, 4] → `logits` [1, 2]; a dead operator; a state."""
    quantised = schema.TensorType.INT8
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT(), schema.BufferT(data=np.arange(8, dtype=np.uint8))]
    model.buffers.append(schema.BufferT(data=np.arange(8, dtype=np.uint8)))  # equal to the one before

    def tensor(name: str, shape: list[int], buffer: int = 0) -> schema.TensorT:
        grid = schema.QuantizationParametersT(
            scale=np.array([0.5], np.float32),
            zeroPoint=np.array([-3], np.int64),
            min=np.array([-1.0], np.float32),
            max=np.array([1.0], np.float32),
        )
        return schema.TensorT(
            name=name, shape=np.array(shape, np.int32), type=quantised, buffer=buffer, quantization=grid
        )

    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("serving_features_with_a_very_long_name", [1, 4]),
        tensor("weights", [2, 4], 1),
        tensor("serving_logits", [1, 2]),
        tensor("weights_again", [2, 4], 2),
        tensor("dead", [1, 2]),
        tensor("memory", [1, 4]),
        tensor("memory_next", [1, 4]),
    ]

    def operator(
        code: int, inputs: list[int], outputs: list[int], options: object, kind: int
    ) -> schema.OperatorT:
        return schema.OperatorT(
            opcodeIndex=code,
            inputs=np.array(inputs, np.int32),
            outputs=np.array(outputs, np.int32),
            builtinOptionsType=kind,
            builtinOptions=options,
        )

    dense, add = schema.BuiltinOptions.FullyConnectedOptions, schema.BuiltinOptions.AddOptions
    graph.operators = [
        operator(0, [0, 1, -1], [2], schema.FullyConnectedOptionsT(), dense),
        operator(0, [0, 3, -1], [4], schema.FullyConnectedOptionsT(), dense),
        operator(1, [0, 5], [6], schema.AddOptionsT(), add),
    ]
    graph.inputs, graph.outputs = np.array([0, 5], np.int32), np.array([2, 6], np.int32)
    graph.name = "main"
    model.subgraphs = [graph]
    model.operatorCodes = [
        schema.OperatorCodeT(builtinCode=9, deprecatedBuiltinCode=9, version=4),
        schema.OperatorCodeT(builtinCode=0, deprecatedBuiltinCode=0, version=2),
    ]
    names = {"features": 0, "memory__frames": 5}, {"logits": 2, "memory__frames": 6}
    model.signatureDefs = [
        schema.SignatureDefT(
            inputs=[schema.TensorMapT(name, index) for name, index in names[0].items()],
            outputs=[schema.TensorMapT(name, index) for name, index in names[1].items()],
            signatureKey="serving_default",
        )
    ]
    return pack_model(model)
