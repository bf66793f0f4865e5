"""Worker: training steps in PyTorch.  torch_train.py DIR MODEL eager|compiled

The same network as kernelkit/qwen with PyTorch's fast parts: fused scaled dot product
attention, rms_norm, silu, fused AdamW. Where the configuration says bfloat16 it runs on
the GPU, with f32 masters, as ours does.
"""

import os
import sys

import torch
import torch.nn.functional as F

from network import decays, frequencies, read
from worker import Worker

folder, model, mode = sys.argv[1:]
torch.set_num_threads(len(os.sched_getaffinity(0)))
config, weights, run, batches = read(folder, model)
heads, kv_heads, hidden = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
dim, eps, layers = hidden // heads, config["rms_norm_eps"], config["num_hidden_layers"]
bf16 = run["dtype"] == "bfloat16"
device = "cuda" if bf16 else "cpu"
w = {name: torch.tensor(value, requires_grad=True, device=device) for name, value in weights.items()}
freq = torch.tensor(frequencies(config), device=device)
narrow = (lambda x: x.bfloat16()) if bf16 else lambda x: x


def weight(name):
    return narrow(w[name])


def norm(x, name):
    return narrow(F.rms_norm(x.float(), (hidden,), w[name], eps))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def loss_of(tokens, targets, positions, segments):
    rows, seq = tokens.shape
    allowed = None  # causal
    if run["document_mask"]:
        step = torch.arange(seq, device=device)
        allowed = (segments[:, None, :, None] == segments[:, None, None, :]) & (step[:, None] >= step[None, :])
    angle = positions[:, None, :, None].float() * freq
    cos, sin = narrow(angle.cos()), narrow(angle.sin())
    x = F.embedding(tokens, weight("model.embed_tokens.weight"))
    if config["embed_scale"] != 1:
        x = x * config["embed_scale"]

    def split(y, p, n):
        return F.linear(y, weight(p + ".weight"), weight(p + ".bias")).view(rows, seq, n, dim).transpose(1, 2)

    for i in range(layers):
        p = f"model.layers.{i}."
        y = norm(x, p + "input_layernorm.weight")
        q, k, v = split(y, p + "self_attn.q_proj", heads), split(y, p + "self_attn.k_proj", kv_heads), split(y, p + "self_attn.v_proj", kv_heads)
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, attn_mask=allowed, is_causal=allowed is None, enable_gqa=heads != kv_heads)
        x = x + F.linear(y.transpose(1, 2).reshape(rows, seq, hidden), weight(p + "self_attn.o_proj.weight"))
        y = norm(x, p + "post_attention_layernorm.weight")
        y = F.silu(F.linear(y, weight(p + "mlp.gate_proj.weight"))) * F.linear(y, weight(p + "mlp.up_proj.weight"))
        x = x + F.linear(y, weight(p + "mlp.down_proj.weight"))
    head = weight("lm_head.weight" if "lm_head.weight" in w else "model.embed_tokens.weight")
    logits = F.linear(norm(x, "model.norm.weight"), head)
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=-1)


if mode == "compiled":
    loss_of = torch.compile(loss_of)
groups = [
    {"params": [v for n, v in w.items() if decays(n, v.shape)], "weight_decay": run["weight_decay"]},
    {"params": [v for n, v in w.items() if not decays(n, v.shape)], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=run["lr"], betas=(run["beta1"], run["beta2"]), eps=run["eps"], fused=True)
worker, losses, step = Worker(warm=5), [], 0
if bf16:
    worker.sync = torch.cuda.synchronize
inputs = [torch.from_numpy(b.astype("int64")).to(device) for b in batches]
while True:
    tokens, targets, positions, segments = inputs[step % len(inputs)]
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
