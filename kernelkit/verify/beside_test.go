package verify

import (
	"strings"
	"testing"
	"unicode"

	"interplay/kernelkit/verify/lex"
)

// gold is the right solution of zooForward up to its answer, 11.
const gold = bear + deer + wolf + fox

func TestWhatStandsBehindANumberIsRead(t *testing.T) {
	for name, marks := range map[string][]string{
		"powers":                   {"²", "³", "⁴", "^2", "**2", "^{2}", "ⁿ", "₂", "<sup>2</sup>", " ↑ 2", " squared", "!"},
		"fractions":                {"½", "⅓", " ½", "⁄4", " ⁄ 4", "∕4", "／4", " ÷ 4", " / 4", "/4", " over 4", " halves", " and a half", `\frac{1}{2}`, " ⅟2"},
		"digits of other scripts":  {"٤", "۴", "४", "๔", "４", "𝟒", "四", "Ⅳ", "④", "⑷", "𝟦"},
		"operators":                {" — 4", "—4", " ‒ 4", "‐4", " ‑ 4", " − 4", "–4", " + 4", " ＋4", "﹢4", " ⊕ 4", " ∓ 1", " ± 1", " × 4", "·4", " ∙ 4", " • 4", "＊4", "⁎4", "⨯4"},
		"commands of LaTeX":        {` \times 4`, `\times4`, ` \cdot 4`, ` \div 4`, ` \pm 1`, ` \neq 3`, `\%`, ` \bmod 4`, ` \text{or } 4`},
		"relations":                {" ≠ 11", " ≠ 3", " ≈ 4", " ~ 4", " < 4", " > 4", " ≤ 4", " ≥ 40", " ≡ 4", " ≢ 3", " ∝ 4", " ∈ 4", " <= 4", " != 11", " =/= 11", " <> 11", " := 4", " ﹦ 4", " ＝ 4", " ≔ 4", " → 4", " => 4", " ∨ 4", " & 4", " | 4"},
		"percent and remainders":   {"%", " %", "‰", " % 2", " mod 2", " percent", " per cent", "٪"},
		"units":                    {"°", "°C", "€", "k", "K", "kg", " kg", "M", "″", "′", "th", "rd", "º", "ª"},
		"scientific notation":      {"e1", "E1", "e+1", "E-1", " e 1", "x10", " x 10", " × 10^2", "·10²"},
		"ranges and alternatives":  {" or 4", " to 15", "..15", "...15", " . 4", " .4", "-15", "–15", " … 15", " ~ 15", "±1", "(4)", " (4)", "[4]", "{4}", ",4", ", 4", ";4", ":4", ": 4", " : 4", "|4"},
		"characters that join":     {"\u200b4", "\u200c4", "\u200d4", "\u20604", "\ufeff4", "\u00ad4", "\u034f4", "\u061c4", "\u200e4", "\u200f4", "\ufe0f4", "\u20624", "\u20644", "\U000e00204", "\u202a4", "\u20684\u2069"},
		"characters that turn":     {"\u202e4", " \u202e4", "\u20674\u2069", "\u202b4"},
		"combining characters":     {"\u0338", "\u20e3", "\ufe0f\u20e3", "\u0335", "\u0301", "\u20dd"},
		"groups and decimal marks": {",5", ",50", "٫5", "'000", "_000", " 000", "\u00a0000", "\u202f000", "·5", ".5", ".5.5", "’000"},
		"control characters":       {"\x004", "\x084", "\x7f4", "\x1b[4", "\ufffd", "\ufffd4", "\xff4"},
		"tags and comments":        {"<b>4</b>", " <b>4</b>", " <del>4</del>", "<sub>2</sub>", "<!-- 4 -->", " <!-- 4 -->", "<br/>4", "<frac>4</frac>", " <s>4</s>", "&times;4", "&#52;"},
		"words":                    {" plus 4", " plus four", " minus 4", " times 4", " times four", " divided by 4", " hundred", " thousand", " dozen", " 4", " four", " x 4", "x4", " point 4", " more than 4", " at most", " or so"},
	} {
		for _, mark := range marks {
			for place, text := range map[string]string{
				"a leaf":                  strings.Replace(gold, "b = 3.", "b = 3"+mark+".", 1) + end,
				"a step":                  strings.Replace(gold, "= 11.", "= 11"+mark+".", 1) + end,
				"a step before a word":    strings.Replace(gold, "= 11.", "= 11"+mark+" as it should be.", 1) + end,
				"an intermediate":         strings.Replace(gold, "= 7;", "= 7"+mark+";", 1) + end,
				"a parenthesis":           strings.Replace(gold, "= 11.", "= (11)"+mark+".", 1) + end,
				"a remark":                gold + "We see that f = 11" + mark + ". " + end,
				"an answer in its tag":    gold + "</solution> <answer> 11" + mark + " </answer>",
				"an answer in bold":       gold + "</solution> <answer> <b>11</b>" + mark + " </answer>",
				"an answer left open":     gold + "</solution> <answer> 11" + mark,
				"an answer by its label":  gold + "Answer: 11" + mark + ".",
				"an answer, label at end": gold + "Answer: 11" + mark,
				"an answer in words":      gold + "The answer is 11" + mark + ".",
			} {
				if place == "an answer in bold" && mark == ".5" {
					continue // two numbers, the second of which is no number of the judge
				}
				if v := Judge(zooForward(), text); v.Strict {
					t.Errorf("%s: %q behind %s is strict:\n%s", name, mark, place, text)
				}
			}
		}
	}
}

