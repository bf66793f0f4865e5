package gsm

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"interplay/kernelkit/strict"
)

// maxWidth is how many places and how many items a realistic problem can have:
// each list of names of a context has at least this many (docs/generator.md, "Quantities").
const maxWidth = 5

// Context is a set of words for the realistic family. It is data: each file in
// contexts/ is one, and a new file needs no other change.
//
// A problem draws one list of places and one list of items, so it never mixes
// mammals with birds or wild places with human ones.
type Context struct {
	Name   string     `json:"name"`    // as in records and manifests
	Alias  string     `json:"alias"`   // short name for the command line
	Places [][]string `json:"places"`  // layer 0: lists of at least five names
	Items  [][]string `json:"items"`   // layer 1: lists of at least five names
	Avg    string     `json:"average"` // layer 2: "average number of …"
	Total  string     `json:"total"`   // "total number of …": all items of a place
	Total2 string     `json:"total2"`  // "total number of …": items times averages of a place

	tables []wordTable // one for each pair of lists, Items varying fastest
}

// wordTable holds every name that a pair of lists can form, so that rendering
// only copies. Positions: [place][item].
type wordTable struct {
	instance, average [][]words
	total, total2     []words
}

// words are the three ways in which a text names a quantity.
type words struct {
	name string // "adult fox in South Zoo", as solutions write it
	ref  string // "the number of adult fox in South Zoo"
	ask  string // "How many adult fox does South Zoo have?"
}

//go:embed contexts/*.json
var contextFiles embed.FS

var loadContexts = sync.OnceValue(func() []*Context {
	entries, err := contextFiles.ReadDir("contexts")
	if err != nil {
		panic(err)
	}
	var all []*Context
	for _, e := range entries {
		data, err := contextFiles.ReadFile(path.Join("contexts", e.Name()))
		if err != nil {
			panic(err)
		}
		c, err := parseContext(data)
		if err != nil {
			panic(fmt.Sprintf("gsm: %s: %v", e.Name(), err))
		}
		all = append(all, c)
	}
	return all
})

// added are the contexts of AddContext, and the laboratory's before them.
var (
	adding sync.Mutex
	added  atomic.Pointer[[]*Context]
)

// Contexts returns the contexts of the realistic family: the laboratory's in the order of their
// names, then those that the program added. They are shared: do not change them.
func Contexts() []*Context {
	if all := added.Load(); all != nil {
		return *all
	}
	return loadContexts()
}

// AddContext makes a context of the text of a JSON file (see docs/generator.md and CONTRIBUTING.md,
// "A context") known to this program. Its name and alias must be new; the same context may be added again.
// What the laboratory's contexts are and give does not change.
func AddContext(text []byte) (*Context, error) {
	if err := strict.Check(text); err != nil {
		return nil, err
	}
	c, err := parseContext(text)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{c.Name, c.Alias} {
		if !contextName.MatchString(name) || slices.Contains(ContextNames(Symbolic), name) {
			return nil, fmt.Errorf("name or alias %q: expected up to 40 small letters, digits and _, beginning with a letter", name)
		}
	}
	adding.Lock()
	defer adding.Unlock()
	for _, other := range Contexts() {
		if other.Name != c.Name && other.Alias != c.Alias && other.Name != c.Alias && other.Alias != c.Name {
			continue
		}
		if sameContext(other, c) {
			return other, nil
		}
		return nil, fmt.Errorf("there is a context %s (%s) already, with other words: give this one a name and an alias of its own", other.Name, other.Alias)
	}
	all := append(slices.Clone(Contexts()), c)
	added.Store(&all)
	return c, nil
}

var contextName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// sameContext reports whether two contexts have the same names and words.
func sameContext(a, b *Context) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}

// ContextByName returns the realistic context with this name or alias.
func ContextByName(name string) (*Context, error) {
	for _, c := range Contexts() {
		if c.Name == name || c.Alias == name {
			return c, nil
		}
	}
	var known []string
	for _, c := range Contexts() {
		known = append(known, fmt.Sprintf("%s (%s)", c.Name, c.Alias))
	}
	return nil, fmt.Errorf("gsm: unknown context %q: the realistic family has %s", name, strings.Join(known, ", "))
}

// parseContext reads a context and checks what the texts rely on: enough
// different names, and none that would make a sentence ambiguous.
func parseContext(data []byte) (*Context, error) {
	c := new(Context)
	if err := strict.Decode(data, c); err != nil {
		return nil, err
	}
	if c.Name == "" || c.Alias == "" {
		return nil, fmt.Errorf("name and alias must not be empty")
	}
	for label, name := range map[string]string{"average": c.Avg, "total": c.Total, "total2": c.Total2} {
		prefix := strings.TrimSuffix(label, "2")
		if !strings.HasPrefix(name, prefix+" ") {
			return nil, fmt.Errorf("%s is %q: it must begin with %q, by which readers tell it from a count", label, name, prefix)
		}
	}
	if c.Total == c.Total2 {
		return nil, fmt.Errorf("total and total2 are both %q", c.Total)
	}
	for label, lists := range map[string][][]string{"places": c.Places, "items": c.Items} {
		if err := checkLists(lists); err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
	}
	for _, places := range c.Places {
		for _, items := range c.Items {
			c.tables = append(c.tables, c.table(places, items))
		}
	}
	return c, nil
}

func checkLists(lists [][]string) error {
	if len(lists) == 0 {
		return fmt.Errorf("there is no list")
	}
	seen := map[string]bool{}
	for _, list := range lists {
		if len(list) < maxWidth {
			return fmt.Errorf("a list has %d names: it needs at least %d", len(list), maxWidth)
		}
		for _, name := range list {
			padded := " " + name + " "
			for _, bad := range []string{"  ", ".", ",", ";", "?", "\n", " in ", " per ", " and ", " equals ", " exists", " average ", " total ", " have ", " does "} {
				if strings.Contains(padded, bad) {
					return fmt.Errorf("%q contains %q, which the sentences use themselves", name, bad)
				}
			}
			if seen[name] {
				return fmt.Errorf("%q occurs twice", name)
			}
			seen[name] = true
		}
	}
	return nil
}

// table forms the names of all quantities (docs/generator.md, "Quantities").
func (c *Context) table(places, items []string) wordTable {
	whole := func(name string) words {
		return words{name: name, ref: "the " + name, ask: "What is the " + name + "?"}
	}
	var t wordTable
	for _, p := range places {
		instance, average := make([]words, len(items)), make([]words, len(items))
		for i, item := range items {
			name := item + " in " + p
			instance[i] = words{name: name, ref: "the number of " + name, ask: "How many " + item + " does " + p + " have?"}
			average[i] = whole(c.Avg + " per " + name)
		}
		t.instance, t.average = append(t.instance, instance), append(t.average, average)
		t.total, t.total2 = append(t.total, whole(c.Total+" in "+p)), append(t.total2, whole(c.Total2+" in "+p))
	}
	return t
}
