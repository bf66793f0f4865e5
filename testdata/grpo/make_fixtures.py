"""Makes the fixtures of kernelkit/grpo: losses and gradients of fixed tensors.

    pip install -r ../qwen/requirements.txt && python make_fixtures.py

fixtures.json holds the inputs, [completion][token] with the completion's lengths, and cases
from two sources:

    trl     GRPOTrainer._compute_loss of TRL itself, called on these tensors in place of a
            model's log-probs; gradients by PyTorch, in f64
    verl    the formulas that verl publishes (compute_policy_loss with dual clip, agg_loss
            with token-mean and others, low_var_kl, group advantages), written out in
            numpy; gradients by central differences, in f64

A case has the settings in the names of grpo.Config, the loss and its gradient by the
log-probs. aggregation constant divides by completions × max_tokens.
"""

import collections
import json
import pathlib
import types

import numpy as np
import torch
from trl import GRPOTrainer
from trl import __version__ as trl_version

HERE = pathlib.Path(__file__).parent
MAX_TOKENS = 16

r = np.random.default_rng(20251207)
lengths = [12, 1, 7, 10, 4, 9, 12, 3]
B, T = len(lengths), max(lengths)
mask = (np.arange(T)[None] < np.array(lengths)[:, None]).astype(float)


def rounded(x):  # to f32, so that both sides start from the same numbers
    return np.asarray(x, dtype=np.float32).astype(float)


lp = rounded(-2.5 * r.random((B, T)))
old = rounded(lp + 0.35 * r.standard_normal((B, T)))
ref = rounded(lp + 0.6 * r.standard_normal((B, T)))
old[0, 3] = rounded(lp[0, 3] - 2.0)  # far outside every clip, both ways, with either sign of the advantage
old[2, 1], old[3, 2], old[5, 4] = rounded([lp[2, 1] + 1.5, lp[3, 2] - 1.5, lp[5, 4] + 1.5])
advantage = rounded([1.2, -0.7, 0.9, -1.4, 0.0, -0.3, 0.25, -2.0])

# ---- TRL ----


def trl(name, aggregation, loss_type, clip_low=0.2, clip_high=0.2, dual_clip=0.0, kl=0.0, sequence_ratio=False):
    x = torch.tensor(lp, requires_grad=True)
    trainer = types.SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *a, **k: (x, torch.zeros_like(x), None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None, _entropy_bonus_enabled=False,
        importance_sampling_level="sequence" if sequence_ratio else "token", beta=kl, loss_type=loss_type,
        epsilon_low=clip_low, epsilon_high=clip_high, use_vllm=False, current_gradient_accumulation_steps=1,
        max_completion_length=MAX_TOKENS, model=types.SimpleNamespace(training=True),
        args=types.SimpleNamespace(delta=dual_clip or None, steps_per_generation=1, use_bias_correction_kl=False),
        accelerator=types.SimpleNamespace(num_processes=1, gather=lambda v: v, reduce=lambda v, reduction: v),
        _metrics={"train": collections.defaultdict(list)},
    )
    inputs = dict(
        prompt_ids=torch.zeros(B, 1), prompt_mask=torch.ones(B, 1), completion_ids=torch.zeros(B, T),
        completion_mask=torch.tensor(mask), advantages=torch.tensor(advantage), old_per_token_logps=torch.tensor(old),
        ref_per_token_logps=torch.tensor(ref), num_items_in_batch=torch.tensor(mask.sum()),
    )
    loss = GRPOTrainer._compute_loss(trainer, None, inputs)
    loss.backward()
    return dict(
        name=name, source="trl", clip_low=clip_low, clip_high=clip_high, dual_clip=dual_clip, kl=kl,
        sequence_ratio=sequence_ratio, aggregation=aggregation, loss=loss.item(), gradient=x.grad.tolist(),
    )


# ---- verl ----


def aggregate(x, how):
    if how == "token-mean":
        return (x * mask).sum() / mask.sum()
    if how == "sequence-mean":  # seq-mean-token-mean
        return ((x * mask).sum(1) / mask.sum(1)).mean()
    if how == "constant":  # seq-mean-token-sum-norm
        return (x * mask).sum() / B / MAX_TOKENS
    raise ValueError(how)


