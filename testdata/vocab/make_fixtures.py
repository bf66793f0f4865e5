"""Writes the fixtures that kernelkit/vocab is compared with: byte-level BPE tokenizers
with different pre-tokenizers, trained here on a small made-up corpus, and the ids that
Hugging Face's tokenizers gives for texts full of odd blanks, letters and marks.

    pip install tokenizers==0.22.1
    python make_fixtures.py            # writes bpe_*.json and bpe_ids.json beside itself
    python make_fixtures.py check GO   # GO = JSON lines {"tokenizer", "text", "ids"} to compare

Made with Python 3.11.7 and tokenizers 0.22.1.
"""
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
SPECIAL = ["[UNK]", "[PAD]", "[BOS]", "[EOS]", "<question>", "</question>", "<solution>", "</solution>", "<answer>", "</answer>"]
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# A doubly escaped expression: its class holds the letters s, p, L and N, as in the paper's tokenizer.
ESCAPED = r" ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

WORDS = ("the number of each adult wolf in Oakridge Riverside Middle School equals times sum difference "
         "define as so what is how many total L N p s S x question answer naïve Zürich 日本語 Привет don't it's we'LL").split()
MARKS = list(".,;:?!=+-*/()<>'\"\\") + ["…", "é", "e\u0301", "😀", "\u00a0", "\u3000", "\u2028", "\t", "\n", "\r\n", "  ", "   ", " \n ", "\x0b", "\x85"]


def text(r):
    out = []
    for _ in range(r.randint(1, 24)):
        kind = r.random()
        if kind < 0.5:
            out.append(r.choice(WORDS))
        elif kind < 0.65:
            out.append(str(r.randint(0, 10 ** r.randint(1, 4))))
        elif kind < 0.9:
            out.append(r.choice(MARKS))
        else:
            out.append(r.choice(SPECIAL))
        if r.random() < 0.7:
            out.append(" ")
    return "".join(out)


def train(split, normalizer=None, ignore_merges=False):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if split is None:
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    if normalizer:
        t.normalizer = normalizer
    t.decoder = decoders.ByteLevel()
    special = [AddedToken(s, special=True, normalized=False) for s in SPECIAL]
    r = random.Random(1)
    t.train_from_iterator((text(r) for _ in range(3000)), trainers.BpeTrainer(vocab_size=460, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t


def check(path):
    tokenizers, wrong, count = {}, 0, 0
    for line in open(path):
        row = json.loads(line)
        name = row["tokenizer"]
        t = tokenizers.setdefault(name, Tokenizer.from_file(name))
        count += 1
        got = t.encode(row["text"], add_special_tokens=False).ids
        if got != row["ids"]:
            wrong += 1
            print("differs:", name, repr(row["text"]), got, row["ids"])
    print(f"{count} texts, {wrong} differ")
    sys.exit(wrong > 0)


def main():
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2])
    kinds = {"gpt2": train(None), "qwen": train(QWEN, normalizers.NFC()), "escaped": train(ESCAPED), "ignore_merges": train(QWEN, ignore_merges=True)}
    r = random.Random(2)
    texts = [text(r) for _ in range(250)]
    for name, t in kinds.items():
        t.save(str(HERE / f"bpe_{name}.json"), pretty=False)
    rows = {name: [t.encode(x, add_special_tokens=False).ids for x in texts] for name, t in kinds.items()}
    (HERE / "bpe_ids.json").write_text(json.dumps({"texts": texts, "ids": rows}, ensure_ascii=True, separators=(",", ":")) + "\n")


main()