// Of all characters only those may stand behind a number that end or set off what it
// belongs to, and those that show nothing. Letters are tried up to U+3000.
func TestNoCharacterBehindANumberGoesUnread(t *testing.T) {
	const passed = ".,;:()$\"'`\\．，；：（）。‘’“”"
	for place, text := range map[string]string{
		"a step": strings.Replace(gold, "= 11.", "= 11#.", 1) + end,
		"a tag":  gold + "<answer> 11# </answer>",
	} {
		for r := rune(1); r <= unicode.MaxRune; r++ {
			if !unicode.In(r, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Cc, unicode.Cf) && !(unicode.IsLetter(r) && r < 0x3000) ||
				unicode.IsSpace(r) || lex.Said(string(r)) == "" || strings.ContainsRune(passed, r) {
				continue
			}
			if v := Judge(zooForward(), strings.Replace(text, "#", string(r), 1)); v.Strict {
				t.Errorf("%q behind %s is strict", r, place)
			}
		}
	}
}

func TestWhatStandsBeforeAnEquationIsRead(t *testing.T) {
	for _, mark := range []string{"√", "√ ", "∛", "¬", "¬ ", "~", "~~", "!", "½", "½ ", "² ", "2 ", "2", "(2) ", "(2)", "|", "#", "%", "% ", "∂", "∑ ", "∫", "≠ ", "< ", "± ", "٤ ",
		`\sqrt `, `\sqrt`, `\neg `, `\frac12 `, "twice ", "half of ", "half ", "not ", "never ", "the square root of ", "2 times ", "minus ", "minus the ", "b ", "d * ", "sqrt(", "<sup>", "4 ≠ ", "4 < ", "4 ≠", "{", "["} {
		for place, text := range map[string]string{
			"a definition":    strings.Replace(gold, "so f = ", "so "+mark+"f = ", 1) + end,
			"an intermediate": strings.Replace(gold, "; m = ", "; "+mark+"m = ", 1) + end,
			"a remark":        gold + "We see that " + mark + "f = 11. " + end,
		} {
			if v := Judge(zooForward(), text); v.Strict {
				t.Errorf("%q before %s is strict:\n%s", mark, place, text)
			}
		}
	}
}

