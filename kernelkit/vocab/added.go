package vocab

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is cut out of a text before anything else happens to it.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter, digit or mark stands beside it
	LStrip     bool   `json:"lstrip"`      // with the white space before it
	RStrip     bool   `json:"rstrip"`      // with the white space behind it
	Normalized bool   `json:"normalized"`  // in the normalised text, not in the text as it came
	Special    bool   `json:"special"`
}

// finder finds added tokens in a text: from the left, the longest at each place.
//
// It is an Aho-Corasick automaton of the tokens written backwards, which reads the text from
// its end: so it knows for each place the longest token that starts there, in one pass that
// takes time in proportion to the text, whatever the tokens are.
type finder struct {
	tokens []addedToken
	nodes  []finderNode
	edges  map[finderEdge]int32
	root   [256]int32 // the root's edges
}

type finderNode struct {
	fail  int32 // where the longest proper beginning of this node's bytes that is also their end stands
	token int32 // the longest token whose bytes end here, −1 for none
}

type finderEdge struct {
	from int32
	by   byte
}

// newFinder makes a finder of tokens with distinct contents, nil where there are none.
func newFinder(tokens []addedToken) *finder {
	if len(tokens) == 0 {
		return nil
	}
	f := &finder{tokens: tokens, nodes: []finderNode{{token: -1}}, edges: map[finderEdge]int32{}}
	for i, t := range tokens {
		at := int32(0)
		for j := len(t.Content) - 1; j >= 0; j-- {
			at = f.child(at, t.Content[j])
		}
		f.nodes[at].token = int32(i)
	}
	f.link()
	return f
}

// child follows an edge, making it where there is none.
func (f *finder) child(from int32, by byte) int32 {
	e := finderEdge{from, by}
	to, ok := f.edges[e]
	if !ok {
		to = int32(len(f.nodes))
		f.nodes = append(f.nodes, finderNode{token: -1})
		f.edges[e] = to
		if from == 0 {
			f.root[by] = to
		}
	}
	return to
}

// link sets the fail links, nodes near the root first. Nodes were made token by token, each
// behind its parent, so that an order by depth needs a sort by counting.
func (f *finder) link() {
	parent, by, depth := make([]int32, len(f.nodes)), make([]byte, len(f.nodes)), make([]int32, len(f.nodes))
	for e, to := range f.edges {
		parent[to], by[to] = e.from, e.by
	}
	deepest := int32(0)
	for n := 1; n < len(f.nodes); n++ {
		depth[n] = depth[parent[n]] + 1
		deepest = max(deepest, depth[n])
	}
	first := make([]int32, deepest+2) // of each depth, in order
	for _, d := range depth {
		first[d+1]++
	}
	for d := range deepest {
		first[d+1] += first[d]
	}
	order := make([]int32, len(f.nodes))
	for n, d := range depth {
		order[first[d]] = int32(n)
		first[d]++
	}
	for _, n := range order[1:] {
		if parent[n] != 0 {
			f.nodes[n].fail = f.step(f.nodes[parent[n]].fail, by[n])
		}
		if f.nodes[n].token < 0 { // a shorter one may end here
			f.nodes[n].token = f.nodes[f.nodes[n].fail].token
		}
	}
}

// step reads a byte.
func (f *finder) step(at int32, by byte) int32 {
	for at != 0 {
		if to, ok := f.edges[finderEdge{at, by}]; ok {
			return to
		}
		at = f.nodes[at].fail
	}
	return f.root[by]
}

// piece is a part of a text: an added token, or what lies between two.
type piece struct {
	from, to int
	token    int32 // in finder.tokens; −1 for text between
}

// find cuts a text. As in the reference a token that has not the neighbours that it
// wants is passed over, with its text, and blanks that a token takes may be taken twice.
func (f *finder) find(text string) []piece {
	if f == nil {
		return []piece{{0, len(text), -1}}
	}
	longest := make([]int32, len(text)) // that starts at each place, and 1 more: 0 for none
	at, any := int32(0), false
	for i := len(text) - 1; i >= 0; i-- {
		at = f.step(at, text[i])
		longest[i] = f.nodes[at].token + 1
		any = any || longest[i] > 0
	}
	if !any {
		return []piece{{0, len(text), -1}}
	}
	var pieces []piece
	done := 0
	for i := 0; i < len(text); {
		n := longest[i] - 1
		if n < 0 {
			i++
			continue
		}
		t, from, to := f.tokens[n], i, i+len(f.tokens[n].Content)
		i = to
		if t.SingleWord && (endsWithWord(text[:from]) || startsWithWord(text[to:])) {
			continue
		}
		if t.LStrip {
			from = max(len(strings.TrimRightFunc(text[:from], unicode.IsSpace)), done)
		}
		if t.RStrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
		}
		if from >= to { // another has taken all of it as its blanks
			continue
		}
		if done < from {
			pieces = append(pieces, piece{done, from, -1})
		}
		pieces = append(pieces, piece{from, to, n})
		done = to
	}
	if done < len(text) {
		pieces = append(pieces, piece{done, len(text), -1})
	}
	return pieces
}

func startsWithWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return text != "" && isWord(r)
}

func endsWithWord(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && isWord(r)
}

// isWord is the reference's \w: letters and what counts as such, marks, decimal digits,
// connecting punctuation and joiners.
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control) || isNewWord(r)
}
