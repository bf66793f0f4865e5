package plots

import (
	"math"
	"strings"
	"testing"
)

func TestTokensOfASolution(t *testing.T) {
	data := TokensData{Title: "What the model wrote, token by token", Notes: []string{"Below each token: its chance in per cent, and the entropy in nats."}}
	for _, w := range strings.Fields("a11 a1 + 1 . a1 a2 * 8 . a2 2 . ? a11 :") {
		data.Tokens = append(data.Tokens, Token{Text: w, Role: Given, Value: math.NaN()})
	}
	for i, w := range strings.Fields("a1 a2 * 8 = 2 * 8 = a1 6 ; a11 a1 + 1 = 6 + 1 = a11 7 ; ans 7 [EOS]") {
		data.Tokens = append(data.Tokens, Token{Text: w, Role: Shaded, Value: 1 - float64(i%7)/7, Detail: "0.12", Break: i == 0})
	}
	got, err := Tokens(data)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "tokens", got)
	for i := range data.Tokens {
		data.Tokens[i].Role = []TokenRole{RightStep, WrongStep, NeedlessOne, Given}[i/9%4]
		data.Tokens[i].Detail, data.Tokens[i].Value = "", math.NaN()
	}
	if got, err = Tokens(data); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "tokens_steps", got)
}

func TestAttentionOfTokens(t *testing.T) {
	keys := strings.Fields("a11 a1 + 1 . a1 a2 * 8 . a2 2 . ? a11 : a1 a2 * 8 =")
	data := AttentionData{Title: "Attention of layer 2, head 1", Keys: keys, Queries: keys[16:]}
	for i := range data.Queries {
		row := make([]float64, len(keys))
		row[(i*3)%len(keys)], row[i] = 0.7, 0.3
		data.Weights = append(data.Weights, row)
	}
	got, err := Attention(data)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "attention", got)
	data.Weights[1] = data.Weights[1][1:]
	if _, err := Attention(data); err == nil {
		t.Error("a row with a weight too few is drawn")
	}
}

// A map of many tokens with long names keeps its names apart: they are no higher than a cell, and the map has most of the room.
func TestNamesOfManyTokensStayApart(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, map[bool]string{true: ". Define total number of adult animals in", false: "4"}[i%9 == 0])
	}
	short := shortened(names)
	if short[0] != ". Define … imals in" || short[1] != "4" {
		t.Errorf("the names are %q and %q", short[0], short[1])
	}
	style, cell, left := attentionCells(short, len(short))
	if style.Font.Size > cell || cell*100 < (figureWidth-2*margin)*2/3 || left+6+cell*100 > figureWidth-2*margin+0.1 {
		t.Errorf("letters of %.1f in cells of %.1f beside names of %.0f, in a figure of %.0f", style.Font.Size, cell, left, figureWidth)
	}
}
