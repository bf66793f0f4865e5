package code

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// digestOf builds a program around some code of a user's and returns the digest of its function
// reward, or what is said instead.
func digestOf(t *testing.T, declarations, inside string) string {
	t.Helper()
	dir := t.TempDir()
	main := fmt.Sprintf(`package main

import (
	"fmt"
	"math"
	"interplay/kernelkit/code"
)

var _ = math.Pi
%s

func main() {
%s
	s, err := code.Of(reward)
	if err != nil {
		fmt.Print("refused: ", err)
		return
	}
	fmt.Print(s.Digest)
}
`, declarations, inside)
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"main.go": main, "go.mod": "module user\n\ngo 1.26\n",
		"go.work": "go 1.26.5\n\nuse (\n\t.\n\t" + module + "\n)\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"), "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, main)
	}
	return string(out)
}

const plain = "func reward(x float64) float64 { return x * factor(x) }\nfunc factor(x float64) float64 { return math.Sqrt(x) + offset }\nconst offset = 2"

func TestTheAddressFollowsTheCodeAndNothingElse(t *testing.T) {
	base := digestOf(t, plain, "")
	if len(base) != 64 {
		t.Fatal(base)
	}
	for _, c := range []struct {
		name, declarations, inside string
		same                       bool
	}{
		{"comments and layout", "// A reward.\nfunc reward(x float64) float64 {\n\t// what it is\n\treturn x *\n\t\tfactor(x)\n}\n\nconst offset = 2 // two\n\nfunc factor(x float64) float64 { return math.Sqrt(x) + offset }", "", true},
		{"another function beside it", plain + "\nfunc other() int { return 3 }", "_ = other()", true},
		{"its body", strings.Replace(plain, "x * factor", "x + factor", 1), "", false},
		{"a function that it calls", strings.Replace(plain, "Sqrt", "Cbrt", 1), "", false},
		{"a constant that it uses", strings.Replace(plain, "offset = 2", "offset = 3", 1), "", false},
	} {
		if got := digestOf(t, c.declarations, c.inside); (got == base) != c.same {
			t.Errorf("%s: the address stays: %t, expected %t (%s)", c.name, got == base, c.same, got)
		}
	}
}

func TestWhatTheCodeDoesNotSayIsRefused(t *testing.T) {
	for _, c := range []struct{ name, declarations, inside, says string }{
		{"a variable of the surroundings", "", "a := 0.5\nreward := func(x float64) float64 { return a * x }", "the variable a of its surroundings"},
		{"a variable that changes", "var a = 0.5\nfunc reward(x float64) float64 { return a * x }", "a = 0.7", "a, which the program changes"},
		{"a part of a variable that changes", "var a = []float64{0.5}\nfunc reward(x float64) float64 { return a[0] * x }", "a[0]++", "a, which the program changes"},
		{"a method of a value", "type price struct{ of float64 }\nfunc (p price) pay(x float64) float64 { return p.of * x }", "reward := price{2}.pay", "a function of your own"},
	} {
		if got := digestOf(t, c.declarations, c.inside); !strings.HasPrefix(got, "refused") || !strings.Contains(got, c.says) {
			t.Errorf("%s: got %q, expected a refusal that says %q", c.name, got, c.says)
		}
	}
}

func TestMethodsAndTypesBelongToTheCode(t *testing.T) {
	of := func(method string) string {
		return digestOf(t, "type price struct{ of float64 }\nfunc (p price) pay(x float64) float64 { return "+method+" }\nvar fixed = price{2}\nfunc reward(x float64) float64 { return fixed.pay(x) }", "")
	}
	if a, b := of("p.of * x"), of("p.of + x"); a == b || len(a) != 64 || len(b) != 64 {
		t.Errorf("two methods give the addresses %s and %s", a, b)
	}
}

func TestALiteralHasAnAddress(t *testing.T) {
	a := digestOf(t, "", "reward := func(x float64) float64 { y := x\n return y * 2 }")
	b := digestOf(t, "", "reward := func(x float64) float64 { y := x\n return y * 3 }")
	if a == b || len(a) != 64 || len(b) != 64 {
		t.Errorf("two literals give the addresses %s and %s", a, b)
	}
}

// apart is a type whose method stands in another file, apart_test.go.
type apart struct{ n int }

func TestAMethodInAnotherFileBelongsToTheCode(t *testing.T) {
	s, err := Of(func(n int) int { return apart{n}.double() })
	if err != nil || !strings.Contains(s.Text, "func ( a apart ) double ( ) int { return 2 * a . n }") {
		t.Errorf("%q, %v", s.Text, err)
	}
}
