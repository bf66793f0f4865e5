package kernelkit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/train"
	"interplay/pipeline"
	"interplay/pipeline/study"
	"interplay/plots"
)

// Study is one of the paper's studies at the lab's scale: a question, the recipes
// that answer it, and the claims that the answer will be held against.
type Study struct {
	*study.Study
	lab *Lab
}

// Study opens a study by name: edge, exposure, split, reward, hard, share, gain, judges or algorithms.
func (l *Lab) Study(name string) *Study {
	check(l.unchanged())
	return &Study{must(study.ByName(name, l.profile.Name, l.Seed)), l}
}

// Recipe draws what the study does, stage by stage; what differs between its arms is marked.
func (s *Study) Recipe() Figure {
	first := s.Arms[0].Steps[0].Train
	pre := plots.RecipeStage{Name: "Pre-training", Lines: []string{thousands(float64(first.Model.Params())) + " parameters",
		fmt.Sprintf("ops %s, %s tokens", opsOf(first), thousands(trainingTokens(first)))}}
	if s.Varies != "" {
		pre.State, pre.Lines[1] = plots.Varied, s.Varies
	}
	stages := []plots.RecipeStage{pre}
	mid, rl, controls := s.parts()
	grpo := s.rl()
	rlLines := []string{fmt.Sprintf("%d recipes", len(rl))}
	if len(rl) == 1 {
		rlLines[0] = "the same for all"
	}
	if grpo != nil {
		rlLines = append(rlLines, fmt.Sprintf("%d prompts × %d a step", grpo.Prompts, grpo.GRPO.GroupSize))
	}
	box := func(name string, lines []string, varied bool) plots.RecipeStage {
		state := plots.Planned
		if varied {
			state = plots.Varied
		}
		return plots.RecipeStage{Name: name, Lines: lines, State: state}
	}
	if len(mid) > 0 {
		stages = append(stages, box("Mid-training", []string{fmt.Sprintf("%d lengths", len(mid))}, true))
	} else if len(controls) == 1 {
		rlLines[0] += ", and " + controls[0] + " as a control"
	} else if len(controls) > 1 {
		rlLines[0] += fmt.Sprintf(", and %d controls without RL", len(controls))
	}
	stages = append(stages, box("RL", rlLines, len(rl) > 1 || len(mid) > 0))
	e := s.Evaluation
	stages = append(stages, plots.RecipeStage{Name: "Evaluation", Lines: []string{
		fmt.Sprintf("ops %s, %d problems each", dash(allOps(e.Data.Mix)), e.Problems), fmt.Sprintf("%d samples a problem", e.Samples)}})
	title := s.Title + ", profile "
	if strings.HasSuffix(s.Title, "?") {
		title = s.Title + " Profile "
	}
	png, err := plots.Recipe(plots.RecipeData{Title: fmt.Sprintf("%s%s, %s", title, s.Profile, plots.Basis{Seeds: len(s.Seeds)}), Stages: stages})
	return figure(png, err, "stages of the study, those that vary marked")
}

// trainingTokens are the positions of all rows of training.
func trainingTokens(r *pipeline.Pretraining) float64 {
	return float64(r.Train.Steps * r.Train.Batch * r.Train.Accumulate * r.Train.Seq)
}

// dash writes a range of ops as text does: 5–6.
func dash(ops Ops) string { return strings.ReplaceAll(ops.String(), "-", "–") }

// parts are the names of the study's steps after the first: training that RL goes on from
// in some arm, with training of the same kind that ends an arm; RL; and, where RL never
// goes on from training, training that stands beside it as a control.
func (s *Study) parts() (mid, rl, controls []string) {
	between := false
	for _, a := range s.Arms {
		for i, step := range a.Steps[1:] {
			if step.RL == nil && !slices.Contains(mid, step.Name) {
				mid = append(mid, step.Name)
			} else if step.RL != nil && !slices.Contains(rl, step.Name) {
				rl = append(rl, step.Name)
			}
			between = between || i > 0
		}
	}
	if !between {
		mid, controls = nil, mid
	}
	return mid, rl, controls
}

// rl is the first RL recipe of the study, nil when it has none.
func (s *Study) rl() *pipeline.Reinforcement {
	for _, a := range s.Arms {
		for _, step := range a.Steps {
			if step.RL != nil {
				return step.RL
			}
		}
	}
	return nil
}

func opsOf(r *pipeline.Pretraining) string {
	low, high := r.Data.Mix[0].Ops.Min, 0
	for _, b := range r.Data.Mix {
		low, high = min(low, b.Ops.Min), max(high, b.Ops.Max)
	}
	return fmt.Sprintf("%d–%d", low, high)
}

// Compared lists the arms in words.
func (s *Study) Compared() *Table {
	t := &Table{Title: s.Question, Columns: []string{"arm", "what it is", "steps"}}
	for _, a := range s.Arms {
		if a.At > 0 {
			continue
		}
		var names []string
		for _, step := range a.Steps {
			names = append(names, step.Name)
		}
		t.Add(a.Label, a.About, strings.Join(names, " → "))
	}
	return t
}

