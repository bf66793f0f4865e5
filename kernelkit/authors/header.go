package authors

import "strings"

// A step header is, in the authors' words (case ignored, "." matches line breaks),
//
//	Define\s+(.*?)\s+(?:as|a)\s+(?:[A-Za-z]+\s+)*([A-Za-z]);
//
// matched from left to right without overlap. Tried by backtracking this takes
// cubic time. Here it is linear, because of three facts:
//
//   - What follows the name, call it the ending, is anchored by its ";": the words
//     before it form one chain, read backwards, and chains do not overlap.
//   - The name is the shortest one, so a header ends with the first ending after
//     its "Define". A header without one means that no later header has one.
//   - The white space after "Define" is only given back, and the name empty, where
//     nothing else matches: then that header is the last.
type header struct {
	start, end         int // of the whole header
	nameStart, nameEnd int
	variable           int  // start of the letter; it ends before the ";", the last byte
	plain              bool // the name needs no repair
}

// headerScanner finds headers. All its positions only move forward.
type headerScanner struct {
	s              string
	semicolon      int // every ";" before it has been looked at
	lowerF, upperF int // next "f" and "F" not yet looked at, −1 when there is none
}

// findHeaders appends the headers of s to found.
func findHeaders(s string, found []header) []header {
	h := headerScanner{s: s}
	h.lowerF, h.upperF = strings.IndexByte(s, 'f'), strings.IndexByte(s, 'F')
	for at := 0; ; {
		start, after := h.define(at)
		if start < 0 {
			return found
		}
		name := pySkipSpace(s, after)
		if name == after {
			at = start + 1
			continue
		}
		e, plain := plainEnding(s, name)
		ok := plain
		if plain {
			h.semicolon = e.end
		} else {
			e, ok = h.ending(name)
		}
		if ok {
			found = append(found, header{start, e.end, name, e.start, e.letter, plain})
			at = e.end
			continue
		}
		if first := pySpaceAt(s, after); after+first < name {
			if end, letter := endingAt(s, name); end > 0 {
				found = append(found, header{start, end, name, name, letter, false})
			}
		}
		return found
	}
}

// define returns the first "Define" at or after from, and its end; −1 where there is none.
// It looks for the "f", which is rarer than the other letters.
func (h *headerScanner) define(from int) (start, end int) {
	for {
		f := h.lowerF
		if f < 0 || h.upperF >= 0 && h.upperF < f {
			f = h.upperF
		}
		if f < 0 {
			return -1, -1
		}
		if f == h.lowerF {
			h.lowerF = indexByteFrom(h.s, 'f', f+1)
		} else {
			h.upperF = indexByteFrom(h.s, 'F', f+1)
		}
		if f-2 >= from && h.s[f-1]|0x20 == 'e' && h.s[f-2]|0x20 == 'd' {
			if n := pyFoldPrefix(h.s[f-2:], "define"); n > 0 {
				return f - 2, f - 2 + n
			}
		}
	}
}

func indexByteFrom(s string, c byte, from int) int {
	if k := strings.IndexByte(s[from:], c); k >= 0 {
		return from + k
	}
	return -1
}

// ending is what follows a name: white space, "as" or "a", words, one letter, ";".
type ending struct {
	start, letter, end int
}

// plainEnding is the short way for what nearly all headers are: a name of words
// with single blanks between, then " as " or " a ", a letter and ";" directly. It
// gives up at anything else, such as an "a" that belongs to the name.
func plainEnding(s string, name int) (ending, bool) {
	for i := name; i < len(s); i++ {
		switch nameClass[s[i]] {
		case 0:
		case nameBlank:
			if i+2 >= len(s) || s[i+1] == ' ' {
				return ending{}, false
			}
			if s[i+1]|0x20 != 'a' {
				continue
			}
			at := i + 2
			if s[at]|0x20 == 's' {
				at++
			}
			if at < len(s) && letterIndex[s[at]] != noLetter {
				continue // another word
			}
			if at+2 < len(s) && s[at] == ' ' && letterIndex[s[at+1]] != noLetter && s[at+2] == ';' {
				return ending{i, at + 1, at + 3}, true
			}
			return ending{}, false
		case nameF:
			if i > name && s[i-1]|0x20 == 'e' {
				return ending{}, false
			}
		default:
			return ending{}, false
		}
	}
	return ending{}, false
}

