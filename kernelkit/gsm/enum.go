package gsm

import "fmt"

// The enumerations are words in JSON, so that corpora can be read without this
// package and survive a change of the constants.

var (
	familyNames = []string{"realistic", "symbolic"}
	modeNames   = []string{"forward", "reverse"}
	kindNames   = []string{"instance", "average", "total", "total2"}
	innerNames  = []string{"none", "sum", "difference", "product", "sum_products"}
	outerNames  = []string{"bare", "plus", "times", "minus"}
)

func (f Family) String() string { return enumName("Family", familyNames, int(f)) }
func (m Mode) String() string   { return enumName("Mode", modeNames, int(m)) }
func (k Kind) String() string   { return enumName("Kind", kindNames, int(k)) }
func (i Inner) String() string  { return enumName("Inner", innerNames, int(i)) }
func (o Outer) String() string  { return enumName("Outer", outerNames, int(o)) }

func (f Family) MarshalText() ([]byte, error) { return marshalEnum("family", familyNames, int(f)) }
func (m Mode) MarshalText() ([]byte, error)   { return marshalEnum("mode", modeNames, int(m)) }
func (k Kind) MarshalText() ([]byte, error)   { return marshalEnum("kind", kindNames, int(k)) }
func (i Inner) MarshalText() ([]byte, error)  { return marshalEnum("inner", innerNames, int(i)) }
func (o Outer) MarshalText() ([]byte, error)  { return marshalEnum("outer", outerNames, int(o)) }

func (f *Family) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(f), "family", familyNames, string(text))
}

// UnmarshalText also reads the authors' names, normalforward and forwardreverse.
func (m *Mode) UnmarshalText(text []byte) error {
	switch string(text) {
	case "normalforward":
		*m = Forward
		return nil
	case "forwardreverse":
		*m = Reverse
		return nil
	}
	return unmarshalEnum((*uint8)(m), "mode", modeNames, string(text))
}

func (k *Kind) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(k), "kind", kindNames, string(text))
}

func (i *Inner) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(i), "inner", innerNames, string(text))
}

func (o *Outer) UnmarshalText(text []byte) error {
	return unmarshalEnum((*uint8)(o), "outer", outerNames, string(text))
}

func enumName(kind string, names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}

func marshalEnum(what string, names []string, i int) ([]byte, error) {
	if i >= len(names) {
		return nil, fmt.Errorf("gsm: %s %d does not exist", what, i)
	}
	return []byte(names[i]), nil
}

func unmarshalEnum(dst *uint8, what string, names []string, text string) error {
	for i, name := range names {
		if name == text {
			*dst = uint8(i)
			return nil
		}
	}
	return fmt.Errorf("gsm: unknown %s %q: must be one of %q", what, text, names)
}
