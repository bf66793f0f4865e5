package gsm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrUnsolvable is wrapped by SolveText's error when the text, though well
// formed, does not determine the answer.
var ErrUnsolvable = errors.New("the text does not determine the answer")

// SolveText answers a realistic problem from its text alone, as a reader must: it
// knows the sentence shapes (docs/generator.md, "Sentences") and one closed-world rule, that a
// total sums every item which the text mentions for its place anywhere. It knows
// no graph, so it is an independent check of sampler and renderer, in both modes
// and for two and three layers.
//
// When quantities that the answer depends on are nowhere defined, missing names
// them in the order of need, and the error wraps ErrUnsolvable. Other errors are
// sentences that it cannot read.
func SolveText(problem, question string) (answer int64, missing []string, err error) {
	r := reader{defined: map[string]definition{}, given: map[string]int64{}, values: map[string]linear{}, busy: map[string]bool{}}
	for _, sentence := range sentences(problem) {
		if err := r.read(sentence); err != nil {
			return 0, nil, err
		}
	}
	asked, err := askedName(question)
	if err != nil {
		return 0, nil, err
	}
	r.mention(asked)
	if r.unknown == "" {
		answer, err = r.forward(asked)
	} else {
		answer, err = r.reverse(asked)
	}
	if len(r.missing) > 0 && !errors.Is(err, errCircle) {
		err = fmt.Errorf("gsm: %w: it does not say what %s is", ErrUnsolvable, strings.Join(r.missing, ", "))
	}
	if err != nil {
		answer = 0
	}
	return answer, r.missing, err
}

// definition is what a sentence says of a quantity. For totals it is made up
// from what the text mentions.
type definition struct {
	inner    Inner
	outer    Outer
	constant int64
	parents  []string // names; a layer-2 total alternates item and average
}

// reader collects what a text says and computes from it.
type reader struct {
	defined   map[string]definition
	given     map[string]int64 // values of quantities that have a definition too, and of totals
	unknown   string           // the quantity that "is greater than 0"
	mentioned []string         // every quantity that the text names, once

	values  map[string]linear
	busy    map[string]bool // being computed: met again, it is a circle
	missing []string
}

var errCircle = errors.New("defined by itself")

// sentences splits a problem text.
func sentences(problem string) []string {
	var list []string
	for s := range strings.SplitSeq(strings.TrimSpace(problem), ". ") {
		if s = strings.TrimSuffix(strings.TrimSpace(s), "."); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// read takes in a sentence.
func (r *reader) read(sentence string) error {
	for _, end := range []string{" exists, and its number is greater than 0", " is greater than 0"} {
		subject, found := strings.CutSuffix(sentence, end)
		if !found {
			continue
		}
		name, err := r.reference(subject)
		if err != nil {
			return err
		}
		if r.unknown != "" && r.unknown != name {
			return fmt.Errorf("gsm: two unknowns, %q and %q: one was expected", r.unknown, name)
		}
		r.unknown = name
		return nil
	}
	subject, rest, found := strings.Cut(sentence, " equals ")
	if !found {
		return fmt.Errorf("gsm: %q is no statement: expected \"… equals …\" or \"… is greater than 0\"", sentence)
	}
	name, err := r.reference(subject)
	if err != nil {
		return err
	}
	d, err := r.expression(rest)
	if err != nil {
		return err
	}
	return r.define(name, d)
}

// define stores a definition. A number beside another definition, or for a
// total, is the given value of a reverse problem.
func (r *reader) define(name string, d definition) error {
	earlier, twice := r.defined[name]
	switch {
	case isTotal(name):
		if d.inner != None {
			return fmt.Errorf("gsm: %q has a definition: totals are sums of what the text mentions", name)
		}
		r.given[name] = d.constant
	case !twice:
		r.defined[name] = d
	case d.inner == None && earlier.inner != None:
		r.given[name] = d.constant
	case d.inner != None && earlier.inner == None:
		r.given[name], r.defined[name] = earlier.constant, d
	default:
		return fmt.Errorf("gsm: %q is defined twice", name)
	}
	return nil
}

var outerPrefix = regexp.MustCompile(`^([0-9]+) (plus|times) `)

// expression reads what follows "equals".
func (r *reader) expression(text string) (definition, error) {
	var d definition
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		d.constant = n
		return d, nil
	}
	if m := outerPrefix.FindStringSubmatch(text); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return d, fmt.Errorf("gsm: the constant of %q: %w", text, err)
		}
		d.constant, d.outer = n, Plus
		if m[2] == "times" {
			d.outer = Times
		}
		text = text[len(m[0]):]
	}
	refs := []string{text}
	d.inner = Sum
	if pair, found := strings.CutPrefix(text, "the difference between "); found {
		d.inner = Difference
		refs = splitAnd(pair)
		if len(refs) != 2 {
			return d, fmt.Errorf("gsm: %q: a difference has two terms", text)
		}
	} else if list, found := strings.CutPrefix(text, "the sum of "); found {
		refs = splitAnd(list)
	}
	for _, ref := range refs {
		name, err := r.reference(ref)
		if err != nil {
			return d, err
		}
		d.parents = append(d.parents, name)
	}
	return d, nil
}