// ending returns the first ending that starts after the beginning of a name.
func (h *headerScanner) ending(name int) (ending, bool) {
	for at := max(h.semicolon, name); ; {
		k := strings.IndexByte(h.s[at:], ';')
		if k < 0 {
			h.semicolon = len(h.s)
			return ending{}, false
		}
		at += k + 1
		h.semicolon = at
		n := pyLetterBefore(h.s, at-1)
		if n == 0 {
			continue
		}
		letter := at - 1 - n
		if start := chainStart(h.s, name, letter); start > 0 {
			return ending{start, letter, at}, true
		}
	}
}

// chainStart walks back over the words before an ending's letter and returns
// where the leftmost ending starts: the white space before the first "as" or "a".
// It returns 0 where there is none after name.
func chainStart(s string, name, letter int) int {
	start := 0
	for at := letter; ; {
		end := spaceRunStart(s, at)
		if end == at || end <= name {
			return start
		}
		word := wordStart(s, end)
		if word == end || word <= name {
			return start
		}
		at = word
		if isAs(s[word:end]) {
			if run := spaceRunStart(s, word); run < word {
				start = run
			}
		}
	}
}

// wordStart returns the start of the run of letters that ends at i.
func wordStart(s string, i int) int {
	for {
		for i > 0 && letterIndex[s[i-1]] != noLetter {
			i--
		}
		n := 0
		if i > 0 && s[i-1] >= 0x80 {
			n = pyLetterBefore(s, i)
		}
		if n == 0 {
			return i
		}
		i -= n
	}
}

// spaceRunStart is pySkipSpaceBack with a short way for one blank.
func spaceRunStart(s string, i int) int {
	if i >= 2 && s[i-1] == ' ' && letterIndex[s[i-2]] != noLetter {
		return i - 1
	}
	return pySkipSpaceBack(s, i)
}

// isAs reports whether a word is "as" or "a" in the case-insensitive sense.
func isAs(word string) bool {
	if len(word) == 0 || len(word) > 3 || word[0]|0x20 != 'a' {
		return false
	}
	return len(word) == 1 || pyFoldPrefix(word, "as") == len(word)
}

// endingAt returns the end of an ending whose "as" or "a" stands at i, and the start of its letter; 0 where there is none.
func endingAt(s string, i int) (end, letter int) {
	word := wordEnd(s, i)
	if !isAs(s[i:word]) {
		return 0, 0
	}
	for {
		next := pySkipSpace(s, word)
		if next == word {
			return 0, 0
		}
		word = wordEnd(s, next)
		if word == next {
			return 0, 0
		}
		if word < len(s) && s[word] == ';' {
			if pyLetterAt(s, next) == word-next {
				return word + 1, next
			}
			return 0, 0
		}
	}
}

func wordEnd(s string, i int) int {
	for n := pyLetterAt(s, i); n > 0; n = pyLetterAt(s, i) {
		i += n
	}
	return i
}

// Classes of bytes within a name, for plainEnding.
const (
	nameBlank   = iota + 1 // " "
	nameUnusual            // other white space, or a byte that may start such or U+FFFD
	nameF                  // "f", "F": perhaps of "Define"
)

var nameClass = func() (t [256]uint8) {
	t[' '], t['f'], t['F'] = nameBlank, nameF, nameF
	for _, c := range []byte("\t\n\v\f\r\x1c\x1d\x1e\x1f\xC2\xE1\xE2\xE3\xEF") {
		t[c] = nameUnusual
	}
	return t
}()

// trimName strips blanks, "." and ";".
func trimName(name string) string {
	for name != "" && strippedByte(name[0]) {
		name = name[1:]
	}
	for name != "" && strippedByte(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	return name
}

func strippedByte(c byte) bool { return c == ' ' || c == '.' || c == ';' }

// repairName is the authors' repair of names: runs of white space become one
// blank, U+FFFD is dropped, blanks and ".;" are stripped, and of a header swallowed
// by the name only what follows its "Define " is kept.
func repairName(raw string) string {
	b := make([]byte, 0, len(raw))
	gap := false
	for i := 0; i < len(raw); {
		if n := pySpaceAt(raw, i); n > 0 {
			gap = len(b) > 0
			i += n
			continue
		}
		if gap {
			b, gap = append(b, ' '), false
		}
		if strings.HasPrefix(raw[i:], "\uFFFD") { // after the blanks are joined: two may meet
			i += len("\uFFFD")
			continue
		}
		b = append(b, raw[i])
		i++
	}
	name := trimName(string(b))
	h := headerScanner{s: name}
	h.lowerF, h.upperF = strings.IndexByte(name, 'f'), strings.IndexByte(name, 'F')
	keep := 0
	for {
		start, end := h.define(keep)
		if start < 0 {
			break
		}
		if rest := pySkipSpace(name, end); rest > end && !pyWordBefore(name, start) {
			keep = rest
		}
	}
	return trimName(name[keep:])
}