func TestStatementsWithoutAnEqualsSignAreNotPassedOver(t *testing.T) {
	for _, remark := range []string{"Note: b ≠ 3.", "Note: b < 3.", "Note: b ≈ 4.", "Note: b ﹦ 4.", "Note: b ＝ 4.", "Note: b is 4.", "Note: b equals 4.", "Note: b ≡ 4.", "Note: b > d.", "Note: b % d.",
		"Note: b ∈ 4.", "Note: b ≠ -3.", "Note: b ≠ (3).", "b ≔ 4.", "Answer = 4.", "The answer is 4.", "So the answer is: 4.", "Answer: 4.", "answer : 4.", "It is 11².", "It is \\boxed{4}.", "It is {4}."} {
		if v := Judge(zooForward(), gold+remark+" "+end); v.Strict {
			t.Errorf("%q is passed over", remark)
		}
	}
	for _, header := range []string{"as b²;", "as b / 2;", "as b + 1;", "as √b;", "as 2b;", "as 2 b;", "as b 2;", "as b ≠ 3;", "as b!;", "as (b);", "as b (3);", `as \sqrt{b};`} {
		if v := Judge(zooForward(), strings.Replace(gold, "as b;", header, 1)+end); v.Strict {
			t.Errorf("the header %q is passed over", header)
		}
	}
}

func TestTheAnswerIsOneNumberBehindTheSteps(t *testing.T) {
	for _, text := range []string{
		gold + "<answer> 11 <answer> 4 </answer>", gold + "<answer> 11 <b>4</b> </answer>", gold + "<answer> 11<sup>2</sup> </answer>",
		gold + "<answer> 11 \n4", gold + "<answer> 11 \n= 4", gold + "<answer> 11, 4 </answer>", gold + "<answer> 4 11 </answer>",
		gold + "<answer> 11 </solution> 4 </answer>", gold + "<answer> 11 = 4 </answer>", gold + "<answer> not 11 </answer>",
		gold + "<answer> <del>11</del> 4 </answer>", gold + "<answer> <del>11</del> </answer>", gold + "<answer> \\boxed{4} 11 </answer>",
		gold + "<answer></answer> Answer: 4.", gold + "<answer> 11 or </answer>", gold + "<answer> 0,011 </answer>", gold + "<answer> 11,0 </answer>",
		gold + "Answer: 11. Answer: 4.", gold + "Answer: 11. Answer = 4.", gold + "Answer: 11: 4.", gold + "Answer: 11; 4.", gold + "Answer: 0,011.",
		gold + "Answer: 11. The answer is 4.", gold + "Answer: 4. </solution> <answer> 11 </answer>",
		"Answer: 11. " + gold, "Answer: 11. " + gold + "Answer: 11.", "Answer: 11. " + gold + end, "The answer is 11. " + gold + end,
		"<answer> 11 </answer> " + gold, "<answer> 11 </answer> " + gold + end, bear + deer + wolf + "Answer: 11. " + fox + end,
		gold + "<answer> 9 </answer> <solution> " + gold + end,
	} {
		if v := Judge(zooForward(), text); v.Strict {
			t.Errorf("strict: %s", strings.Replace(text, gold, "… ", 1))
		}
	}
	early := Judge(zooForward(), "Answer: 11. "+gold)
	if early.Class != LuckyAnswer || early.FirstWrong != 0 || !early.Answer {
		t.Errorf("an answer before the steps: %+v", early)
	}
}

