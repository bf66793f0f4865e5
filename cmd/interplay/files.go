package main

import (
	"github.com/spf13/pflag"
)

// files are the input and the output of a verb that reads JSON lines and writes them.
type files struct {
	in, out string
	force   bool
}

func (f *files) declare(flags *pflag.FlagSet, in, out string) {
	flags.StringVar(&f.in, "in", "", in+"; - for standard input")
	flags.StringVar(&f.out, "out", "", out+"; - for standard output")
	flags.BoolVar(&f.force, "force", false, "replace an existing file")
}

// check refuses a command line that does not name both.
func (f *files) check() error {
	if f.in == "" || f.out == "" {
		return usagef("-in FILE and -out FILE are needed; - is standard input or output")
	}
	return nil
}
