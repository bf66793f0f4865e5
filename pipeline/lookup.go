package pipeline

import (
	"fmt"
	"slices"
	"strconv"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/vocab"
)

// Of what the distances of names are read: the first problems of a corpus. A distance counts
// where it holds for lookupShare of the names that it was looked for with.
const (
	lookupProblems = 200
	lookupShare    = 0.95
	lookupFarthest = 16 // tokens from a name to its value
)

// lookups reads from a recipe's own texts how far the parts of a name stand from its value in
// the prompt, and from where the solution asks for that value: what LookupInit needs. A name
// has as many parts as it has tokens that differ from name to name; each must always stand at
// the same place of the name.
func lookups(r Pretraining) (qwen.Lookup, error) {
	tok, err := tokenizer(r)
	if err != nil {
		return "", err
	}
	source, err := problemsOf(r.Data, r.Split, r.Seed, r.Sampler, r.Filter)
	if err != nil {
		return "", err
	}
	var d nameDistances
	for i := range uint64(lookupProblems) {
		p, err := source.At(i)
		if err != nil {
			return "", err
		}
		if err := d.read(p, tok); err != nil {
			return "", err
		}
	}
	return d.lookup()
}

// nameDistances counts, over the stated constants that solutions need, at which distance
// behind its name a value stands.
type nameDistances struct {
	names      [][]int32               // as tokens
	of         int                     // constants looked at
	key, query [lookupFarthest + 1]int // constants with their value so many tokens behind the end of the name: in the prompt, in the solution
}

// read takes the constants of a problem. Values are those of the path's leaves: the solution
// asks for each.
func (d *nameDistances) read(p *gsm.Problem, tok *vocab.Tokenizer) error {
	prompt, err := tok.Encode(p.Prompt())
	if err != nil {
		return fmt.Errorf("%s: %w", p.ID, err)
	}
	all, err := tok.Encode(p.Training())
	if err != nil {
		return fmt.Errorf("%s: %w", p.ID, err)
	}
	for i := range p.Graph.Nodes[:p.Graph.Path] {
		n := &p.Graph.Nodes[i]
		if n.Inner != gsm.None || p.Op == 0 {
			continue
		}
		name, err := inside(tok, p.Names[i])
		if err != nil {
			return fmt.Errorf("%s: the name %q: %w", p.ID, p.Names[i], err)
		}
		value, err := inside(tok, strconv.FormatInt(n.Value, 10))
		if err != nil {
			return fmt.Errorf("%s: the value %d: %w", p.ID, n.Value, err)
		}
		d.names = append(d.names, name)
		d.of++
		count(&d.key, prompt, name, value[0])
		count(&d.query, all[len(prompt):], name, value[0])
	}
	return nil
}

// inside is a text in tokens as it stands inside a sentence, where a blank comes before it.
func inside(tok *vocab.Tokenizer, text string) ([]int32, error) {
	if ids, err := tok.Encode(" " + text); err == nil {
		return ids, nil
	}
	return tok.Encode(text)
}

// count adds one at each distance behind some end of the name at which the value stands.
func count(distances *[lookupFarthest + 1]int, text, name []int32, value int32) {
	var seen [lookupFarthest + 1]bool
	for at := range text {
		end := at + len(name) - 1
		if end >= len(text) || !slices.Equal(text[at:end+1], name) {
			continue
		}
		for distance := 1; distance <= lookupFarthest && end+distance < len(text); distance++ {
			seen[distance] = seen[distance] || text[end+distance] == value
		}
	}
	for distance, there := range seen {
		if there {
			distances[distance]++
		}
	}
}

// nearest is the smallest distance that holds for nearly all constants.
func (d *nameDistances) nearest(distances [lookupFarthest + 1]int, where string) (int, error) {
	for distance, n := range distances {
		if distance > 0 && float64(n) >= lookupShare*float64(d.of) {
			return distance, nil
		}
	}
	return 0, fmt.Errorf("lookup_init: expected the value of a name at one distance behind it in the %s, found none that holds for %.0f %% of %d constants: leave it out for this corpus",
		where, 100*lookupShare, d.of)
}

// lookup turns the counts into distances of the parts.
func (d *nameDistances) lookup() (qwen.Lookup, error) {
	if d.of == 0 {
		return "", fmt.Errorf("lookup_init: found no constant that a solution needs in %d problems: leave it out for this corpus", lookupProblems)
	}
	key, err := d.nearest(d.key, "prompt")
	if err != nil {
		return "", err
	}
	query, err := d.nearest(d.query, "solution")
	if err != nil {
		return "", err
	}
	length := len(d.names[0])
	for _, name := range d.names {
		if len(name) != length {
			return "", fmt.Errorf("lookup_init: expected names of one length, found %d and %d tokens: name places and things by one token each (phrases)", length, len(name))
		}
	}
	var parts []qwen.NamePart
	for i := range length {
		seen := map[int32]bool{}
		for _, name := range d.names {
			seen[name[i]] = true
		}
		if len(seen) > 1 { // the position before the value predicts it
			back := length - 1 - i
			parts = append(parts, qwen.NamePart{Key: key + back, Query: query + back - 1})
		}
	}
	return qwen.NewLookup(parts...), nil
}
