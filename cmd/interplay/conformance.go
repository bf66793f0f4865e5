package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"interplay/kernelkit/authors"
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/strict"
)

// corpusFolder holds the JSONL files of a conformance folder by what their first
// record looks like, so that corpora of other names can be checked too.
type corpusFolder struct {
	problems, scoring, parser, passk []string

	nameLost bool // name the records that lost a statement
}

const corpusFiles = "problems_*.jsonl, scoring.jsonl, parser_cases.jsonl, passk.jsonl"

func conformanceCommand() *cobra.Command {
	show, lost := 5, false
	c := &cobra.Command{
		Use:   "conformance DIR [-show N] [-lost]",
		Short: "checks generator text, verifier, rewards and pass@k against a corpus folder",
		Long:  "Checks against recorded outputs of the authors' code. DIR holds\n" + corpusFiles + ".",
		Args:  arguments("a folder with " + corpusFiles),
		RunE:  func(_ *cobra.Command, args []string) error { return conform(args[0], show, lost) },
	}
	whole(c.Flags(), &show, "show", 0, maxProblems, "differences to show for each check")
	c.Flags().BoolVar(&lost, "lost", false, "name each record whose text lost a statement, and the relation that a reader misses")
	return c
}

// conform checks generator text, verifier, rewards and pass@k against the authors'
// results on the corpora of a folder. It prints one line of counts a check and the first
// differences, and fails on any difference.
func conform(dir string, show int, lost bool) error {
	folder, err := openCorpora(dir)
	if err != nil {
		return err
	}
	folder.nameLost = lost
	wrong := 0
	report := func(name string, passed, total int, differences []string) {
		fmt.Printf("%s %d/%d\n", name, passed, total)
		for i, d := range differences {
			if i == show {
				fmt.Printf("  … and %d more differences\n", len(differences)-i)
				break
			}
			fmt.Println("  " + d)
		}
		wrong += total - passed
	}
	if err := folder.check(report); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d records differ from the authors' results", wrong)
	}
	return nil
}

// openCorpora sorts the folder's files by kind.
func openCorpora(dir string) (*corpusFolder, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: expected one with %s", dir, corpusFiles)
	}
	files, err := filesNamed(dir, ".jsonl")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no .jsonl file: expected %s", dir, corpusFiles)
	}
	folder := &corpusFolder{}
	for _, file := range files {
		list, err := folder.listOf(file)
		if err != nil {
			return nil, err
		}
		*list = append(*list, file)
	}
	return folder, nil
}

var errFirstLine = errors.New("one line is enough")

// listOf tells the kind of a file by the keys of its first record.
func (f *corpusFolder) listOf(file string) (list *[]string, err error) {
	var keys map[string]json.RawMessage
	err = strict.File(file, func(_ int, data []byte) error {
		if err := json.Unmarshal(data, &keys); err != nil {
			return fmt.Errorf("expected a JSON object of a corpus (%s): %w", corpusFiles, err)
		}
		return errFirstLine
	})
	if err != nil && !errors.Is(err, errFirstLine) {
		return nil, err
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := keys[name]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("problem_id", "prediction", "expected"):
		return &f.scoring, nil
	case has("records", "expected"):
		return &f.passk, nil
	case has("text", "expected"):
		return &f.parser, nil
	case has("problem", "solution"):
		return &f.problems, nil
	}
	return nil, fmt.Errorf("%s is no corpus: expected %s, found a first record with other keys, or none", file, corpusFiles)
}

// check runs every check and says which had no file.
func (f *corpusFolder) check(report func(name string, passed, total int, differences []string)) error {
	var problems []authors.ConformanceProblem
	for _, file := range f.problems {
		passed, total, differences, err := gsm.Conformance(file)
		if err != nil {
			return err
		}
		report(corpusName(file), passed, total, differences)
		if err := f.reportLost(file); err != nil {
			return err
		}
		records, err := authors.ReadConformanceProblems(file)
		if err != nil {
			return err
		}
		problems = append(problems, records...)
		if passed, total, differences = authors.GraphConformance(records); total > 0 {
			report("gold graphs ("+filepath.Base(file)+")", passed, total, differences)
		}
	}
	checks := []struct {
		files []string
		kind  string
		run   func(file string) (passed, total int, differences []string, err error)
	}{
		{f.scoring, "scoring", func(file string) (int, int, []string, error) {
			return authors.ScoringConformance(file, problems)
		}},
		{f.parser, "parser_cases", authors.ParserConformance},
		{f.passk, "passk", authors.PassKConformance},
	}
	if len(f.problems) == 0 {
		fmt.Println("problems: no file, not checked")
	}
	for _, c := range checks {
		if len(c.files) == 0 {
			fmt.Println(c.kind + ": no file, not checked")
		}
		for _, file := range c.files {
			passed, total, differences, err := c.run(file)
			if err != nil {
				return err
			}
			report(corpusName(file), passed, total, differences)
		}
	}
	return nil
}

func corpusName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".jsonl") }

// reportLost says how many records of a problem corpus lost a statement, a defect of
// the authors' reverse mode, and names them where that is asked for.
func (f *corpusFolder) reportLost(file string) error {
	records, err := gsm.ConformProblems(file)
	if err != nil {
		return err
	}
	lost, unsolvable := 0, 0
	var named []string
	for _, r := range records {
		if len(r.Lost) == 0 {
			continue
		}
		lost++
		line := fmt.Sprintf("  %s: lost the statement of %s", r.ID, strings.Join(r.Lost, ", "))
		if len(r.Missing) > 0 {
			unsolvable++
			line += "; without that of " + strings.Join(r.Missing, ", ") + " the text has no answer"
		}
		named = append(named, line)
	}
	if lost == 0 {
		return nil
	}
	fmt.Printf("  lost statements, as predicted: %d records, %d of them without an answer (-lost names them)\n", lost, unsolvable)
	if f.nameLost {
		fmt.Println(strings.Join(named, "\n"))
	}
	return nil
}
