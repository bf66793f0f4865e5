package gsm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"interplay/kernelkit/strict"
)

// corpusFormat is part of every spec digest. It grows by one whenever the same
// spec, split and seed give other bytes than before.
const corpusFormat = 1

// Sampler names a distribution of graphs in the realistic family.
type Sampler uint8

const (
	Steered   Sampler = iota // op is a smooth axis of difficulty; the default
	Reference                // the authors' distribution, without the defects that lose a relation
)

// Unit says what a share is a share of.
type Unit uint8

const (
	Tokens  Unit = iota // words of the training text, the authors' unit; see TokenCount
	Samples             // problems
)

// Split is one of four parts of the space of problems. A problem's canonical
// graph hash decides to which it belongs, for every spec and seed alike, so that
// two splits never share a problem and no pass over the data is needed.
type Split uint8

const (
	Train      Split = iota // pre- and mid-training: 1/2 of all graphs
	Validation              // 1/8
	Test                    // 1/8
	RL                      // prompts for reinforcement learning: 1/4
)

var (
	samplerNames = []string{"steered", "reference"}
	unitNames    = []string{"tokens", "samples"}
	splitNames   = []string{"train", "validation", "test", "rl"}
)

// Splits lists the four splits.
func Splits() []Split { return []Split{Train, Validation, Test, RL} }

func (s Sampler) String() string { return enumName("Sampler", samplerNames, int(s)) }
func (u Unit) String() string    { return enumName("Unit", unitNames, int(u)) }
func (s Split) String() string   { return enumName("Split", splitNames, int(s)) }

func (s Sampler) MarshalText() ([]byte, error) { return marshalEnum("sampler", samplerNames, int(s)) }
func (u Unit) MarshalText() ([]byte, error)    { return marshalEnum("unit", unitNames, int(u)) }
func (s Split) MarshalText() ([]byte, error)   { return marshalEnum("split", splitNames, int(s)) }

func (s *Sampler) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(s), "sampler", samplerNames, string(text))
}

func (u *Unit) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(u), "unit", unitNames, string(text))
}

func (s *Split) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(s), "split", splitNames, string(text))
}

// Range is a range of integers, both ends included; "2-10" or "7" in text and JSON.
type Range struct{ Min, Max int }

func (r Range) String() string {
	if r.Min == r.Max {
		return strconv.Itoa(r.Min)
	}
	return fmt.Sprintf("%d-%d", r.Min, r.Max)
}

func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r *Range) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(string(text), "-")
	if !isRange {
		high = low
	}
	a, errA := strconv.Atoi(strings.TrimSpace(low))
	b, errB := strconv.Atoi(strings.TrimSpace(high))
	if errA != nil || errB != nil || a < 0 || b < a {
		return fmt.Errorf("range %q: expected one number or two in order, such as 7 or 2-10", text)
	}
	*r = Range{a, b}
	return nil
}

// ContextNames lists the contexts of a family by their full names.
func ContextNames(f Family) []string {
	var names []string
	if f == Symbolic {
		for _, w := range symbolicContexts {
			names = append(names, w.Name)
		}
		return names
	}
	for _, c := range Contexts() {
		names = append(names, c.Name)
	}
	return names
}

// fullContextName resolves a short name; an unknown name stays as it is, for Validate to refuse.
func fullContextName(f Family, name string) string {
	if f == Realistic {
		if c, err := ContextByName(name); err == nil {
			return c.Name
		}
	}
	return name
}

// Block is a part of a mixture: its share is spread evenly over its ops and contexts.
type Block struct {
	Ops      Range    `json:"ops"`
	Contexts []string `json:"contexts"` // full or short names: crazy_zootopia or zoo
	Share    float64  `json:"share"`
}