def policy_loss(x, clip_low, clip_high, dual_clip, kl, aggregation):
    a = advantage[:, None]
    ratio = np.exp(np.clip(x - old, -20, 20))
    losses1, losses2 = -a * ratio, -a * np.clip(ratio, 1 - clip_low, 1 + clip_high)
    clipped1 = np.maximum(losses1, losses2)
    losses = np.where(a < 0, np.minimum(-a * dual_clip, clipped1), clipped1)
    share = (((losses2 > losses1) * mask).sum()) / mask.sum()
    above = np.clip(ref - x, -20, 20)
    k3 = np.clip(np.exp(above) - above - 1, -10, 10)
    return aggregate(losses, aggregation) + kl * aggregate(k3, aggregation), share, aggregate(k3, "token-mean")


def verl(name, aggregation, clip_low=0.2, clip_high=0.2, dual_clip=3.0, kl=0.0):
    def value(x):
        return policy_loss(x, clip_low, clip_high, dual_clip, kl, aggregation)

    gradient, step = np.zeros_like(lp), 1e-6
    for index in np.ndindex(*lp.shape):
        move = np.zeros_like(lp)
        move[index] = step
        gradient[index] = (value(lp + move)[0] - value(lp - move)[0]) / (2 * step)
    loss, share, mean_k3 = value(lp)
    return dict(
        name=name, source="verl", clip_low=clip_low, clip_high=clip_high, dual_clip=dual_clip, kl=kl, sequence_ratio=False,
        aggregation=aggregation, loss=loss, gradient=gradient.tolist(), clip_ratio=share, mean_kl=mean_k3 if kl else 0.0,
    )


def group_advantages(rewards, norm_by_std):
    """compute_grpo_outcome_advantage: torch.std, so with n − 1, and 1e-6."""
    rewards = np.array(rewards)
    centred = rewards - rewards.mean()
    return (centred / (rewards.std(ddof=1) + 1e-6) if norm_by_std else centred).tolist()


cases = [
    trl("GRPO", "sequence-mean", "grpo"),
    trl("GRPO with KL", "sequence-mean", "grpo", kl=0.04),
    trl("Dr. GRPO", "constant", "dr_grpo"),
    trl("BNPO", "token-mean", "bnpo"),
    trl("DAPO", "token-mean", "dapo", clip_high=0.28),
    trl("DAPO with KL", "token-mean", "dapo", clip_high=0.28, kl=0.1),
    trl("two-sided clip (INTELLECT-2)", "token-mean", "dapo", dual_clip=1.5),
    trl("two-sided clip, asymmetric, KL", "sequence-mean", "grpo", clip_high=0.28, dual_clip=4.0, kl=0.01),
    trl("GSPO", "sequence-mean", "grpo", clip_low=3e-4, clip_high=4e-4, sequence_ratio=True),
    trl("GSPO, wide clip, KL", "sequence-mean", "grpo", clip_low=0.2, clip_high=0.2, kl=0.04, sequence_ratio=True),
    verl("dual clip, token-mean, KL: the paper's", "token-mean", kl=1e-3),
    verl("dual clip that bites", "token-mean", dual_clip=1.3),
    verl("clip higher", "token-mean", clip_high=0.28, kl=0.05),
    verl("sequence mean", "sequence-mean", kl=0.01),
    verl("constant", "constant"),
]
groups = [[1, 0, 0, 1, 1, 0], [1, 1, 1, 0], [0.8, 0.25, 0.0, 1.0, 0.6], [1, 0], [0.5, 0.5, 0.5]]
fixture = dict(
    made_with=f"trl {trl_version}, torch {torch.__version__.split('+')[0]}, numpy {np.__version__}", max_tokens=MAX_TOKENS,
    lengths=lengths, advantage=advantage.tolist(), log_prob=lp.tolist(), old=old.tolist(), reference=ref.tolist(), cases=cases,
    groups=[dict(rewards=g, advantages=group_advantages(g, True), no_std=group_advantages(g, False)) for g in groups],
)


def short(x):  # ten significant digits are enough to compare within 1e-5
    if isinstance(x, float):
        return float(f"{x:.10g}")
    if isinstance(x, list):
        return [short(v) for v in x]
    if isinstance(x, dict):
        return {k: short(v) for k, v in x.items()}
    return x


(HERE / "fixtures.json").write_text(json.dumps(short(fixture), separators=(",", ":")) + "\n")
for c in cases:
    print(f"{c['source']:5} {c['name']:42} {c['loss']:+.6f}  |gradient| {np.linalg.norm(c['gradient']):.6f}")
