"""Writes features.json: what Hugging Face's tokenizers makes of texts with tokenizers that
differ from bpe_gpt2.json in one feature each, and in random ones. kernelkit/vocab must give
the same ids.

    pip install tokenizers==0.23.3
    python make_features.py            # writes features.json beside itself

Made with Python 3.11.7 and tokenizers 0.23.3.
"""
import copy
import hashlib
import json
import pathlib
import random

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
BASE = json.loads((HERE / "bpe_gpt2.json").read_text())
FIRST = max(BASE["model"]["vocab"].values()) + 1  # the id of the first token that the model lacks
ENDING = r"|\s+(?!\S)|\s+"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+" + ENDING
EXPRESSIONS = {
    "qwen": [QWEN],
    "llama3": [QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")],
    "o200k": [r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
              r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+" + ENDING],
    "deepseek": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+""" + ENDING],
    "escaped": [r" ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"],
    "digits": [r"\d{2,}|\D\s"],
    "lazy": [r"a+?b|\S+?e|.{1,7}"],
    "classes": [r"[\d\s]+|[^a-m\s]+|\P{L}\p{M}"],
}
WORDS = ("the number of each adult wolf in Oakridge equals as so er and ll question naïve Zürich 日本語 Привет don't it's we'LL THE Ab aB sss "
         "\\s \\ss\\S \\sS ab aab xxy lol 12 1234 007 ٣٤ Ⅷ ½").split()
MARKS = list(".,;:?!=+-*/()<>'\"\\{}[]_^~|&#") + ["…", "é", "e\u0301", "😀", "\u00a0", "\u3000", "\u2028", "\t", "\n", "\r\n", "  ", "   ", " \n ", "\x0b", "\x85",
                                                   "\u200d", "\u0345", "ſ", "ﬃ", "İ", "\U00010d4a", "\u0897", "\U0001ccf0", "\ua7cb", "\u1100\u1161", "\u212b", "\u0958", "\u0327\u0301"]
TOKENS = ["[UNK]", "[EOS]", "<answer>", "</answer>", "<a", "<a>", "<a><a>", "the", "th", "he", " the", "  ", "e", "e\u0301", "\u212b", "number of", "\n", "\n\n", "日", "日本", "x y",
          "'s", "12", "1", "Q", "QQ", "<|im_end|>", "<|im|>", "\u00a0", "-", "--", "an", "and", "wolf", "naïve"]


def text(r):
    out = []
    for _ in range(r.randint(0, 20)):
        out.append(r.choice(r.choice([WORDS, WORDS, MARKS, TOKENS])))
        if r.random() < 0.5:
            out.append(" ")
    return "".join(out)


def added(contents, **flags):
    """The added tokens of the contents, with the ids that tokenizers gives them."""
    out, following = [], FIRST
    for c in contents:
        if c not in BASE["model"]["vocab"]:
            following += 1
        one = {name: flags.get(name, False) for name in ("single_word", "lstrip", "rstrip", "normalized", "special")}
        out.append({"id": BASE["model"]["vocab"].get(c, following - 1), "content": c, **one})
    return out


def byte_level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(expressions, prefix=False, regex=False):
    stages = [{"type": "Split", "pattern": {"Regex": e}, "behavior": "Isolated", "invert": False} for e in expressions]
    return {"type": "Sequence", "pretokenizers": stages + [byte_level(prefix, regex)]}


def template(*first):
    token = {t: {"id": t, "ids": [BASE["model"]["vocab"][t]], "tokens": [t]} for t in first}
    single = [{"SpecialToken": {"id": t, "type_id": 0}} for t in first] + [{"Sequence": {"id": "A", "type_id": 0}}]
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": token}


NFC = {"type": "NFC"}


def sequence(kind, *members):
    return {"type": "Sequence", kind: list(members)}


def named():
    """The features, each as the members of tokenizer.json that it replaces."""
    yield "plain", {}
    for name, expressions in EXPRESSIONS.items():
        yield "split " + name, {"pre_tokenizer": split(expressions)}
    yield "prefix blank", {"pre_tokenizer": byte_level(True, True)}
    yield "prefix blank, no expression", {"pre_tokenizer": byte_level(True, False)}
    yield "prefix blank for each piece of a split", {"pre_tokenizer": split(EXPRESSIONS["qwen"], True)}
    yield "split and the expression of ByteLevel", {"pre_tokenizer": split(EXPRESSIONS["digits"], True, True)}
    yield "NFC", {"normalizer": NFC}
    yield "no normalizers", {"normalizer": sequence("normalizers")}
    yield "NFC alone in a sequence", {"normalizer": sequence("normalizers", NFC)}
    yield "sequence in a sequence", {"normalizer": sequence("normalizers", sequence("normalizers", NFC), sequence("normalizers"))}
    yield "no added tokens", {"added_tokens": []}
    for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
        yield "added, " + flag, {"added_tokens": added(TOKENS, **{flag: True})}
    yield "added, normalized with NFC", {"added_tokens": added(TOKENS, normalized=True), "normalizer": NFC}
    yield "added, blanks on both sides", {"added_tokens": added(TOKENS, lstrip=True, rstrip=True)}
    yield "added, all flags", {"added_tokens": added(TOKENS, single_word=True, lstrip=True, rstrip=True, normalized=True), "normalizer": NFC}
    yield "template", {"post_processor": template("[BOS]")}
    yield "template of two", {"post_processor": template("[BOS]", "<question>")}
    yield "template after ByteLevel", {"post_processor": sequence("processors", byte_level(), template("[BOS]"))}
    yield "template without tokens", {"post_processor": template()}
    yield "no processors", {"post_processor": sequence("processors")}
    yield "merges as lines", {"model": {**BASE["model"], "merges": [" ".join(m) for m in BASE["model"]["merges"]]}}
    yield "merges backwards", {"model": {**BASE["model"], "merges": BASE["model"]["merges"][::-1]}}
    yield "ignore_merges", {"model": {**BASE["model"], "ignore_merges": True, "merges": BASE["model"]["merges"][::2]}}


def drawn(r):
    """A tokenizer of random features."""
    tokens = added(r.sample(TOKENS, r.randint(0, 12)))
    for t in tokens:
        for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
            t[flag] = r.random() < 0.25
    expressions = [r.choice([e for es in EXPRESSIONS.values() for e in es]) for _ in range(r.randint(0, 2))]
    return {"added_tokens": tokens, "normalizer": r.choice([None, NFC]), "pre_tokenizer": split(expressions, r.random() < 0.4, r.random() < 0.5),
            "post_processor": r.choice([None, template("[BOS]"), byte_level()])}


def main():
    r = random.Random(1)
    texts = [text(r) for _ in range(150)]
    cases = []
    for name, changes in [*named(), *((f"random {i}", drawn(r)) for i in range(40))]:
        t = Tokenizer.from_str(json.dumps({**copy.deepcopy(BASE), **changes}))
        ids = []
        for x in texts:
            try:
                ids.append(t.encode(x).ids)
            except BaseException as e:  # a text that tokenizers itself fails on is left out
                if "bad split" not in str(e):
                    raise
                ids.append(None)
        if "model" in changes:  # only what differs, to keep the file small
            changes = {"model": {k: v for k, v in changes["model"].items() if k != "vocab"}}
        digest = hashlib.sha256("".join(f"{i} {' '.join(map(str, x))}\n" for i, x in enumerate(ids) if x is not None).encode()).hexdigest()
        cases.append({"name": name, "changes": changes, "left_out": [i for i, x in enumerate(ids) if x is None], "first_ids": ids[:8], "ids_sha256": digest})
    (HERE / "features.json").write_text(json.dumps({"texts": texts, "cases": cases}, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{len(cases)} tokenizers, {len(texts)} texts")


main()