func TestWhatAReaderPassesOverIsRight(t *testing.T) {
	for _, text := range []string{
		"The number goes between <answer> and </answer>. <solution> " + gold + end,
		"<think> the result goes into <answer> tags </think> <solution> " + gold + end,
		"<think> the result goes into <answer> tags </think> " + gold + end,
		"Write the steps in <solution> and </solution>, the number in <answer> and </answer>. <solution> " + gold + end,
		"First `<solution>`, then `<answer>` N `</answer>`. <solution>" + gold + end,
		"The answer goes behind Answer: as a number. " + gold + "Answer: 11.",
		gold + "The number goes into <answer> tags. " + end, gold + "</solution> <answer></answer> <answer> 11 </answer>",
		gold + "<answer><answer> 11 </answer></answer>", gold + "<answer> <b>11</b> </answer>", gold + "<answer>\r\n11\r\n</answer>\r\n",
		gold + "<answer> $11$ </answer>", gold + `<answer> \(11\) </answer>`, gold + "<answer> **11** </answer>", gold + "<answer> 11 </ans",
		gold + "<answer> 11\u200b </answer>", gold + "<answer>\u00a011\u00a0</answer>", gold + "<answer> \ufeff11 </answer>", gold + "<answer> \u206811\u2069 </answer>",
		gold + "<answer> １１ </answer>", gold + "<answer> ١١ </answer>", gold + "<answer> 𝟏𝟏 </answer>", gold + "<answer> 11 [PAD][PAD]",
		gold + "Answer: 11\u200b.", gold + "Answer: 11\u200e.", gold + "Answer：11。", gold + "Answer: 11, as it should be.", gold + "The answer is 11.", gold + "So the answer is: 11.", gold + "Answer = 11.",
		"\ufeff" + gold + end, strings.ReplaceAll(gold, " ", "\u00a0") + end, strings.ReplaceAll(gold, ". ", ".\r\n") + end, strings.ReplaceAll(gold, "e", "e\u00ad") + end,
		strings.ReplaceAll(gold, "3", "3\u200b") + end, strings.ReplaceAll(gold, "11.", "11\u200f.") + end, strings.ReplaceAll(gold, "*", "×") + end, strings.ReplaceAll(gold, "*", `\times`) + end,
		strings.ReplaceAll(gold, " - ", " — ") + end, strings.ReplaceAll(gold, "=", "＝") + end, strings.NewReplacer("3", "३", "4", "४", "7", "७", "11", "११", "14", "१४", "2", "२").Replace(gold) + end,
		strings.Replace(gold, "b = 3.", "b = 3 and that is all.", 1) + end, strings.Replace(gold, "b = 3.", "b = 3 bears.", 1) + end, strings.Replace(gold, "b = 3.", "b = 3, which the problem says.", 1) + end,
		strings.Replace(gold, "b = 3.", "b is 3.", 1) + end, strings.Replace(gold, "b = 3.", "b = 3 (given).", 1) + end, strings.Replace(gold, "b = 3.", `\(b = 3\).`, 1) + end, strings.Replace(gold, "b = 3.", "“b = 3”.", 1) + end,
		"Step 1: " + bear + "Step 2: " + deer + wolf + fox + end, "1. " + bear + "2. " + deer + wolf + fox + end, "- " + bear + "- " + deer + wolf + fox + end, "• " + bear + "🦊 " + deer + wolf + fox + end,
		gold + "There are 5% more than last year's, but that is another story. " + end,
	} {
		want := !strings.Contains(text, "5%")
		if v := Judge(zooForward(), text); v.Strict != want {
			t.Errorf("%q: %+v", strings.Replace(text, gold, "… ", 1), v)
		}
	}
}

func TestSymbolicMarksAreRead(t *testing.T) {
	p := specProblem(t)
	const first, second = "a1 a2 * 8 = 2 * 8 = a1 6 ; ", "a11 a1 + 1 = 6 + 1 = a11 7 ; "
	for _, text := range []string{first + second + "ans 7²", first + second + "ans 7 8", first + second + "ans 7 ; ans 8", first + second + "ans 7\u200b8", first + second + "ans ７", first + second + "ans 7 % 2",
		first + second + "ans 7 or 8", first + second + "ans 7<sup>2</sup>", "ans 7 ; " + first + second, "ans 7 ; " + first + second + "ans 7", "√" + first + second + "ans 7", "2 " + first + second + "ans 7",
		strings.Replace(first, "= a1", "≠ a1", 1) + second + "ans 7", strings.Replace(first, "a1 6", "a1 6²", 1) + second + "ans 7", strings.Replace(first, "*", "×", 1) + second + "ans 7"} {
		if v := Judge(p, text); v.Strict {
			t.Errorf("strict: %q", text)
		}
	}
	for _, text := range []string{first + second + "ans 7\u200b", "\ufeff" + first + second + "ans 7", strings.ReplaceAll(first+second+"ans 7", " ", "\u00a0"), strings.ReplaceAll(first+second+"ans 7", " ; ", "\r\n;\r\n"),
		strings.ReplaceAll(first+second+"ans 7", "a", "a\u00ad")} {
		if v := Judge(p, text); !v.Strict {
			t.Errorf("%q: %+v", text, v)
		}
	}
}
