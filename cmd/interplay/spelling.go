package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Flags have one dash, as those of the go command do; two dashes do too. The library
// underneath knows only the second for names of more than one letter. What translates
// between the two, both ways, is in this file.

// spell gives every flag of the command line two dashes, and refuses a verb that there is
// not. What is the value of a flag, or stands behind "--", stays as it is. oneDash says
// that a shell asks how to complete a flag that begins with one dash.
func spell(root *cobra.Command, args []string) (spelled []string, oneDash bool, err error) {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		spelled, last := args[:len(args)-1], args[len(args)-1]
		if len(args) > 2 {
			verb, _, err := spell(root, args[1:len(args)-1])
			if err != nil {
				return args, false, nil // nothing to offer behind an unknown verb
			}
			spelled = append([]string{args[0]}, verb...)
			if oneDash = strings.HasPrefix(last, "-") && !strings.HasPrefix(last, "--"); oneDash {
				last = "-" + last
			}
		}
		return append(spelled, last), oneDash, nil
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return twoDashes(root, args), false, nil
	}
	for _, c := range root.Commands() {
		if c.Name() == args[0] {
			return append([]string{args[0]}, twoDashes(c, args[1:])...), false, nil
		}
	}
	return nil, false, usagef("interplay: there is no verb %q%s; interplay -h lists them", args[0], didYouMean("", root.SuggestionsFor(args[0])))
}

// twoDashes spells the flags of a verb.
func twoDashes(c *cobra.Command, args []string) []string {
	c.InitDefaultHelpFlag()
	var out []string
	for i := 0; i < len(args); i++ {
		bare := strings.TrimLeft(args[i], "-")
		dashes := len(args[i]) - len(bare)
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		if dashes == 0 || dashes > 2 || bare == "" {
			out = append(out, args[i])
			continue
		}
		name, _, hasValue := strings.Cut(bare, "=")
		flag := c.Flags().Lookup(name)
		if flag == nil && len(name) == 1 {
			if flag = c.Flags().ShorthandLookup(name); flag != nil {
				bare = flag.Name + bare[1:]
			}
		}
		out = append(out, "--"+bare)
		takesNext := flag != nil && flag.NoOptDefVal == "" && !hasValue
		if takesNext && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// withOneDash takes a dash from the flags among completions.
func withOneDash(completions string) string {
	return regexp.MustCompile(`(?m)^--`).ReplaceAllString(completions, "-")
}

// flagError says what is wrong with a flag, in one line.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		return usagef("there is no flag -%s%s; see %s -h", name, didYouMean("-", similarFlags(c, name)), c.CommandPath())
	case errors.As(err, &invalid):
		return usagef("-%s %s: %w", invalid.GetFlag().Name, shown(invalid.GetValue()), plainer(invalid.Unwrap()))
	case errors.As(err, &missing):
		return usagef("-%s: its value is missing; see %s -h", missing.GetSpecifiedName(), c.CommandPath())
	}
	return usagef("%w; see %s -h", err, c.CommandPath())
}

// shown is a value as a message shows it: quoted where it would be misread.
func shown(value string) string {
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Sprintf("%.60q", value)
	}
	return fmt.Sprintf("%.60s", value)
}

// plainer replaces what strconv says of a flag that is yes or no.
func plainer(err error) error {
	if strings.Contains(err.Error(), "strconv.ParseBool") {
		return errors.New("expected true or false, or no value at all")
	}
	return err
}

// similarFlags lists the flags of a verb that a name may have meant.
func similarFlags(c *cobra.Command, name string) []string {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	return names.SuggestionsFor(name)
}

func didYouMean(dash string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + dash + strings.Join(names, " or "+dash) + "?"
}

// usageTemplate shows verbs by groups, or the flags of a verb.
const usageTemplate = `usage: {{if .HasParent}}{{.UseLine}}{{else}}interplay VERB …{{end}}
{{if .HasAvailableSubCommands}}{{$verbs := .Commands}}{{range $group := .Groups}}
{{.Title}}
{{range $verbs}}{{if eq .GroupID $group.ID}}  {{rpad .Name 12}} {{.Short}}
{{end}}{{end}}{{end}}{{range $verbs}}{{if and (eq .GroupID "") .IsAvailableCommand}}  {{rpad .Name 12}} {{.Short}}
{{end}}{{end}}
{{.CommandPath}} {{if .HasParent}}NAME{{else}}VERB{{end}} -h says more of one.
{{end}}{{if .HasExample}}
{{.Example}}
{{end}}{{if and .HasParent .HasAvailableLocalFlags}}
{{flagLines .LocalFlags}}{{end}}`

func init() { cobra.AddTemplateFunc("flagLines", flagLines) }

var flagColumn = regexp.MustCompile(`(?m)^ +(?:-\w, )?--`)

// flagLines describes flags, a line each, with one dash.
func flagLines(flags *pflag.FlagSet) string {
	return flagColumn.ReplaceAllString(flags.FlagUsages(), "  -")
}
