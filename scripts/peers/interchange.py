"""Checks the files that this project and transformers exchange, against real transformers.

    interchange.py DIR      (DIR as written by `peers prepare`; scripts/peers.sh does all)

Out: an exported model opens in AutoModelForCausalLM and its tokenizer in AutoTokenizer
and PreTrainedTokenizerFast, with the same token ids, log-likelihoods and greedy completions. In: what transformers
saves (sharded, bf16, tied or not) has the same log-likelihoods and completions here.
Prints a JSON line for each check; exit status 1 when one fails.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

TOLERANCE = 1e-4
failed = 0


def report(check, ok, **figures):
    global failed
    failed += not ok
    print(json.dumps({"check": check, "ok": bool(ok), **figures}), flush=True)


def interplay(*arguments, lines=None, runs=None):
    """Runs the command line with JSON lines in and out."""
    env = dict(os.environ, **({"INTERPLAY_RUNS": str(runs)} if runs else {}))
    text = None if lines is None else "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(["interplay", *map(str, arguments)], input=text, capture_output=True, text=True, env=env)
    if done.returncode:
        sys.exit(f"interplay {' '.join(map(str, arguments))}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()] if lines is not None else done.stdout.strip()


def nll(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1].float()
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none").tolist()


def largest(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def same_nll(name, model, rows, ids):
    gaps = [largest(row["nll"], nll(model, i)) for row, i in zip(rows, ids, strict=True)]
    report(f"{name}: log-likelihood of every token", max(gaps) <= TOLERANCE, largest_difference=max(gaps), tokens=sum(map(len, ids)))


def same_greedy(name, model, folder, prompts, stops, tokens=64, runs=None):
    ours = interplay("sample", folder, "-in", "-", "-out", "-", "-temperature", 0, "-max-tokens", tokens, lines=[{"ids": i} for i in prompts], runs=runs)
    equal, gap, distinct = 0, 0.0, set()
    for prompt, row in zip(prompts, ours, strict=True):
        got = row["completions"][0]
        with torch.no_grad():
            out = model.generate(
                torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), max_new_tokens=tokens, do_sample=False,
                eos_token_id=stops, pad_token_id=1, return_dict_in_generate=True, output_logits=True,
            )
        want = out.sequences[0, len(prompt):].tolist()
        equal += got["ids"] == want
        distinct.update(want)
        if got["ids"] == want:
            logp = [torch.log_softmax(step[0].float(), -1)[i].item() for step, i in zip(out.logits, want)]
            gap = max(gap, largest(logp, got["logprobs"]))
    report(
        f"{name}: greedy completions", equal == len(prompts) and gap <= TOLERANCE, equal=equal, of=len(prompts),
        distinct_tokens=len(distinct), largest_logprob_difference=gap,
    )


def exported(folder, prompts, texts):
    """A model that this project exported."""
    name = "exported " + folder.name.removesuffix("-exported")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    rows = interplay("nll", folder, "-in", "-", "-out", "-", lines=[{"text": t} for t in texts])
    ids = [row["ids"] for row in rows]
    theirs = [tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
    report(f"{name}: token ids of PreTrainedTokenizerFast", theirs == ids, texts=len(texts), tied=model.config.tie_word_embeddings)
    auto = AutoTokenizer.from_pretrained(folder)
    theirs = [auto(t, add_special_tokens=False)["input_ids"] for t in texts]
    report(f"{name}: token ids of AutoTokenizer", theirs == ids, opened_as=type(auto).__name__)
    same_nll(name, model, rows, ids)
    stops = [i for i in (tokenizer.convert_tokens_to_ids(t) for t in ("[EOS]", "</answer>")) if i is not None]
    same_greedy(name, model, folder, prompts, stops)


def committed():
    """The model of word problems that comes with the project."""
    folder = pathlib.Path("notebooks/models/words")
    problems = json.loads((folder / "samples.json").read_text())
    prompts = interplay("nll", folder, "-in", "-", "-out", "-", lines=[{"text": p["prompt"]} for p in problems])
    exported(folder, [row["ids"] for row in prompts], [p["prompt"] + s["text"] for p in problems for s in p["solutions"]])


def imported(name, work, tokenizer_json, prompts, ids, tied, dtype, shard):
    """A model that transformers saved, read in place and through the run store."""
    torch.manual_seed(len(name))
    vocab = 1 + max(json.loads(tokenizer_json.read_text())["model"]["vocab"].values())
    config = Qwen2Config(
        vocab_size=vocab, hidden_size=64, intermediate_size=176, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=512, tie_word_embeddings=tied, initializer_range=0.12, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.add_(0.3 * torch.randn_like(p))
    model = model.to(dtype)
    folder = work / name.replace(" ", "-").replace(",", "")
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=shard)
    shutil.copy(tokenizer_json, folder)
    files = len(list(folder.glob("*.safetensors")))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    same_nll(f"{name} ({files} files), in place", model, interplay("nll", folder, "-in", "-", "-out", "-", lines=[{"ids": i} for i in ids]), ids)
    runs = work / "runs"
    stored = interplay("import", folder, runs=runs)
    same_nll(f"{name}, imported", model, interplay("nll", stored, "-in", "-", "-out", "-", lines=[{"ids": i} for i in ids], runs=runs), ids)
    same_greedy(name, model, folder, prompts, [3])
    again = work / "again"
    shutil.rmtree(again, ignore_errors=True)
    interplay("export", stored, again, runs=runs)
    back = AutoModelForCausalLM.from_pretrained(again, dtype=torch.float32)
    theirs, ours = model.state_dict(), back.state_dict()
    report(f"{name}, imported and exported again: the same weights", theirs.keys() == ours.keys() and all(torch.equal(theirs[k], ours[k]) for k in theirs), tensors=len(theirs))


def main():
    work = pathlib.Path(sys.argv[1])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    rows = [json.loads(line) for line in (work / "micro.prompts.jsonl").read_text().splitlines()][:16]
    prompts, texts = [r["ids"] for r in rows], [r["text"] for r in rows]
    prompts[1], prompts[2] = prompts[1][:9], prompts[2][:30]  # of different lengths
    for name in ("trained", "micro", "d128"):
        exported(work / f"{name}-exported", prompts, texts)
    committed()
    tokenizer_json = work / "trained-exported" / "tokenizer.json"
    ids = [row["ids"] for row in interplay("nll", work / "trained-exported", "-in", "-", "-out", "-", lines=[{"text": t} for t in texts])]
    imported("transformers, untied, bf16, sharded", work, tokenizer_json, prompts, ids, False, torch.bfloat16, "120KB")
    imported("transformers, tied, f32, one file", work, tokenizer_json, prompts, ids, True, torch.float32, "1GB")
    imported("transformers, tied, f16, sharded", work, tokenizer_json, prompts, ids, True, torch.float16, "120KB")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
