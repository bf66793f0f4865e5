// Command interplay is the laboratory's command line: see usage below, and
// "interplay VERB -h" for the flags of a verb.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// verb is one subcommand. run gets the arguments after the verb; the error it
// returns is printed as one message and makes the exit status 1.
type verb struct {
	name, args, does string
	run              func(args []string) error
}

var verbs = []verb{
	{"generate", "-op 2-10 -context zoo,school -count N -seed S -out FILE", "writes problems to a .jsonl or .parquet file, with a manifest", runGenerate},
	{"doctor", "", "checks backend, plugin, kernel, disk; says what to do about each problem", runDoctor},
	{"notebooks", "[-profile smoke] [-only NAME] [-update]", "executes the notebooks and compares results.json with the committed values", runNotebooks},
	{"run", "STUDY|FILE [-profile P] [-seed S] [-plan]", "runs, resumes or reuses a study; -plan shows stages, cost and time", runRun},
	{"results", "STUDY [-profile P] [-check]", "shows a study's claims table", runResults},
	{"verify", "-in FILE -out FILE [-reference] [-keep-going]", "judges predictions, JSONL {problem, prediction} to verdicts", runVerify},
	{"conformance", "DIR", "checks generator text, verifier, rewards and pass@k against a corpus folder", runConformance},
	{"sample", "MODEL -in FILE -out FILE -n K -temperature T -seed S", "samples completions of prompts", runSample},
	{"evaluate", "MODEL -op 1-8 -context A -out DIR", "samples a model on held-out problems, judges every step, finds its edge", runEvaluate},
	{"nll", "MODEL -in FILE -out FILE", "log-likelihood of texts, token by token", runNLL},
	{"export", "MODEL DIR", "writes a model as Hugging Face files", runExport},
	{"import", "DIR", "puts a Hugging Face model into the run store", runImport},
	{"bench", "[generate|verify|train|rollout|grpo|memory]", "measures speeds, one JSON line a figure", runBench},
}

// errSilent makes the exit status 1 without a further message: the verb has said what is wrong.
var errSilent = errors.New("")

func main() {
	if len(os.Args) < 2 || os.Args[1] == "help" || strings.HasPrefix(os.Args[1], "-") {
		usage()
		if len(os.Args) < 2 {
			os.Exit(2)
		}
		return
	}
	for _, v := range verbs {
		if v.name != os.Args[1] {
			continue
		}
		err := v.run(os.Args[2:])
		switch {
		case err == nil || errors.Is(err, flag.ErrHelp):
			return
		case !errors.Is(err, errSilent):
			fmt.Fprintln(os.Stderr, "interplay "+v.name+": "+err.Error())
		}
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "interplay: there is no verb %q; the verbs are:\n", os.Args[1])
	usage()
	os.Exit(2)
}

func usage() {
	for _, v := range verbs {
		fmt.Fprintf(os.Stderr, "  interplay %-13s %-70s %s\n", v.name, v.args, v.does)
	}
}
