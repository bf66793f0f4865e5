"""Worker: GRPO steps of TRL's GRPOTrainer on an exported model.  trl_grpo.py DIR MODEL fastest|float32|defaults

defaults leaves what TRL chooses itself: bfloat16 mixed precision, passes of 8 completions,
gradient checkpointing. float32 computes as this project does, with the other two.
fastest is float32 with the batch in one pass and without checkpointing.
"""

import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from worker import Worker

folder, name = pathlib.Path(sys.argv[1]), sys.argv[2] + "-exported"
lesson = json.loads((folder / f"{sys.argv[2]}.grpo.json").read_text())
samples = lesson["prompts"] * lesson["group"]
fastest, float32 = sys.argv[3] == "fastest", sys.argv[3] != "defaults"
rows = samples if fastest else 8
torch.set_num_threads(len(os.sched_getaffinity(0)))
model = AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32)
tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / name, padding_side="left")
tokenizer.model_input_names = ["input_ids", "attention_mask"]
stops = [i for t in ("[EOS]", "</answer>") if (i := tokenizer.get_vocab().get(t)) is not None]
prompts = [json.loads(line)["prompt"] for line in (folder / f"{sys.argv[2]}.prompts.jsonl").read_text().splitlines()]
worker = Worker(warm=3)
spent = {"rollout": 0.0, "tokens": 0}


def reward(completions, completion_ids, **_):
    """Varies within groups, and takes no time."""
    spent["tokens"] += sum(next((n for n, i in enumerate(ids, 1) if i in stops), len(ids)) for ids in completion_ids)  # without padding
    return [float(hashlib.sha256(c.encode()).digest()[0] & 1) for c in completions]


plain = model.generate


def generate(*args, **kwargs):
    begin = time.perf_counter()
    try:
        return plain(*args, **kwargs)
    finally:
        spent["rollout"] += time.perf_counter() - begin


model.generate = generate


class Between(TrainerCallback):
    def on_step_end(self, args, state, control, **_):
        figures = dict(spent)
        spent.update(rollout=0.0, tokens=0)
        control.should_training_stop = not worker.after({}, **figures)
        return control


with tempfile.TemporaryDirectory() as out, open(os.devnull, "w") as quiet:
    answers, sys.stdout = sys.stdout, quiet  # the trainer prints its logs
    trainer = GRPOTrainer(
        model=model, reward_funcs=reward, train_dataset=Dataset.from_dict({"prompt": prompts}), processing_class=tokenizer, callbacks=[Between()],
        args=GRPOConfig(
            output_dir=out, use_cpu=not torch.cuda.is_available(), bf16=not float32, per_device_train_batch_size=rows, gradient_accumulation_steps=samples // rows,
            num_generations=lesson["group"], max_completion_length=lesson["tokens"], temperature=1.0, beta=0.0, loss_type="dapo", epsilon=0.2,
            learning_rate=1e-6, lr_scheduler_type="constant", max_grad_norm=1.0, weight_decay=0.0, max_steps=1_000_000,
            generation_kwargs={"eos_token_id": stops}, gradient_checkpointing=not fastest, save_strategy="no", report_to="none", logging_steps=1_000_000,
            disable_tqdm=True, dataloader_pin_memory=False,
        ),
    )
    sys.stdout = answers
    trainer.train()
