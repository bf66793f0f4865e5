"""What the JAX and PyTorch workers share: the model's files and the training batches."""

import json
import pathlib

import numpy as np
from safetensors.numpy import load_file


def read(folder, model):
    """Configuration, weights by name, training settings, batches [n, 4, rows, seq]."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / model / "config.json").read_text())
    config.setdefault("embed_scale", 1.0)
    weights = load_file(folder / model / "model.safetensors")
    run = json.loads((folder / f"{model}.json").read_text())
    batches = np.fromfile(folder / f"{model}.batches", dtype="<i4").reshape(-1, 4, run["batch"], run["seq"])
    return config, weights, run, batches


def decays(name, shape):
    """Whether weight decay applies, as in train.AdamW."""
    return len(shape) == 2 and name not in ("model.embed_tokens.weight", "lm_head.weight")


def frequencies(config):
    dim = config["hidden_size"] // config["num_attention_heads"]
    return (config["rope_theta"] ** (-2 * np.arange(dim // 2) / dim)).astype(np.float32)