// Rules lists the claims with the rules that will judge them: they are part of the
// study, and written before it runs.
func (s *Study) Rules() *Table {
	t := &Table{Title: "Claims, and when they hold", Columns: []string{"claim", "effect", "holds when", "paper"}}
	for _, c := range s.Claims {
		when := c.Rule.String()
		if c.NotRun != "" {
			when += "; not run at this scale: " + c.NotRun
		} else if gone := s.Gone(c); gone != "" {
			when += "; not judged: " + gone
		}
		t.Add(c.Says, s.Describe(c.Effect), when, paperValue(c.Paper))
	}
	t.Note = "A claim agrees (one that is not the paper's: holds) when the whole 95 % interval of its effect obeys the rule, contradicts (does not hold) when the whole interval breaks it, else it is not resolved. " +
		"One that an effect is within a margin, two recipes the same, agrees when the 90 % interval lies inside (two tests at 5 %). " +
		"Curves cross when one arm leads at k = 1 and the other at the last k; they stay apart when one leads at every k; each beyond chance."
	return t
}

func paperValue(p *float64) string {
	if p == nil {
		return "–"
	}
	return fmt.Sprintf("%+.1f", 100**p)
}

// Plan is what the study would do; it runs nothing.
func (s *Study) Plan() *Table {
	s.markOwn()
	t := PlanTable(s.Study, must(s.Study.Plan(s.lab.store, pipeline.SideBySide())))
	if r := s.committed(); r != nil && len(r.Missing) == 0 {
		t.Note = "The results of exactly this study are committed and will be used: nothing is left to run. Without them: " + t.Note
	}
	return t
}

// PlanTable shows the plan of a study: stages, what is there already, what the rest costs.
func PlanTable(s *study.Study, p *pipeline.Plan) *Table {
	t := &Table{Title: fmt.Sprintf("Plan of %q, profile %s, seeds %s", s.Name, s.Profile, seedText(s.Seeds)),
		Columns: []string{"stage", "done", "trained tokens", "sampled tokens", "FLOPs", "nominal tokens", "true tokens", "time", "disk"}}
	for _, g := range groupStages(p) {
		t.Add(g.name, fmt.Sprintf("%d of %d", g.done, g.all), thousands(float64(g.spent.TrainTokens)), thousands(float64(g.spent.GeneratedTokens)),
			fmt.Sprintf("%.1e", g.spent.FLOPs), thousands(g.spent.NominalTokens), thousands(g.spent.TrueTokens), duration(g.seconds), thousands(g.bytes)+"B")
	}
	left, _, wall, bytes := p.Left()
	t.Note = fmt.Sprintf("Left: %d stages, about %s with %d side by side, %sB of disk. ", left, duration(wall.Seconds()), p.Side, thousands(bytes))
	for _, kind := range []string{"train", "rl", "evaluate"} {
		t.Note += fmt.Sprintf("%s at %sFLOP/s (%s). ", kind, thousands(p.Rates[kind].FLOPs), p.Rates[kind].From)
	}
	label, peak := p.PeakMemory()
	label, _, _ = strings.Cut(label, ", seed ")
	t.Note += fmt.Sprintf("Memory at the peak of training (%s): %sB a device", label, thousands(float64(peak.Total())))
	if p.Machine.GPU {
		t.Note += fmt.Sprintf(", besides about %sB for CUDA and its libraries", thousands(train.CUDAMemory))
	}
	t.Note += ". "
	for _, c := range s.Claims {
		if gone := s.Gone(c); gone != "" && c.NotRun == "" {
			t.Note += fmt.Sprintf("The claim %q will not be judged: %s. ", c.Says, gone)
		}
	}
	if s.NotRun != "" {
		t.Note += "Note: " + s.NotRun + "."
	}
	return t
}

// stageGroup is a row of a plan: the same stage of all seeds.
type stageGroup struct {
	name           string
	done, all      int
	spent          pipeline.Spent
	seconds, bytes float64
}

// groupStages adds up equal stages of all seeds, and all evaluations at the end.
func groupStages(p *pipeline.Plan) []stageGroup {
	var groups []stageGroup
	place := map[string]int{}
	add := func(name string, x pipeline.PlannedStage) {
		k, ok := place[name]
		if !ok {
			k = len(groups)
			place[name] = k
			groups = append(groups, stageGroup{name: name})
		}
		g := &groups[k]
		g.all++
		if x.Done {
			g.done++
		}
		g.spent, g.seconds, g.bytes = g.spent.Add(x.Spent), g.seconds+x.Seconds, g.bytes+x.Bytes
	}
	together := map[string]string{"evaluate": "evaluation of every arm", "likelihood": "gold solutions under every arm"}
	for _, x := range p.Stages {
		if together[x.Stage.Kind] == "" {
			name, _, _ := strings.Cut(x.Stage.Label, ", seed ")
			add(name, x)
		}
	}
	for _, kind := range []string{"evaluate", "likelihood"} {
		for _, x := range p.Stages {
			if x.Stage.Kind == kind {
				add(together[kind], x)
			}
		}
	}
	return groups
}

