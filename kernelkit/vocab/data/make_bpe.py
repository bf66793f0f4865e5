"""Trains the byte-level BPE of the paper's size on this project's own corpus and writes
bpe.json beside itself.

    pip install tokenizers==0.22.1
    make setup
    python kernelkit/vocab/data/make_bpe.py .bin/interplay        # compares with bpe.json, or writes it with -write
    python kernelkit/vocab/data/make_bpe.py .bin/interplay -ids   # writes bpe_ids.json: what tokenizers makes of held-out problems

It takes 7 minutes of one processor. The corpus is a function of the commands below, and the trainer breaks ties by token id:
the file comes out the same, byte for byte. Made with Python 3.11 and tokenizers 0.22.1.

The recipe is the authors' (spec generator section 10): all 256 bytes, no merge seen less than
twice, no token longer than 100, ids 0 to 9 for the special tokens, GPT-2's split behind a
first one. That first split is what a doubly escaped expression of theirs does: it isolates
each of the characters s p L N { } \\ and cuts before - _ ^ ( ) { } where a piece starts, so that
no token holds an s or a p beside another letter. -split plain leaves it out.

It is the rule in kind, not the authors' tokenizer: on their published forward problems of
op 2, 10 and 20 it gives 216, 327 and 621 tokens, where theirs gives about 300, 484 and 846.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
SPECIAL = ["[UNK]", "[PAD]", "[BOS]", "[EOS]", "<question>", "</question>", "<solution>", "</solution>", "<answer>", "</answer>"]
PAPER_SPLIT = r"[-_^(){}]|[^sp{L}N\\]+|[sp{L}N\\]"
VOCABULARY = 2200  # at most, as the paper's model configuration says; here merges run out at 1,820, as theirs did at 2,196

# All contexts, both modes and both depths: every name that a problem can hold.
CORPUS = [
    ["-d", "2", "-op", "2-20", "-context", "zoo,school,movie", "-mode", "both", "-split", "train", "-seed", "1", "-count", "250000"],
    ["-d", "3", "-op", "2-20", "-context", "zoo,school,movie", "-mode", "both", "-split", "train", "-seed", "1", "-count", "250000"],
]


def training_text(row):
    """What gsm.Problem.Training gives."""
    solution, _, tail = row["solution"].rpartition("Answer:")
    answer = tail.strip().removesuffix(".") if solution else row["answer"]
    body = solution if solution else row["solution"]
    return f"<question> {row['problem'].strip()} {row['question'].strip()} </question> <solution> {body.strip()} </solution> <answer> {answer} </answer>"


def corpus(interplay):
    with tempfile.TemporaryDirectory() as folder:
        for i, flags in enumerate(CORPUS):
            out = pathlib.Path(folder) / f"corpus{i}.jsonl"
            subprocess.run([interplay, "generate", *flags, "-out", str(out)], check=True, stdout=subprocess.DEVNULL)
            with out.open() as lines:
                for line in lines:
                    yield training_text(json.loads(line))


CHECK_SPEC = {"family": "realistic", "layers": 2, "unit": "samples", "reverse": 0.5,
              "mix": [{"ops": "2-20", "contexts": ["zoo", "school", "movie"], "share": 1}]}


def write_ids(interplay):
    """Digests of 1,000 held-out texts and of their ids, for the Go test to compare with its own."""
    t = Tokenizer.from_file(str(HERE / "bpe.json"))
    with tempfile.TemporaryDirectory() as folder:
        spec, out = pathlib.Path(folder) / "spec.json", pathlib.Path(folder) / "held.jsonl"
        spec.write_text(json.dumps(CHECK_SPEC))
        subprocess.run([interplay, "generate", "-spec", str(spec), "-split", "test", "-seed", "1", "-count", "1000", "-out", str(out)], check=True, stdout=subprocess.DEVNULL)
        texts = [training_text(json.loads(line)) for line in out.open()]
    ids = [t.encode(x, add_special_tokens=False).ids for x in texts]

    def digest(lines):
        return hashlib.sha256("".join(x + "\n" for x in lines).encode()).hexdigest()

    (HERE / "bpe_ids.json").write_text(json.dumps({
        "spec": CHECK_SPEC, "split": "test", "seed": 1, "texts": len(texts), "tokens": sum(map(len, ids)),
        "text_sha256": digest(texts), "ids_sha256": digest(" ".join(map(str, x)) for x in ids),
        "first_ids": ids[0]}, separators=(",", ":")) + "\n")


def train(texts, split):
    t = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if split == "paper":
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PAPER_SPLIT), "isolated"), byte_level])
    else:
        t.pre_tokenizer = byte_level
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, min_frequency=2, max_token_length=100, show_progress=False,
        special_tokens=[AddedToken(s, special=True, normalized=False) for s in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def main():
    args = argparse.ArgumentParser()
    args.add_argument("interplay", help="the built command")
    args.add_argument("-split", choices=["paper", "plain"], default="paper")
    args.add_argument("-out", type=pathlib.Path, default=HERE / "bpe.json")
    args.add_argument("-write", action="store_true")
    args.add_argument("-ids", action="store_true")
    a = args.parse_args()
    if a.ids:
        write_ids(a.interplay)
        return
    t = train(corpus(a.interplay), a.split)
    text = t.to_str(pretty=False) + "\n"
    merges = len(json.loads(text)["model"]["merges"])
    print(f"{t.get_vocab_size()} tokens, {merges} merges, {len(text)} bytes")
    if a.write:
        a.out.write_text(text)
    elif a.out.read_text() != text:
        sys.exit(f"{a.out} is another tokenizer than these commands give")


main()
