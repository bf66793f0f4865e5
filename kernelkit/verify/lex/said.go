package lex

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Said is what a reader of text sees: characters that show nothing are dropped,
// and blanks of every kind are plain ones, so that "3\u200b4" is 34 and a byte-order
// mark behind a number is nothing. Marks that change the order in which the rest is
// read stay, and so do invisible operators: the judge knows neither.
func Said(text string) string {
	i := 0
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	if i == len(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case unicode.Is(invisible, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
}

// invisible are the characters that show nothing and join or order nothing either:
// the default ignorable code points of Unicode without the right-to-left embedding,
// override and isolate (U+202B, U+202E, U+2067) and without the invisible operators
// (U+2061 to U+2064).
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00AD, Hi: 0x00AD, Stride: 1}, {Lo: 0x034F, Hi: 0x034F, Stride: 1}, // soft hyphen, combining joiner
		{Lo: 0x061C, Hi: 0x061C, Stride: 1}, {Lo: 0x115F, Hi: 0x1160, Stride: 1}, // Arabic letter mark, Hangul fillers
		{Lo: 0x17B4, Hi: 0x17B5, Stride: 1}, {Lo: 0x180B, Hi: 0x180F, Stride: 1}, // Khmer vowels, Mongolian selectors
		{Lo: 0x200B, Hi: 0x200F, Stride: 1}, {Lo: 0x202A, Hi: 0x202A, Stride: 1}, // zero-width blank, joiners, direction marks
		{Lo: 0x202C, Hi: 0x202D, Stride: 1}, {Lo: 0x2060, Hi: 0x2060, Stride: 1}, // end of an embedding, word joiner
		{Lo: 0x2066, Hi: 0x2066, Stride: 1}, {Lo: 0x2068, Hi: 0x206F, Stride: 1}, // isolates and their end
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xFE00, Hi: 0xFE0F, Stride: 1}, // Hangul filler, variation selectors
		{Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1}, {Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1}, // byte-order mark, Hangul filler
	},
	R32: []unicode.Range32{
		{Lo: 0x1BCA0, Hi: 0x1BCA3, Stride: 1}, {Lo: 0x1D173, Hi: 0x1D17A, Stride: 1}, // of shorthand and music
		{Lo: 0xE0000, Hi: 0xE0FFF, Stride: 1}, // tags, more variation selectors
	},
	LatinOffset: 1,
}
