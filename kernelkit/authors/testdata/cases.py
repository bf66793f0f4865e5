"""Writes cases.jsonl: texts at the edges of the authors' rules, with what
their parser and answer extractions make of them, in the layout of the conformance
corpus parser_cases.jsonl.

    python3 cases.py CHECKOUT > cases.jsonl

CHECKOUT holds github.com/Interplay-LM-Reasoning/Interplay-LM-Reasoning at
c6676bcc, of which utils/solution_dependency_graph.py, verl/reward_fn.py and
verl/dataset.py are used. The committed file was made with Python 3.11.7 (Unicode 14)
from a transcription of those functions that agrees with the conformance corpora on
every record. Expected results depend on the Python version where Unicode does.
"""
import ast
import json
import math
import random
import re
import sys
import warnings

sys.path.insert(0, sys.argv[1])
from utils.solution_dependency_graph import SolutionParser  # noqa: E402
from verl.reward_fn import extract_answer  # noqa: E402

warnings.simplefilter("ignore")


def function(path, name):
    """One function of a module whose imports are not at hand."""
    tree = ast.parse(open(path, encoding="utf-8").read())
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    scope = {"re": re}
    exec(compile(tree, path, "exec"), scope)
    return scope[name]


flexible = function(sys.argv[1] + "/verl/dataset.py", "extract_answer_flexible")