// Spec is the recipe of a corpus. Zero fields mean the defaults that Complete
// fills in; all that shapes the problems is here, so that (Spec, Split, seed,
// index) addresses a problem.
type Spec struct {
	Family  Family  `json:"family"`
	Sampler Sampler `json:"sampler"`          // realistic family only
	Layers  int     `json:"layers,omitempty"` // realistic family: 2 (default) or 3

	Modulus     int64  `json:"modulus,omitempty"`     // symbolic family: default 10
	Entities    int    `json:"entities,omitempty"`    // symbolic family: names a context offers; default EntitiesFor the highest op
	Distractors *Range `json:"distractors,omitempty"` // symbolic family: default 0-3

	// Detours is the chance that a solution works out a distractor on the way, 0..1: right
	// steps that the question does not need. Without them the number of steps tells op, and a
	// small model learns to count to the deepest op that it saw. Forward problems only.
	Detours float64 `json:"detours,omitempty"`

	Unit    Unit    `json:"unit"`    // what Share and Reverse are shares of
	Reverse float64 `json:"reverse"` // share of reverse mode in every cell of op and context, 0..1
	Mix     []Block `json:"mix"`     // shares sum to 1
}

// Uniform is the spec that spreads samples evenly over ops and contexts, forward mode.
func Uniform(family Family, ops Range, contexts ...string) Spec {
	return Spec{Family: family, Unit: Samples, Mix: []Block{{Ops: ops, Contexts: contexts, Share: 1}}}
}

// Clone is a copy of the spec that shares nothing with it.
func (s Spec) Clone() Spec {
	s.Mix = slices.Clone(s.Mix)
	for i, b := range s.Mix {
		s.Mix[i].Contexts = slices.Clone(b.Contexts)
	}
	if s.Distractors != nil {
		d := *s.Distractors
		s.Distractors = &d
	}
	return s
}

// ParseSpec reads a spec from JSON. An unknown field is an error.
func ParseSpec(data []byte) (Spec, error) {
	var spec Spec
	if err := strict.Decode(data, &spec); err != nil {
		return Spec{}, fmt.Errorf("spec: %w", err)
	}
	return spec, spec.Validate()
}

// Complete returns the spec with defaults filled in and contexts by their full names.
func (s Spec) Complete() Spec {
	mix := make([]Block, len(s.Mix))
	highest := 0
	for i, b := range s.Mix {
		highest = max(highest, b.Ops.Max)
		b.Contexts = slices.Clone(b.Contexts)
		for k, name := range b.Contexts {
			b.Contexts[k] = fullContextName(s.Family, name)
		}
		mix[i] = b
	}
	s.Mix = mix
	if s.Family != Symbolic {
		if s.Layers == 0 {
			s.Layers = 2
		}
		return s
	}
	if s.Modulus == 0 {
		s.Modulus = DefaultSymbolic.Modulus
	}
	if s.Distractors == nil {
		s.Distractors = &Range{DefaultSymbolic.MinDistractors, DefaultSymbolic.MaxDistractors}
	}
	if s.Entities == 0 {
		s.Entities = s.symbolic().EntitiesFor(highest)
	}
	return s
}

// symbolic is the sampler's configuration of a completed spec of the symbolic family.
func (s *Spec) symbolic() SymbolicConfig {
	return SymbolicConfig{Modulus: s.Modulus, Entities: s.Entities,
		MinDistractors: s.Distractors.Min, MaxDistractors: s.Distractors.Max}
}

// Tokens returns the vocabulary of a spec of the symbolic family, for all of the
// family's contexts or for those named.
func (s Spec) Tokens(contexts ...string) ([]string, error) {
	if s.Family != Symbolic {
		return nil, errors.New("gsm: only the symbolic family has a closed list of tokens")
	}
	s = s.Complete()
	return s.symbolic().Tokens(contexts...), nil
}

