"""Worker: training steps in PyTorch.  torch_train.py DIR MODEL eager|compiled

The same network as kernelkit/qwen with PyTorch's fast parts: fused scaled dot product
attention, rms_norm, silu, fused AdamW.
"""

import os
import sys

import torch
import torch.nn.functional as F

from network import decays, frequencies, read
from worker import Worker

folder, model, mode = sys.argv[1:]
torch.set_num_threads(os.cpu_count())
config, weights, run, batches = read(folder, model)
heads, kv_heads, hidden = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
dim, eps, layers = hidden // heads, config["rms_norm_eps"], config["num_hidden_layers"]
w = {name: torch.tensor(value, requires_grad=True) for name, value in weights.items()}
head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
freq = torch.tensor(frequencies(config))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def loss_of(tokens, targets, positions, segments):
    rows, seq = tokens.shape
    step = torch.arange(seq)
    allowed = (segments[:, None, :, None] == segments[:, None, None, :]) & (step[:, None] >= step[None, :])
    angle = positions[:, None, :, None].float() * freq
    cos, sin = angle.cos(), angle.sin()
    x = F.embedding(tokens, w["model.embed_tokens.weight"])
    if config["embed_scale"] != 1:
        x = x * config["embed_scale"]

    def split(y, p, n):
        return F.linear(y, w[p + ".weight"], w[p + ".bias"]).view(rows, seq, n, dim).transpose(1, 2)

    for i in range(layers):
        p = f"model.layers.{i}."
        y = F.rms_norm(x, (hidden,), w[p + "input_layernorm.weight"], eps)
        q, k, v = split(y, p + "self_attn.q_proj", heads), split(y, p + "self_attn.k_proj", kv_heads), split(y, p + "self_attn.v_proj", kv_heads)
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, attn_mask=allowed, enable_gqa=heads != kv_heads)
        x = x + F.linear(y.transpose(1, 2).reshape(rows, seq, hidden), w[p + "self_attn.o_proj.weight"])
        y = F.rms_norm(x, (hidden,), w[p + "post_attention_layernorm.weight"], eps)
        y = F.silu(F.linear(y, w[p + "mlp.gate_proj.weight"])) * F.linear(y, w[p + "mlp.up_proj.weight"])
        x = x + F.linear(y, w[p + "mlp.down_proj.weight"])
    logits = F.linear(F.rms_norm(x, (hidden,), w["model.norm.weight"], eps), head)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)


if mode == "compiled":
    loss_of = torch.compile(loss_of)
groups = [
    {"params": [v for n, v in w.items() if decays(n, v.shape)], "weight_decay": run["weight_decay"]},
    {"params": [v for n, v in w.items() if not decays(n, v.shape)], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=run["lr"], betas=(run["beta1"], run["beta2"]), eps=run["eps"], fused=True)
worker, losses, step = Worker(warm=5), [], 0
while True:
    tokens, targets, positions, segments = torch.from_numpy(batches[step % len(batches)].astype("int64"))
    loss = loss_of(tokens, targets, positions, segments)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(w.values(), run["clip"])
    optimizer.step()
    optimizer.zero_grad()
    if step < 5:
        losses.append(loss.item())
    step += 1
    if not worker.after({"losses": losses}):
        break