HEADERS = [
    # the shortest name wins; swallowed headers; where words before the letter begin
    "Define  as K; so K = 1.", "Define  as K; so K = 1. Define dog as B; so B = 2.", "Define as K; so K = 1. Define dog as B; so B = 2.",
    "Define as a K; so K = 1.", "Define a as as a K; so K = 1.", "Define cat as big as a K; so K = 1.", "Define cat a a a K; K = 1.",
    "Define cat as K ; K = 1.", "Define cat as K\n; K = 1. Define d as B; B = 2.", "Define cat as 1 K; K = 1. Define d as B; B = 2.",
    "Define cat as the-variable K; K = 1. Define d as B; B = 2.", "Define cat as K;Define dog as B;B=2.", "Definecat as K; K=1. Define d as B; B=2.",
    "predefine cat as K; K = 1.", "DefineDefine cat as K; K = 1.", "Define Define cat as K; K = 1.", "Define cat Define as K; K = 1.",
    "Define x Define\tcat as K; K = 1.", "Define xDefine cat as K; K = 1.", "Define éDefine cat as K; K = 1.", "Define _Define cat as K; K = 1.",
    "Define 9Define cat as K; K = 1.", "Define \u0301Define cat as K; K = 1.", "Define ²Define cat as K; K = 1.", "Define .Define  cat. as K; K = 1.",
    "Define a\ufffdb as K; K = 1.", "Define \ufffd as K; K = 1.", "Define a \ufffd b as K; K = 1.", "Define Define \ufffd cat as K; K = 1.",
    "Define ;.cat.; as K; K = 1.", "Define a\u00a0b\u3000c as K; K = 1.", "Define a\u200bb as K; K = 1.", "Define a\x1cb\x85c as K; K = 1.",
    "Defıne cat as K; K = 1.", "Defİne cat as K; K = 1.", "DEFİNE cat AS K; K = 1.", "Define cat aſ ſ; it has 3. Define d as B; B = 4.",
    "Define cat as İ; so İ = 3; x = 4.", "Define cat as ı; 7. Define dog as ı; none.", "Define cat as \u212a; K = 3; it has 9.", "Define cat as é; 1. Define d as B; B = 2.",
    "Define aſ aſ aſ K; K = 1.", "Define x ss as K; K = 1.", "Define x as s; s = 1. Define y as a; a = s.", "Define   ", "Define", "Define a", "Define a as", "Define a as K",
    "Define\u3000cat\u3000as\u3000K; K = 1.", "Define cat\x00as K; K = 1. Define cat as B; B = 1.",
]
BODIES = [
    "total = 3", "so K=3=4", "K = 3 = ", "K == 3", "K = = 3", "K =", "K = ;4", "K =  ;4", "K = 4.5", "K = 1.2.3", "it is 1.2.3 of 4.", "it is 1.2.3.4", "it is 1.2.-3.5",
    "it is -3", "it is - 3", "it is +3 or", "3-4", "3--4", "nothing", "K = x", "K = 2*x", "K = x - 6", "K = x + 12", "K = 12 x", "K = K + 1", "K = 3; K = K + 1; K = K * K",
    "K = 3; L = K = 4; K = L", "é= 3; K = 2", "K\u00a0=\u30003", "K = 3\n+ 4", "K = (3\n+ 4)", "K = (3\r+\t4)", "K = 1\x0b+2", "K = 1\x0c+2", "K = 1\u00a0+2", "K = 07", "K = 00", "K = 0 0",
    "K = (0)07", "K = 1_0", "K = 2(3)", "K = ()", "K = ()*2", "K = (2", "K = 2)", "K = +-+2", "K = 2**3**2", "K = -2**2", "K = 2**-1", "K = 2**-2**2", "K = (0-8)**(1/3)", "K = 2**(1/2)",
    "K = 10**(1/3)", "K = 7**(0-1/7)", "K = 0**0", "K = 0**-1", "K = 10**400", "K = 10**400//10**399", "K = 10**400/10**399", "K = 10**400/3", "K = 10**308*10", "K = 10**30", "K = 1/3", "K = 2/3 = 7",
    "K = 7//2", "K = -7//2", "K = 7//-2", "K = 1/0", "K = 1//0", "K = 3***2", "K = 3* *2", "K = 3//", "K = *3", "K = 3 4", "K = 9007199254740993", "K = 9007199254740993/3",
    "K = 123456789012345678901234567890", "K = 1/7*7", "K = 3/2//1", "K = 10**16; L = 0; L = K", "K = 1/16384; M = K; M = K + 1", "L = 0 - 3; K = L**2", "L = 0 - 3; K = 2**L", "L = 0 - 3; K = 4 L",
    "L = 0 - 3; K = (4)L", "L = 0*(0-1)/1; K = L; K = 5 - L", "L = 7/2; K = L//1", "L = 7/2; K = 9//L", "L = 1/10; K = 3/2//L", "L = 1/3; K = L*3", "L = 2; K = LL", "L = 2; K = L2", "L = 2; K = L_", "L = 2; K = éL",
    "L = 2; K = L\u0301", "L = 2; K = (L)", "L = 9" + "9" * 400 + "; K = 1", "K = " + "9" * 400, "K = " + "(" * 200 + "7" + ")" * 200, "K = " + "(" * 201 + "7" + ")" * 201, "K = " + "1+" * 50 + "1",
    "K = １２", "K = ٣ + 1", "K = 𝟗.５", "it has ۳٫۵", "K = ½", "K = ²", "K = −5", "K = 5 × 2", "K < 3 > 2; K", "Answer: 3; K = 4", "answer: 3; K = 4", "K = 3 Answer: 9", "AnsweR: 3; K = 4",
]
ANSWERS = [
    "<answer>7</answer>", "<answer> -7.50 </answer>", "<answer>- 3</answer>", "<answer>.5</answer>", "<answer>5.</answer>", "<answer>1,234</answer>", "<answer>8 / 2</answer>", "<answer>12abc</answer>",
    "<answer></answer> Answer: 4", "<answer> </answer><answer>5</answer>", "<answer>x</answer> <answer>5</answer>", "<answer>x <answer>5", "<answer>5\n6", "<answer>\n5\n6", "<answer>5<b>", "</answer>5<answer>6",
    "<ANSWER>7</Answer>", "<anſwer>7</anſwer>", "<anſwer>7", "<answer>7</anſwer> 8", "<answer >7</answer>", "< answer>7", "<answer>\u30007\u00a0</answer>", "İ<answer>7", "İİ<answer>78", "İ<answer>7</answer>", "<answer>7 İ<answer>89",
    "İ" * 9 + "<answer>7", "Answer: 7.", "Answer:7", "Answer: x Answer: 8", "Answer: x answer: 8", "answer: 8 <b> 9", "ANSWER:\n\n 8 9\n7", "Anſwer: 8", "xanswer:8", "Answer : 8", "Answer:", "Answer:<b>", "Answer: ٣.", "Answer: 1e3",
    "Answer: +7", "Answer:\u00a07\u2028", "Answer: 7 \n<answer>9", "<answer>9 Answer: 7", "<answer>x</answer> Answer: 7", "<>Answer: 7<>", "<<answer>7</answer>>", "<answer", "Answer: 9" + "9" * 400, "<answer>0007</answer>",
    "Answer: 1.2.3", "Answer: 1.\n2", "<answer>7</answer", "answer:\r8\r9", "answer: 8\u2028 9",
]
PIECES = ["Define ", "define", "Define", " as ", " a ", "as", "A;", "K; ", " K;", ";", ". ", ".", "=", " = ", "K = ", "so A = ", " ", "  ", "\n", "cat", "x", "A", "7", "12", "-3", "+", " * ", "**2", "/", "(", ")", "１", "ſ", "İ",
          "é", "\ufffd", "\u3000", "<", ">", "<b>", "<answer>", "</answer>", "Answer: ", "answer:", "total number of pets in Rome", " and then "]


def texts():
    for text in HEADERS:
        yield text
    for body in BODIES:
        yield "Define p as P; so P = 5. Define k as K; %s. Define q as Q; so Q = K + P." % body
        yield "Define x as K; " + body + "; "
    for text in ANSWERS:
        yield text
        yield "Define k as K; so K = 3. " + text
    rng = random.Random(20251207)
    for _ in range(350):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randint(3, 40)))


def number(v):
    return v if v is None or math.isfinite(v) else str(v)


def case(text):
    parser = SolutionParser()
    parsed = parser.parse(text)
    try:
        parser.build_graph(parsed).topological_order()
        acyclic = True
    except ValueError:
        acyclic = False
    return {
        "preamble": parsed.preamble,
        "steps": [{"name": s.parameter_name, "variable": s.variable, "value": number(s.value),
                   "dependencies": sorted(s.dependencies)} for s in parsed.steps],
        "answer": number(parsed.answer), "topological_order_exists": acyclic,
        "extract_answer": extract_answer(text), "extract_answer_flexible": flexible(text),
    }


for i, text in enumerate(texts()):
    if text.count("**") > 2:
        continue  # towers of powers: Python would compute them for ever
    print(json.dumps({"id": "case-%03d" % i, "text": text, "expected": case(text)}, ensure_ascii=False))