// Digest is a content address of the completed spec and of the corpus format:
// equal digests give equal problems.
func (s Spec) Digest() string {
	text, err := json.Marshal(struct {
		Format int  `json:"format"`
		Spec   Spec `json:"spec"`
	}{corpusFormat, s.Complete()})
	if err != nil {
		panic(err) // only a share that is no number; Validate refuses it
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Validate reports the first thing in the spec that is wrong, contradictory or cannot be met.
func (s Spec) Validate() error {
	s = s.Complete()
	if len(s.Mix) == 0 {
		return errors.New("spec: the mix is empty: it needs at least one block of ops, contexts and a share")
	}
	if err := s.validateFamily(); err != nil {
		return fmt.Errorf("spec: %w", err)
	}
	if !(s.Reverse >= 0 && s.Reverse <= 1) {
		return fmt.Errorf("spec: reverse share %v: must be 0 to 1", s.Reverse)
	}
	total := 0.0
	for i, b := range s.Mix {
		if err := s.validateBlock(b); err != nil {
			return fmt.Errorf("spec: block %d of the mix: %w", i+1, err)
		}
		total += b.Share
	}
	if math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("spec: the shares of the mix sum to %.6g: they must sum to 1", total)
	}
	return nil
}

// validateFamily refuses settings that the family does not have.
func (s *Spec) validateFamily() error {
	switch {
	case int(s.Family) >= len(familyNames) || int(s.Sampler) >= len(samplerNames) || int(s.Unit) >= len(unitNames):
		return fmt.Errorf("family %s, sampler %s, unit %s: at least one of these does not exist", s.Family, s.Sampler, s.Unit)
	case s.Family == Symbolic && s.Reverse != 0:
		return errors.New("the symbolic family has forward mode only: set reverse to 0")
	case s.Family == Symbolic && s.Sampler != Steered:
		return errors.New("the symbolic family has no reference sampler: leave sampler at steered")
	case s.Family == Symbolic && s.Layers != 0:
		return errors.New("layers belong to the realistic family: leave them out for symbolic problems")
	case s.Family == Symbolic && s.Distractors.Max < s.Distractors.Min:
		return fmt.Errorf("distractors %v: the range is not ordered", *s.Distractors)
	case !(s.Detours >= 0 && s.Detours <= 1):
		return fmt.Errorf("detours %v: must be 0 to 1, the chance that a solution works out a distractor", s.Detours)
	case s.Detours > 0 && s.Reverse > 0:
		return errors.New("detours are of forward problems: set reverse to 0, or leave detours out")
	case s.Family == Realistic && (s.Modulus != 0 || s.Entities != 0 || s.Distractors != nil):
		return errors.New("modulus, entities and distractors belong to the symbolic family: leave them out for realistic problems")
	case s.Family == Realistic && s.Layers != 2 && s.Layers != 3:
		return fmt.Errorf("%d layers: realistic problems have 2 or 3", s.Layers)
	}
	return nil
}

func (s *Spec) validateBlock(b Block) error {
	if !(b.Share >= 0 && b.Share <= 1) {
		return fmt.Errorf("share %v: must be 0 to 1", b.Share)
	}
	if len(b.Contexts) == 0 {
		return fmt.Errorf("no context: the %s family has %s", s.Family, strings.Join(ContextNames(s.Family), ", "))
	}
	for i, name := range b.Contexts {
		if !slices.Contains(ContextNames(s.Family), name) {
			return fmt.Errorf("unknown context %q: the %s family has %s", name, s.Family, strings.Join(ContextNames(s.Family), ", "))
		}
		if slices.Contains(b.Contexts[:i], name) {
			return fmt.Errorf("context %s is named twice", name)
		}
	}
	if b.Ops.Min < 0 || b.Ops.Max < b.Ops.Min {
		return fmt.Errorf("ops %d to %d: the range is not ordered", b.Ops.Min, b.Ops.Max)
	}
	if s.Family == Symbolic {
		return s.symbolic().Validate(b.Ops.Max)
	}
	if b.Ops.Min < 2 || b.Ops.Max > MaxRealisticOp {
		return fmt.Errorf("ops %v: realistic problems have op 2 to %d", b.Ops, MaxRealisticOp)
	}
	return nil
}
