// Command interplay is the laboratory's command line: "interplay -h" lists the verbs,
// "interplay VERB -h" says what one does.
//
// A verb is one file with one function that declares it, xCommand, and one line in
// laboratory below. Flags that are numbers are declared with whole, fraction and their
// like (flags.go), so that each has a range; files of JSON lines are read by eachLine.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// laboratory declares every verb, by groups as the help shows them.
func laboratory() *cobra.Command {
	root := &cobra.Command{
		Use:           "interplay",
		Long:          "Interplay, a laboratory: what do pre-training, mid-training and reinforcement\nlearning each add to a language model's reasoning?",
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error {
			return errors.Join(c.Help(), errUsageShown)
		},
	}
	group := func(id, title string, verbs ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: id, Title: title})
		for _, v := range verbs {
			v.GroupID = id
			v.DisableFlagsInUseLine = true
			root.AddCommand(v)
		}
	}
	group("studies", "Studies", runCommand(), resultsCommand(), diagnoseCommand(), notebooksCommand(), newCommand())
	group("machines", "Many machines", workCommand(), statusCommand(), logsCommand(), submitCommand())
	group("models", "Models", evaluateCommand(), sampleCommand(), nllCommand(), exportCommand(), importCommand())
	group("problems", "Problems", generateCommand(), verifyCommand())
	group("house", "The laboratory", checkStoreCommand(), whyCommand(), doctorCommand(), conformanceCommand(), benchCommand())
	root.SetHelpCommandGroupID("house")
	root.SetCompletionCommandGroupID("house")
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate("{{with or .Long .Short}}{{.}}\n\n{{end}}{{.UsageString}}")
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if says, ours := builtIn[c.Name()]; ours {
			c.Short = says
		}
	}
	return root
}

// builtIn are the library's own verbs, in our words.
var builtIn = map[string]string{
	"completion": "writes what bash, zsh or fish needs to complete verbs, flags and models",
	"help":       "says what a verb does",
}

func init() { cobra.EnableCommandSorting = false } // help shows verbs in the order of laboratory

// Exit statuses: 0 done, 1 failed, 2 not understood, 75 work is left (interplay work),
// 128 + signal interrupted.
const (
	statusFailed = 1
	statusUsage  = 2
)

var (
	// errSilent makes the exit status 1 without a further message: the verb has said what is wrong.
	errSilent = errors.New("")
	// errUsageShown is errSilent for a command line without a verb.
	errUsageShown = usageError{errSilent}
)

// usageError is a command line that is not understood: it makes the exit status 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitError is an error with an exit status of its own.
type exitError struct {
	error
	status int
}

func (e exitError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// asUsage makes an error, if it is one, an error of the command line.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func main() {
	ctx, interrupted := interruptible()
	err := execute(ctx, os.Args[1:])
	status := 0
	var other exitError
	switch s := interrupted(); {
	case err == nil:
	case s != 0:
		status = 128 + int(s)
	case errors.As(err, new(usageError)):
		status = statusUsage
	case errors.As(err, &other):
		status = other.status
	default:
		status = statusFailed
	}
	if err != nil && err.Error() != "" {
		fmt.Fprintln(os.Stderr, abridged(err))
	}
	os.Exit(status)
}

// longestMessage is how much of an error is shown, in bytes: it may repeat what a file says.
const longestMessage = 8 << 10

// abridged is an error's text, without its middle where it is long.
func abridged(err error) string {
	text := err.Error()
	if len(text) <= longestMessage {
		return text
	}
	head, tail := text[:longestMessage*3/4], text[len(text)-longestMessage/4:]
	return strings.ToValidUTF8(head, "") + " … " + strings.ToValidUTF8(tail, "")
}

// execute runs a command line. The error begins with the name of the verb.
func execute(ctx context.Context, args []string) error {
	root := laboratory()
	spelled, oneDash, err := spell(root, args)
	if err != nil {
		return err
	}
	var completions bytes.Buffer
	if oneDash {
		root.SetOut(&completions)
	}
	root.SetArgs(spelled)
	c, err := root.ExecuteContextC(ctx)
	if oneDash {
		fmt.Print(withOneDash(completions.String()))
	}
	switch {
	case err == nil || err.Error() == "":
		return err
	case err == context.Canceled: // nothing more is known of it
		return fmt.Errorf("%s: interrupted", c.CommandPath())
	}
	return fmt.Errorf("%s: %w", c.CommandPath(), err)
}

// graceful is how long a verb may take to end by itself when it is interrupted: a program
// that XLA is compiling does not listen. Whatever is written appears whole or not at all,
// so that a harder end loses no more than the time since the last checkpoint.
// A verb that saves more sets it higher.
var graceful atomic.Int64

func init() { graceful.Store(int64(5 * time.Second)) }

// interruptible returns a context that ends with the first SIGINT or SIGTERM, and a
// function that says which came. A second signal, or graceful, ends the process.
func interruptible() (ctx context.Context, signalled func() syscall.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var first atomic.Int64
	go func() {
		s := (<-signals).(syscall.Signal)
		first.Store(int64(s))
		cancel()
		select {
		case <-signals:
		case <-time.After(time.Duration(graceful.Load())):
		}
		fmt.Fprintln(os.Stderr, "\ninterplay: interrupted")
		os.Exit(128 + int(s))
	}()
	return ctx, func() syscall.Signal { return syscall.Signal(first.Load()) }
}

// noArguments refuses arguments that are no flags.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q: all settings are flags; see %s -h", args[0], c.CommandPath())
	}
	return nil
}

// arguments wants one argument for each name.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("expected %s, found %d arguments; see %s -h", strings.Join(names, " and "), len(args), c.CommandPath())
		case len(args) > len(names):
			return usagef("unexpected argument %q: expected %s; see %s -h", args[len(names)], strings.Join(names, " and "), c.CommandPath())
		}
		return nil
	}
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
