"""Makes the fixtures of kernelkit/qwen and kernelkit/train from transformers and PyTorch.

    pip install -r requirements.txt && python make_fixtures.py

config.json, model.safetensors
    a random Qwen2 model of 4 layers with grouped-query attention, as transformers saves it
fixtures.safetensors, all f32 (tokens are small whole numbers)
    tokens         [2, 136]          a batch
    logits         [2, 136, vocab]   of that batch
    packed.tokens, packed.positions, packed.segments [2, 48]
                                     rows of several documents, padding at the end
    packed.logits  [2, 48, vocab]    of those, attention within a document
    gradient.NAME                    of the mean next-token loss of tokens, for every weight
    steps.tokens   [5, 4, 33]        batches of the training run; step s takes s mod 5
    steps.losses   [50]              mean next-token loss of each step, before its update
    steps.norms    [50]              global norm of its gradient, before clipping
training.json
    the settings of that run, in the names of train.Config
"""

import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = pathlib.Path(__file__).parent

torch.manual_seed(20251207)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

model = Qwen2ForCausalLM(
    Qwen2Config(
        vocab_size=61, hidden_size=32, intermediate_size=72, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        rms_norm_eps=1e-6, tie_word_embeddings=True, attn_implementation="eager",
    )
).float()
with torch.no_grad():  # matrices large enough that attention is far from even; biases and norms that matter
    for name, p in model.named_parameters():
        if name.endswith("norm.weight"):
            p.copy_(1 + 0.2 * torch.randn_like(p))
        elif p.ndim == 1:
            p.copy_(0.3 * torch.randn_like(p))
        elif "embed" in name:
            p.copy_(0.4 * torch.randn_like(p))
        else:
            p.copy_(1.2 / math.sqrt(p.shape[1]) * torch.randn_like(p))
model.eval()
model.save_pretrained(HERE)
(HERE / "generation_config.json").unlink(missing_ok=True)

vocab = model.config.vocab_size
out = {}


def next_token_loss(tokens):
    logits = model(tokens).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, vocab), tokens[:, 1:].reshape(-1))


# Logits and gradients of a batch.
tokens = torch.randint(vocab, (2, 136))
out["tokens"], out["logits"] = tokens, model(tokens).logits
next_token_loss(tokens).backward()
for name, p in model.named_parameters():
    out["gradient." + name] = p.grad.clone()
model.zero_grad()

# Rows of several documents.
lengths = [[20, 9, 15], [31, 17]]
packed = torch.zeros(3, 2, 48, dtype=torch.long)
for row, documents in enumerate(lengths):
    at = 0
    for k, n in enumerate(documents):
        packed[0, row, at : at + n] = torch.randint(vocab, (n,))
        packed[1, row, at : at + n] = torch.arange(n)
        packed[2, row, at : at + n] = k + 1
        at += n
position = torch.arange(48)
allowed = (packed[2][:, :, None] == packed[2][:, None, :]) & (position[:, None] >= position[None, :])
mask = torch.where(allowed, 0.0, torch.finfo(torch.float32).min)[:, None]
out["packed.tokens"], out["packed.positions"], out["packed.segments"] = packed
out["packed.logits"] = model(packed[0], position_ids=packed[1], attention_mask=mask).logits

# A training run: AdamW in two groups, clipping by the global norm, warm-up and cosine.
run = dict(
    steps=50, lr=3e-3, min_lr=3e-4, warmup=10, beta1=0.9, beta2=0.98, eps=1e-8,
    weight_decay=0.1, decay_embeddings=False, clip=4.0,
)


def learning_rate(step):
    if step < run["warmup"]:
        return run["lr"] * (step + 1) / run["warmup"]
    progress = (step - run["warmup"]) / (run["steps"] - run["warmup"])
    return run["min_lr"] + (run["lr"] - run["min_lr"]) * 0.5 * (1 + math.cos(math.pi * progress))


decays = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
others = [p for n, p in model.named_parameters() if p.ndim == 1 or "embed" in n]
optimizer = torch.optim.AdamW(
    [{"params": decays, "weight_decay": run["weight_decay"]}, {"params": others, "weight_decay": 0.0}],
    betas=(run["beta1"], run["beta2"]), eps=run["eps"],
)
batches = torch.randint(vocab, (5, 4, 33))
batches[:, :, 1::2] = (batches[:, :, 0::2][:, :, :16] * 7 + 3) % vocab  # every second token can be learned
losses, norms = [], []
for step in range(run["steps"]):
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step)
    optimizer.zero_grad()
    loss = next_token_loss(batches[step % len(batches)])
    loss.backward()
    norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), run["clip"]).item())
    optimizer.step()
    losses.append(loss.item())
out["steps.tokens"], out["steps.losses"], out["steps.norms"] = batches, torch.tensor(losses), torch.tensor(norms)

save_file({k: v.detach().float().contiguous() for k, v in out.items()}, HERE / "fixtures.safetensors")
(HERE / "training.json").write_text(json.dumps(run, indent=1) + "\n")
print(f"losses {losses[0]:.4f} … {losses[-1]:.4f}, norms {max(norms):.2f} … {min(norms):.2f}")
