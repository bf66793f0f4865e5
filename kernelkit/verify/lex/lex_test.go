package lex

import (
	"testing"
	"unicode"
)

// FuzzTokens: tokens lie in the text, in order, and are not empty.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{"Define a as b; so b = 3 + 4 = 7. ", "<answer> 3 </answer>", "((((((b", "**b** ** 2", "3,000,00 1.2.3 9e9", "=======", "\\times\\(3\\)", "<<b></b/><br/>", "\xff\u200b３"} {
		f.Add(text)
	}
	f.Add("**Define** Café_2 as K1; so K1 := $1,234.5 − ２*x ÷ (3·y)^2 <b> = “4”… 1.2.3 5,")
	f.Fuzz(func(t *testing.T, text string) {
		end := int32(0)
		for _, token := range Tokens(nil, text) {
			if token.Lo < end || token.Hi <= token.Lo || int(token.Hi) > len(text) {
				t.Fatalf("token %+v after byte %d of %d", token, end, len(text))
			}
			if token.Kind > Other {
				t.Fatalf("token %+v is no token", token)
			}
			if token.Kind == Numeral && token.Number.IsNegative() {
				t.Fatalf("number %+v", token)
			}
			end = token.Hi
		}
	})
}

func TestOtherCharactersMeanWhatTheyLookLike(t *testing.T) {
	const want = "3 + 4 - 5 * 6 / 2 = 7 ( 8 ) ; , . :"
	plain := Tokens(nil, want)
	for _, text := range []string{"３ ＋ ４ － ５ × ６ ÷ ２ ＝ ７ （ ８ ） ； ， 。 ：", "٣ ﹢ ٤ − ٥ ∙ ٦ ∕ ٢ ≔ ٧ ( ٨ ) ; , ． :", `𝟑 + 𝟒 — 𝟓 \times 𝟔 \div 𝟐 := 𝟕 \left( 𝟖 \right) ; , . :`} {
		tokens := Tokens(nil, text)
		if len(tokens) != len(plain) {
			t.Fatalf("%q: %d tokens, want %d", text, len(tokens), len(plain))
		}
		for i, token := range tokens {
			if token.Kind != plain[i].Kind || token.Number != plain[i].Number {
				t.Errorf("%q is read as %+v, want %+v", text[token.Lo:token.Hi], token, plain[i])
			}
		}
	}
}

func TestWhatShowsNothingIsNotSaid(t *testing.T) {
	for text, want := range map[string]string{
		"3\u200b4": "34", "\ufeff3": "3", "so\u00a0b": "so b", "ans\u00adwer": "answer", "\u20683\u2069": "3", "3\ufe0f": "3",
		"3\u202e4": "3\u202e4", "3\u20624": "3\u20624", "Rêves": "Rêves", "plain": "plain",
	} {
		if got := Said(text); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

func TestEveryScriptHasTenDigits(t *testing.T) {
	zeros := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsDigit(r) || digitValue(r) != 0 {
			continue
		}
		zeros++
		for d := range rune(10) {
			if !IsDigit(r+d) || digitValue(r+d) != int64(d) {
				t.Fatalf("%c, %d after %c, has the value %d", r+d, d, r, digitValue(r+d))
			}
		}
	}
	if zeros < 50 {
		t.Errorf("%d scripts", zeros)
	}
}
