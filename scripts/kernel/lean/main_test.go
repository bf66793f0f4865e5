package main

import (
	"strings"
	"testing"
)

const declared = `
import (
	"flag"
	"fmt"
	"strings"

	"interplay/kernelkit"
)

var (
	lab   = kernelkit.Open("x", "smoke", 1)
	words = strings.Fields("two words")
)

const many = 3

type counter struct{ of kernelkit.Problem }

func (c counter) show() { c.of.Show() }

type plain struct{ n int }

func (p plain) double() int { return 2 * p.n }

func solved() int { return int(lab.Seed) }

`

func program(body string) []byte {
	return []byte("package main\n" + declared + "func main() {\n\tflag.Parse()\n" + body + "\n}\n")
}

func TestACellWithoutTheLaboratoryLeavesItOut(t *testing.T) {
	lean, _, err := leave(program(`fmt.Println(plain{many}.double())`))
	if err != nil {
		t.Fatal(err)
	}
	text := string(lean)
	for _, gone := range []string{"kernelkit", "lab", "solved", "counter"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there:\n%s", gone, text)
		}
	}
	for _, kept := range []string{"many = 3", "double()", "words = strings.Fields", `"fmt"`} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), kept) {
			t.Errorf("%s is gone:\n%s", kept, text)
		}
	}
}

// Whatever reaches the laboratory keeps it: a function, a method, a type, a value that is made for its effect.
func TestACellWithTheLaboratoryStaysWhole(t *testing.T) {
	for _, body := range []string{"lab.About()", "fmt.Println(solved())", "counter{}.show()", "var c *counter; _ = c", "kernelkit.Text(``, ``)"} {
		if lean, _, err := leave(program(body)); err != nil || lean != nil {
			t.Errorf("%s: %v\n%s", body, err, lean)
		}
	}
	for _, more := range []string{"var _ = fmt.Sprint(lab.Name)", "func init() { lab.About() }", `import _ "interplay/plots"`} {
		if lean, _, _ := leave([]byte(strings.Replace(string(program("")), "const many", more+"\n\nconst many", 1))); lean != nil {
			t.Errorf("%s: it is left out\n%s", more, lean)
		}
	}
	if lean, _, err := leave([]byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n")); err != nil || lean != nil {
		t.Errorf("a program without the laboratory is cut: %v\n%s", err, lean)
	}
}

// What a program declares has a digest of its own: another main has the same one, another declaration not.
func TestTheDigestIsOfTheDeclarations(t *testing.T) {
	_, first, _ := leave(program(`fmt.Println("hello")`))
	_, second, _ := leave(program(`fmt.Println("hello again")`))
	_, other, _ := leave([]byte(strings.Replace(string(program(``)), "lab.Seed", "lab.Sed", 1)))
	if first != second || first == other || len(first) != 64 {
		t.Errorf("the digests are %s, %s and %s", first, second, other)
	}
}
