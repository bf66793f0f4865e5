"""Worker: training steps in JAX.  jax_train.py DIR MODEL

The same network and optimiser as kernelkit/qwen and kernelkit/train, in plain JAX under
jit with donated state.
"""

import functools
import sys

import jax
import jax.numpy as jnp

from network import decays, frequencies, read
from worker import Worker

jax.config.update("jax_platforms", "cpu")
folder, model = sys.argv[1:]
config, weights, run, batches = read(folder, model)
heads, kv_heads, hidden = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
dim, eps, layers = hidden // heads, config["rms_norm_eps"], config["num_hidden_layers"]
freq = frequencies(config)


def rms_norm(x, scale):
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + eps) * scale


def rotate(x, cos, sin):
    a, b = jnp.split(x, 2, -1)
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def loss_of(w, batch):
    tokens, targets, positions, segments = batch
    rows, seq = tokens.shape
    step = jnp.arange(seq)
    allowed = (segments[:, None, :, None] == segments[:, None, None, :]) & (step[:, None] >= step[None, :])
    angle = positions[:, :, None, None] * freq
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    x = w["model.embed_tokens.weight"][tokens] * config["embed_scale"]
    for i in range(layers):
        p = f"model.layers.{i}."

        def project(y, name, n):
            name = f"{p}self_attn.{name}_proj"
            return (y @ w[name + ".weight"].T + w[name + ".bias"]).reshape(rows, seq, n, dim)

        y = rms_norm(x, w[p + "input_layernorm.weight"])
        q, k, v = project(y, "q", heads), project(y, "k", kv_heads), project(y, "v", kv_heads)
        y = jax.nn.dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, mask=allowed)
        x = x + y.reshape(rows, seq, hidden) @ w[p + "self_attn.o_proj.weight"].T
        y = rms_norm(x, w[p + "post_attention_layernorm.weight"])
        y = jax.nn.silu(y @ w[p + "mlp.gate_proj.weight"].T) * (y @ w[p + "mlp.up_proj.weight"].T)
        x = x + y @ w[p + "mlp.down_proj.weight"].T
    logits = rms_norm(x, w["model.norm.weight"]) @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T
    nll = jax.nn.logsumexp(logits, -1) - jnp.take_along_axis(logits, jnp.maximum(targets, 0)[..., None], -1)[..., 0]
    counts = targets >= 0
    return jnp.sum(jnp.where(counts, nll, 0)) / jnp.sum(counts)


@functools.partial(jax.jit, donate_argnums=(0, 1, 2))
def update(w, first, second, batch, t):
    loss, g = jax.value_and_grad(loss_of)(w, batch)
    norm = jnp.sqrt(sum(jnp.sum(v * v) for v in g.values()))
    scale = jnp.minimum(run["clip"] / (norm + 1e-6), 1)
    b1, b2 = run["beta1"], run["beta2"]
    first = {n: b1 * m + (1 - b1) * scale * g[n] for n, m in first.items()}
    second = {n: b2 * v + (1 - b2) * (scale * g[n]) ** 2 for n, v in second.items()}
    new = {}
    for n, v in w.items():
        direction = first[n] / (1 - b1**t) / (jnp.sqrt(second[n] / (1 - b2**t)) + run["eps"])
        if decays(n, v.shape):
            direction = direction + run["weight_decay"] * v
        new[n] = v - run["lr"] * direction
    return new, first, second, loss


w = {n: jnp.array(v) for n, v in weights.items()}
first, second = ({n: jnp.zeros_like(v) for n, v in w.items()} for _ in range(2))
worker, losses, step = Worker(warm=5), [], 0
while True:
    w, first, second, loss = update(w, first, second, batches[step % len(batches)], jnp.float32(step + 1))
    loss = float(loss)  # waits for the step
    if step < 5:
        losses.append(loss)
    step += 1
    if not worker.after({"losses": losses}):
        break
