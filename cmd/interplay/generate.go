package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/gsm/corpus"
	"interplay/kernelkit/strict"
)

// generateFlags are the settings of interplay generate.
type generateFlags struct {
	ops, contexts, mode, family, sampler, split, unit, preset, specFile, distractors, out, check string

	reverse, detours float64
	layers, entities int
	modulus, seed    int64
	first, count     uint64
	workers          int
	force, presets   bool
	keepGoing        bool

	given map[string]bool // flags that the command line names
}

func generateCommand() *cobra.Command {
	f := &generateFlags{seed: 1}
	c := &cobra.Command{
		Use:   "generate -op 2-10 -context zoo,school -count N -seed S -out FILE",
		Short: "writes problems to a .jsonl or .parquet file, with a manifest",
		Long: `Draws problems and writes them to a .jsonl or .parquet file, with a manifest beside it.
Problem i of a corpus depends on the mixture, the split, the seed and i alone.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			f.given = map[string]bool{}
			c.Flags().Visit(func(g *pflag.Flag) { f.given[g.Name] = true })
			return f.run(c.Context())
		},
	}
	f.declare(c.Flags())
	completeProblems(c)
	complete(c, "mode", "forward", "reverse", "both")
	complete(c, "family", "realistic", "symbolic")
	complete(c, "sampler", "steered", "reference")
	complete(c, "unit", "samples", "tokens")
	var presets []string
	for _, p := range gsm.Presets() {
		presets = append(presets, p.Name)
	}
	complete(c, "preset", presets...)
	return c
}

func (f *generateFlags) declare(flags *pflag.FlagSet) {
	flags.StringVar(&f.ops, "op", "2-10", "operations: ranges, with shares if you like: 2-10 or 2-4:0.2,5-7:0.3,8-10:0.5")
	flags.StringVar(&f.contexts, "context", "zoo,school,movie", "contexts, with shares if you like: zoo,school,movie or zoo:0.99,school:0.01; A,B in the symbolic family")
	flags.StringVar(&f.mode, "mode", "forward", "forward, reverse or both (one half each; -reverse sets another share)")
	fraction(flags, &f.reverse, "reverse", 0, 1, "share of reverse mode instead of -mode")
	flags.StringVar(&f.family, "family", "", "realistic or symbolic (default: what the contexts belong to)")
	flags.StringVar(&f.sampler, "sampler", "steered", "steered or reference (the authors' distribution)")
	wholeOr(flags, &f.layers, "d", "2", 2, 3, "layers of the realistic family")
	flags.StringVar(&f.unit, "unit", "samples", "what shares are shares of: samples or tokens")
	flags.StringVar(&f.split, "split", "train", "train, validation, test or rl: they share no problem")
	flags.StringVar(&f.preset, "preset", "", "a named spec instead of -op, -context and -unit; -presets lists them")
	flags.StringVar(&f.specFile, "spec", "", "a JSON file with the spec instead of all of these, as a manifest holds it")
	(&number[int64]{value: &f.modulus, low: 3, high: gsm.MaxModulus, parse: parseInt64, kind: wholeNumber}).declare(flags,
		"modulus", "10", "symbolic family: values are 0 to modulus-1")
	wholeOr(flags, &f.entities, "entities", "20 up to op 14", 1, gsm.MaxEntities, "symbolic family: names a context offers")
	flags.StringVar(&f.distractors, "distractors", "", "symbolic family: range of their number (default 0-3)")
	fraction(flags, &f.detours, "detours", 0, 1, "the chance that a solution works out a distractor; forward mode only")
	(&number[uint64]{value: &f.first, high: 1 << 62, parse: parseUint64, kind: wholeNumber}).declare(flags,
		"first", "", "index of the first problem: shards of a corpus are runs of indices")
	(&number[uint64]{value: &f.count, low: 1, high: maxProblems, parse: parseUint64, kind: wholeNumber}).declare(flags,
		"count", "none: it is needed", "how many problems")
	seedFlag(flags, &f.seed, "seed", "seed of the corpus")
	flags.StringVar(&f.out, "out", "", "file to write, .jsonl or .parquet; its manifest goes beside it")
	wholeOr(flags, &f.workers, "workers", "one a CPU", 1, maxWorkers, "parallel workers; the bytes do not depend on it")
	flags.BoolVar(&f.force, "force", false, "replace an existing file")
	flags.BoolVar(&f.presets, "presets", false, "list the presets and end")
	flags.StringVar(&f.check, "check", "", "read a file that was generated and compare it with its manifest, instead of generating")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "with -check: go on behind unreadable records and count them")
}

func (f *generateFlags) run(ctx context.Context) error {
	for _, alone := range []struct{ name, with, does string }{{"presets", "", "lists the presets"}, {"check", "keep-going", "reads a file, which its manifest describes"}} {
		if other := f.otherThan(alone.name, alone.with); f.given[alone.name] && other != "" {
			return usagef("-%s and -%s contradict each other: -%s %s, and generates nothing", alone.name, other, alone.name, alone.does)
		}
	}
	switch {
	case f.presets:
		return printPresets()
	case f.check != "":
		return f.checkFile()
	case f.keepGoing:
		return usagef("-keep-going goes with -check: it goes on behind records that cannot be read")
	case f.out == "" || f.count == 0:
		return usagef("-out FILE and -count N are needed: where to, and how many problems")
	}
	source, err := f.source()
	if err != nil {
		return asUsage(err)
	}
	defer boundMemory()()
	line := newProgress("problems")
	m, err := corpus.Write(ctx, f.out, source, corpus.Options{First: f.first, Count: f.count,
		Workers: f.workers, Force: f.force, Progress: func(done uint64) { line.update(int(done), int(f.count)) }})
	line.end()
	if err != nil {
		return err
	}
	printManifest(f.out, m)
	return nil
}

// source draws the problems that the flags describe.
func (f *generateFlags) source() (*gsm.Source, error) {
	spec, err := f.spec()
	if err != nil {
		return nil, err
	}
	var split gsm.Split
	if err := split.UnmarshalText([]byte(f.split)); err != nil {
		return nil, err
	}
	return gsm.NewSource(spec, split, f.seed)
}

// spec makes the spec from a file, a preset or the flags.
func (f *generateFlags) spec() (gsm.Spec, error) {
	mix := []string{"op", "context", "unit", "family", "modulus", "entities", "distractors", "detours"}
	switch {
	case f.specFile != "":
		if other := f.firstGiven(append(mix, "preset", "mode", "reverse", "sampler", "d")); other != "" {
			return gsm.Spec{}, fmt.Errorf("-spec and -%s contradict each other: the file says all", other)
		}
		data, err := strict.ReadFile(f.specFile, 64<<20)
		if errors.Is(err, fs.ErrNotExist) {
			return gsm.Spec{}, fmt.Errorf("expected a spec's JSON file, found no file %s; check the path: every corpus has its spec in the manifest beside it", f.specFile)
		}
		if err == nil {
			err = strict.Check(data)
		}
		if err != nil {
			return gsm.Spec{}, fmt.Errorf("%s: %w", f.specFile, err)
		}
		spec, err := gsm.ParseSpec(data)
		if err != nil {
			return gsm.Spec{}, fmt.Errorf("%s: %w", f.specFile, err)
		}
		return spec, nil
	case f.preset != "":
		if other := f.firstGiven(mix); other != "" {
			return gsm.Spec{}, fmt.Errorf("-preset and -%s contradict each other: a preset fixes the mixture", other)
		}
		p, err := gsm.PresetByName(f.preset)
		if err != nil {
			return gsm.Spec{}, err
		}
		return f.adjust(p.Spec)
	}
	spec, err := f.mixture()
	if err != nil {
		return gsm.Spec{}, err
	}
	return f.adjust(spec)
}

// otherThan is the first flag of the command line beside those named, "" where there is none.
func (f *generateFlags) otherThan(names ...string) string {
	for _, name := range slices.Sorted(maps.Keys(f.given)) {
		if !slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

func (f *generateFlags) firstGiven(names []string) string {
	for _, name := range names {
		if f.given[name] {
			return name
		}
	}
	return ""
}

// adjust sets mode, sampler and layers, which presets leave open.
func (f *generateFlags) adjust(spec gsm.Spec) (gsm.Spec, error) {
	if f.given["reverse"] && f.given["mode"] {
		return spec, errors.New("-mode and -reverse contradict each other: give one")
	}
	if f.given["reverse"] {
		spec.Reverse = f.reverse
	} else if f.given["mode"] || f.preset == "" {
		switch f.mode {
		case "forward":
			spec.Reverse = 0
		case "reverse":
			spec.Reverse = 1
		case "both":
			spec.Reverse = 0.5
		default:
			return spec, fmt.Errorf("unknown mode %q: forward, reverse or both", f.mode)
		}
	}
	if f.given["d"] {
		spec.Layers = f.layers
	}
	if err := spec.Sampler.UnmarshalText([]byte(f.sampler)); err != nil {
		return spec, err
	}
	return spec, spec.Validate()
}

// mixture makes the spec of -op, -context and the flags that go with them.
func (f *generateFlags) mixture() (gsm.Spec, error) {
	spec := gsm.Spec{Modulus: f.modulus, Entities: f.entities, Detours: f.detours}
	contexts, contextShares, err := parseShares("context", f.contexts, func(string) int { return 1 })
	if err != nil {
		return spec, err
	}
	ranges := map[string]gsm.Range{}
	var bad error
	ops, opShares, err := parseShares("op", f.ops, func(text string) int {
		var r gsm.Range
		if err := r.UnmarshalText([]byte(text)); err != nil {
			bad = err
		}
		ranges[text] = r
		return r.Max - r.Min + 1
	})
	if bad != nil {
		return spec, fmt.Errorf("-op: %w", bad)
	}
	if err != nil {
		return spec, err
	}
	if err := disjoint(ops, ranges); err != nil {
		return spec, err
	}
	for i, op := range ops {
		for k, context := range contexts {
			spec.Mix = append(spec.Mix, gsm.Block{Ops: ranges[op], Contexts: []string{context}, Share: opShares[i] * contextShares[k]})
		}
	}
	symbolic := gsm.ContextNames(gsm.Symbolic)
	if f.family == "" && slices.Contains(symbolic, contexts[0]) {
		f.family = "symbolic"
	} else if f.family == "" {
		f.family = "realistic"
	}
	if f.family == "symbolic" && !f.given["context"] {
		return spec, fmt.Errorf("-family symbolic needs -context: %s", strings.Join(symbolic, ", "))
	}
	if f.distractors != "" {
		spec.Distractors = new(gsm.Range)
		if err := spec.Distractors.UnmarshalText([]byte(f.distractors)); err != nil {
			return spec, fmt.Errorf("-distractors: %w", err)
		}
		if spec.Distractors.Max > gsm.MaxDistractors {
			return spec, fmt.Errorf("-distractors %s: expected at most %d", f.distractors, gsm.MaxDistractors)
		}
	}
	return spec, errors.Join(spec.Family.UnmarshalText([]byte(f.family)), spec.Unit.UnmarshalText([]byte(f.unit)))
}

// disjoint refuses ranges of ops that overlap: their shares would be a riddle.
func disjoint(names []string, ranges map[string]gsm.Range) error {
	for i, a := range names {
		for _, b := range names[:i] {
			if ranges[a].Min <= ranges[b].Max && ranges[b].Min <= ranges[a].Max {
				return fmt.Errorf("-op: %s and %s overlap", b, a)
			}
		}
	}
	return nil
}

// parseShares reads "a,b" or "a:0.9,b:0.1". Without shares each part weighs what
// weight says, so that 2-10,12 is uniform over its ten ops.
func parseShares(flagName, text string, weight func(part string) int) (parts []string, shares []float64, err error) {
	total, given := 0.0, 0
	for part := range strings.SplitSeq(text, ",") {
		name, number, hasShare := strings.Cut(strings.TrimSpace(part), ":")
		share := float64(weight(name))
		if hasShare {
			given++
			if share, err = strconv.ParseFloat(number, 64); err != nil {
				return nil, nil, fmt.Errorf("-%s: the share in %q is no number", flagName, part)
			}
		}
		parts, shares = append(parts, name), append(shares, share)
		total += share
	}
	for i := range parts {
		if slices.Contains(parts[:i], parts[i]) {
			return nil, nil, fmt.Errorf("-%s %s: %q is named twice", flagName, text, parts[i])
		}
	}
	switch {
	case given == 0:
		for i := range shares {
			shares[i] /= total
		}
	case given < len(parts):
		return nil, nil, fmt.Errorf("-%s %s: give a share to every part or to none", flagName, text)
	case !(math.Abs(total-1) <= 1e-6): // NaN neither
		return nil, nil, fmt.Errorf("-%s %s: the shares sum to %.6g, they must sum to 1", flagName, text, total)
	}
	return parts, shares, nil
}

// checkFile reads a corpus to its end.
func (f *generateFlags) checkFile() error {
	unreadable := 0
	m, err := corpus.Check(f.check, func(e *corpus.RecordError) error {
		if !f.keepGoing {
			return e
		}
		if unreadable++; unreadable <= 20 {
			fmt.Fprintln(os.Stderr, e)
		}
		return nil
	})
	if unreadable > 0 {
		fmt.Fprintf(os.Stderr, "%d unreadable records\n", unreadable)
	}
	if err != nil {
		return err
	}
	printManifest(f.check, m)
	return nil
}

func printPresets() error {
	for _, p := range gsm.Presets() {
		fmt.Printf("%-36s %s\n", p.Name, p.Source)
		if p.Note != "" {
			fmt.Printf("%-36s   (%s)\n", "", p.Note)
		}
	}
	return nil
}

// printManifest says what was written.
func printManifest(out string, m *corpus.Manifest) {
	fmt.Printf("%s: %d problems, %d tokens, %d explicit and %d implicit edges\n", out, m.Count, m.Tokens, m.Explicit, m.Implicit)
	fmt.Printf("split %s, seed %d, problems %d to %d, spec %.12s, content %.12s\n", m.Split, m.Seed, m.First, m.First+m.Count-1, m.SpecDigest, m.Digest)
	fmt.Printf("manifest: %s\n", corpus.ManifestPath(out))
	fmt.Printf("\n  op  context                 mode      problems   share   tokens/problem\n")
	for _, c := range m.Cells {
		fmt.Printf("  %2d  %-22s  %-7s  %9d  %5.1f%%   %14.1f\n", c.Op, c.Context, c.Mode, c.Count,
			100*float64(c.Count)/float64(m.Count), float64(c.Tokens)/float64(c.Count))
	}
}

// boundMemory lets the heap grow to a fixed size before garbage is collected, and
// returns what undoes it. Problems are many small objects that live briefly: with
// the default, which collects when a small heap has doubled, two cores are little
// faster than one.
func boundMemory() (restore func()) {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(220<<20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