// splitAnd splits "a and b" and "a, b, and c".
func splitAnd(list string) []string {
	list = strings.ReplaceAll(list, ", and the ", ", the ")
	return strings.Split(strings.ReplaceAll(list, " and the ", ", the "), ", ")
}

// reference reads "the number of {name}" or "the {name}" and notes the mention.
func (r *reader) reference(text string) (string, error) {
	rest, found := strings.CutPrefix(text, "the ")
	if !found {
		rest, found = strings.CutPrefix(text, "The ")
	}
	name, counted := strings.CutPrefix(rest, "number of ")
	if !found || counted == (isTotal(name) || isAverage(name)) || !strings.Contains(name, " in ") {
		return "", fmt.Errorf("gsm: %q names no quantity: expected \"the number of … in …\", \"the average … per … in …\" or \"the total … in …\"", text)
	}
	r.mention(name)
	return name, nil
}

func (r *reader) mention(name string) {
	if !slices.Contains(r.mentioned, name) {
		r.mentioned = append(r.mentioned, name)
	}
}

func isTotal(name string) bool   { return strings.HasPrefix(name, "total ") }
func isAverage(name string) bool { return strings.HasPrefix(name, "average ") }

// askedName reads the question.
func askedName(question string) (string, error) {
	q := strings.TrimSpace(question)
	if rest, found := strings.CutPrefix(q, "What is the "); found {
		return strings.TrimSuffix(rest, "?"), nil
	}
	rest, begins := strings.CutPrefix(q, "How many ")
	rest, ends := strings.CutSuffix(rest, " have?")
	item, place, asks := strings.Cut(rest, " does ")
	if !begins || !ends || !asks {
		return "", fmt.Errorf("gsm: %q is no question: expected \"What is the …?\" or \"How many … does … have?\"", question)
	}
	return item + " in " + place, nil
}

// forward computes what is asked.
func (r *reader) forward(asked string) (int64, error) {
	v, err := r.value(asked)
	return v.b, err
}

// reverse finds the unknown from the quantities whose value is given.
func (r *reader) reverse(asked string) (int64, error) {
	if asked != r.unknown {
		return 0, fmt.Errorf("gsm: the question is about %q, but the unknown is %q", asked, r.unknown)
	}
	solved := false
	var x int64
	for _, name := range r.mentioned {
		value, found := r.given[name]
		if !found {
			continue
		}
		e, err := r.value(name)
		if err != nil {
			return 0, err
		}
		if len(r.missing) > 0 {
			return 0, nil
		}
		if e.a == 0 {
			if e.b != value {
				return 0, fmt.Errorf("gsm: %w: %q is %d and %d", ErrUnsolvable, name, e.b, value)
			}
			continue
		}
		root := (value - e.b) / e.a
		if e.a*root != value-e.b || root <= 0 || solved && root != x {
			return 0, fmt.Errorf("gsm: %w: %s = %d has no whole positive solution that fits the rest", ErrUnsolvable, appendLinear(nil, e), value)
		}
		x, solved = root, true
	}
	if !solved {
		return 0, fmt.Errorf("gsm: %w: no given value depends on %q", ErrUnsolvable, r.unknown)
	}
	return x, nil
}

