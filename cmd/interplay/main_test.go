package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// verb runs a command line.
func verb(name string, args []string) error {
	return execute(context.Background(), append([]string{name}, args...))
}

func TestFlagsMayHaveOneDashOrTwo(t *testing.T) {
	root := laboratory()
	for args, want := range map[string]string{
		"generate -op 2-10 -presets":      "generate --op 2-10 --presets",
		"generate --op 2-10 -op=3 -d 2":   "generate --op 2-10 --op=3 --d 2",
		"sample m -n 8 -in - -out -":      "sample m --n 8 --in - --out -",
		"sample -seed -3 m -out -x -n=8":  "sample --seed -3 m --out -x --n=8",
		"run edge -print=false -h":        "run edge --print=false --help",
		"run -h edge":                     "run --help edge",
		"verify -in a -- -out":            "verify --in a -- -out",
		"verify -out":                     "verify --out",
		"-h":                              "--help",
		"__complete generate -op 2-10 -c": "__complete generate --op 2-10 --c",
		"__complete generate --c":         "__complete generate --c",
		"__complete gen":                  "__complete gen",
	} {
		got, oneDash, err := spell(root, strings.Fields(args))
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q is spelled %q (%v), want %q", args, got, err, want)
		}
		if want := strings.HasSuffix(args, " -c"); oneDash != want {
			t.Errorf("%q: completes a flag with one dash: %t", args, oneDash)
		}
	}
}

func TestWhatIsMisspeltIsAnsweredInOneLineWithASuggestion(t *testing.T) {
	for args, want := range map[string]string{
		"genrate":                      `there is no verb "genrate"; did you mean generate?`,
		"veryfy -in x":                 "did you mean verify?",
		"moon":                         "interplay -h lists them",
		"generate -contxt zoo":         "there is no flag -contxt; did you mean -context?",
		"sample m --max-token 8":       "did you mean -max-tokens?",
		"generate -count":              "-count: its value is missing",
		"generate -count many":         "-count many: expected a whole number, 1 to 2^30",
		"run edge -plan=perhaps":       "-plan perhaps: expected true or false",
		"results":                      "expected a study",
		"run edge split":               `unexpected argument "split"`,
		"run edgy":                     "edgy",
		"bench rollot":                 `there is no benchmark "rollot"`,
		"doctor now":                   `unexpected argument "now"`,
		"export m":                     "expected a model and a folder, found 1 arguments",
		"sample m -in - -out - -n 1e9": "-n 1e9: expected a whole number",
	} {
		err := execute(context.Background(), strings.Fields(args))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q gives %v, want one line with %q", args, err, want)
		}
		if !errors.As(err, new(usageError)) {
			t.Errorf("%q is no error of usage", args)
		}
	}
}

func TestEveryVerbIsInAGroupAndSaysWhatItDoes(t *testing.T) {
	for _, c := range laboratory().Commands() {
		if c.GroupID == "" || c.Short == "" || c.Long == "" && c.Name() != "help" {
			t.Errorf("%s: group %q, %q", c.Name(), c.GroupID, c.Short)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s -%s says nothing", c.Name(), f.Name)
			}
		})
	}
}

func TestNoFlagOfALibraryTypeTakesANumberWithoutARange(t *testing.T) {
	for _, c := range laboratory().Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !slices.Contains([]string{"bool", "string", "number", "span"}, f.Value.Type()) {
				t.Errorf("%s -%s is a %s: declare it with whole, fraction or their like", c.Name(), f.Name, f.Value.Type())
			}
		})
	}
}
