"""Build one step of `crnn` in Keras and convert it with TensorFlow: the peer of `crnn.py`.

    python benchmarks/crnn_keras.py float32.tflite int8.tflite

Needs TensorFlow, which nothing else here does: run it with the Python of an environment of its own.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf


def step() -> tf.keras.Model:
    """Return the step with external states, laid out in the plainest way."""
    layers = tf.keras.layers
    features = layers.Input((1, 20), batch_size=1, name="features")
    first = layers.Input((2, 20, 1), batch_size=1, name="first")
    second = layers.Input((4, 18, 16), batch_size=1, name="second")
    hidden = layers.Input((256,), batch_size=1, name="hidden")
    frame = layers.Reshape((1, 20, 1))(features)
    joined = layers.Concatenate(axis=1)([first, frame])
    frame = layers.Conv2D(16, (3, 3), activation="relu")(joined)
    later = layers.Concatenate(axis=1)([second, frame])
    frame = layers.Conv2D(16, (5, 3), activation="relu")(later)
    following, _ = layers.GRUCell(256)(layers.Reshape((256,))(frame), [hidden])
    net = layers.Dense(256, activation="relu")(layers.Dense(128)(following))
    logits = layers.Dense(12)(net)
    return tf.keras.Model([features, first, second, hidden], [logits, joined[:, 1:], later[:, 1:], following])


def calibration() -> list[dict[str, np.ndarray]]:
    """Return a few inputs of about the right size; only speed and size are asked for here."""
    generator = np.random.default_rng(0)
    shapes = {"features": (1, 1, 20), "first": (1, 2, 20, 1), "second": (1, 4, 18, 16), "hidden": (1, 256)}
    return [
        {name: generator.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
        for _ in range(30)
    ]


def main() -> None:
    """Write both files."""
    model = step()
    for path, integer in ((Path(sys.argv[1]), False), (Path(sys.argv[2]), True)):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if integer:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = calibration
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        path.write_bytes(converter.convert())


if __name__ == "__main__":
    main()