// value computes a quantity as a polynomial in the unknown, noting what is missing.
func (r *reader) value(name string) (linear, error) {
	if name == r.unknown {
		return linear{a: 1}, nil
	}
	if v, known := r.values[name]; known {
		return v, nil
	}
	if r.busy[name] {
		return linear{}, fmt.Errorf("gsm: %q is %w", name, errCircle)
	}
	r.busy[name] = true
	defer delete(r.busy, name)
	d, found := r.defined[name]
	if isTotal(name) {
		var err error
		if d, err = r.total(name); err != nil {
			return linear{}, err
		}
	} else if !found {
		if !slices.Contains(r.missing, name) {
			r.missing = append(r.missing, name)
		}
		return linear{}, nil
	}
	terms := make([]linear, len(d.parents))
	for i, p := range d.parents {
		v, err := r.value(p)
		if err != nil {
			return linear{}, err
		}
		terms[i] = v
	}
	v, ok := d.combine(terms)
	if !ok {
		return linear{}, fmt.Errorf("gsm: %w: the value of %q overflows or is not linear in the unknown", ErrUnsolvable, name)
	}
	r.values[name] = v
	return v, nil
}

// combine computes a definition from the values of its parents.
func (d *definition) combine(terms []linear) (v linear, ok bool) {
	ok = true
	switch {
	case d.inner == None:
		return linear{b: d.constant}, true
	case d.inner == Difference:
		v = terms[0].plus(terms[1].scaled(-1, &ok), &ok)
	case d.inner == SumProducts:
		for i := 0; i < len(terms); i += 2 {
			v = v.plus(terms[i].times(terms[i+1], &ok), &ok)
		}
	default:
		for _, t := range terms {
			v = v.plus(t, &ok)
		}
	}
	switch d.outer {
	case Plus:
		v = v.plus(linear{b: d.constant}, &ok)
	case Times:
		v = v.scaled(d.constant, &ok)
	}
	return v, ok
}

// total makes up the definition of a total: the items that the text mentions for
// its place, times their averages where the total is one of layer 2.
func (r *reader) total(name string) (definition, error) {
	category, place, _ := cutLast(name, " in ")
	deep, err := r.isLayer2(category)
	if err != nil {
		return definition{}, err
	}
	d := definition{inner: Sum}
	average := "" // "average number of … per "
	for _, m := range r.mentioned {
		if isAverage(m) {
			average = m[:strings.Index(m, " per ")+len(" per ")]
		}
	}
	if deep {
		d.inner = SumProducts
	}
	for _, item := range r.itemsOf(place) {
		d.parents = append(d.parents, item)
		if deep {
			d.parents = append(d.parents, average+item)
		}
	}
	if len(d.parents) == 0 {
		return d, fmt.Errorf("gsm: %w: the text mentions nothing in %s to total", ErrUnsolvable, place)
	}
	return d, nil
}

// itemsOf lists the counts "I in P" of a place P that the text mentions, be it
// only through their averages.
func (r *reader) itemsOf(place string) []string {
	var items []string
	for _, m := range r.mentioned {
		if isTotal(m) {
			continue
		}
		if i := strings.LastIndex(m, " per "); isAverage(m) && i >= 0 {
			m = m[i+len(" per "):]
		}
		if _, p, _ := cutLast(m, " in "); p == place && !slices.Contains(items, m) {
			items = append(items, m)
		}
	}
	return items
}

// isLayer2 tells the two kinds of totals apart by their names in the contexts;
// in a text without averages only the first kind exists.
func (r *reader) isLayer2(category string) (bool, error) {
	for _, c := range Contexts() {
		switch category {
		case c.Total:
			return false, nil
		case c.Total2:
			return true, nil
		}
	}
	if slices.ContainsFunc(r.mentioned, isAverage) {
		return false, fmt.Errorf("gsm: %q is a total of no known context: beside averages it could be of items or of items times averages", category)
	}
	return false, nil
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