func seedText(seeds []int64) string {
	text := make([]string, len(seeds))
	for i, s := range seeds {
		text[i] = fmt.Sprint(s)
	}
	return strings.Join(text, ", ")
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// Run computes what is missing of the study behind a progress line, and writes its
// results folder. Results that are committed for exactly this study are used as they
// are. A run that fails costs its arm and seed only, and is named.
func (s *Study) Run() *Results {
	s.markOwn()
	if r := s.committed(); r != nil && len(r.Missing) == 0 {
		if dir := s.folder(); r.dir != dir {
			if err := r.Save(dir); err != nil {
				fail(err)
			}
			r.dir = dir
		}
		word := "✓ the results committed for this profile are used"
		for _, note := range r.Notes {
			word += "; they were " + note
		}
		show("", quietLine(word), word)
		return r
	}
	if lines := s.Warnings(); len(lines) > 0 {
		Text("this study asks for more than it has", strings.Join(lines, "\n"))
	}
	data, dir, err := RunStudy(s.lab.ctx, s.lab.store, s.Study, pipeline.SideBySide(), s.folder())
	if err != nil {
		fail(err)
	}
	return &Results{data, dir}
}

// markOwn marks a study that was changed in a cell as exploratory.
func (s *Study) markOwn() { s.Exploratory = s.Exploratory || s.IsOwn() }

// RunStudy runs a study behind a progress line and writes its results folder. Runs
// that failed are reported when at least one other finished.
func RunStudy(ctx context.Context, store *pipeline.Store, s *study.Study, sideBySide int, dir string) (*study.Results, string, error) {
	line := newProgressLine()
	store.Log = func(text string) { line.note(text) }
	began := time.Now()
	outcomes, err := s.Compute(ctx, store, sideBySide, line.update)
	if err != nil {
		line.end(s.Name + ": stopped")
		if errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%s was interrupted; what it had done is saved, run it again to go on", s.Name)
		}
		return nil, "", err
	}
	line.end(fmt.Sprintf("%s %s: %s, %s", tick(outcomes.Err() == nil), s.Name, outcomes, duration(time.Since(began).Seconds())))
	if err := outcomes.Err(); err != nil {
		if outcomes.Computed+outcomes.Resumed+outcomes.Reused == 0 {
			return nil, "", err
		}
		Text("these stages failed; the others are kept", err.Error())
	}
	data, err := s.Collect(store)
	if err != nil {
		return nil, "", err
	}
	return data, dir, data.Save(dir)
}

// Results are the study's results: those of the last run, else the committed ones,
// else they are computed. Arms that were added to the study since its results were
// committed are missing from them, and named; Run computes the study as it is now.
func (s *Study) Results() *Results {
	s.markOwn()
	if r := s.in(s.folder()); r != nil && len(r.Missing) == 0 {
		return r
	}
	if r := s.committed(); r != nil {
		return r
	}
	return s.Run()
}

// in are the study's results in a folder, nil where there are none.
func (s *Study) in(dir string) *Results {
	all, err := study.Load(dir)
	if err == nil {
		var r *study.Results
		if r, err = all.Of(s.Study); err == nil {
			return &Results{r, dir}
		}
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, study.ErrOtherStudy) {
		Text("these results cannot be used, and are left out", err.Error())
	}
	return nil
}

// committed are the results in the project's results folder, nil where there are
// none of this study.
func (s *Study) committed() *Results {
	dir, err := CommittedResults(s.Study)
	if err != nil {
		return nil
	}
	return s.in(dir)
}

// CommittedResults is the folder of a study's committed results: notebooks/results/PROFILE/STUDY.
func CommittedResults(s *study.Study) (string, error) {
	root, err := engine.ProjectRoot()
	return filepath.Join(root, "notebooks", "results", s.Profile, s.Name), err
}

// folder is where the study's results go: $INTERPLAY_RESULTS/NOTEBOOK, else build/results/PROFILE/STUDY.
func (s *Study) folder() string {
	return must(ResultsFolder(s.Study, s.lab.store.Root))
}

// ResultsFolder is where a study's results go: $INTERPLAY_RESULTS/NOTEBOOK, or
// $INTERPLAY_RESULTS/studies/STUDY where it has none, else
// build/results/PROFILE/STUDY beside the run store.
func ResultsFolder(s *study.Study, runs string) (string, error) {
	if dir := os.Getenv("INTERPLAY_RESULTS"); dir != "" {
		if s.Notebook == "" { // of a user's own, beside the notebook's
			return filepath.Join(dir, "studies", s.FolderName()), nil
		}
		return filepath.Join(dir, s.Notebook), nil
	}
	return filepath.Abs(filepath.Join(runs, "..", "build", "results", s.Profile, s.FolderName()))
}
