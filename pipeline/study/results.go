package study

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/score"
	"interplay/kernelkit/strict"
	"interplay/kernelkit/train"
	"interplay/pipeline"
)

// Files of a study's results folder. Figures and claims are made from these alone.
const (
	ResultsFile    = "results.json"          // claims, numbers, what was spent
	RecordsFile    = "records.parquet"       // every judged sample
	MetricsFile    = "metrics.jsonl"         // every step of RL, training thinned
	LikelihoodFile = pipeline.LikelihoodFile // every gold solution under every arm, where the study asks for them
)

// Results is a study's results folder in memory. results.json holds the fields with a
// JSON name: a report, which notebooks write too, the verdicts on the claims, what was
// spent, and the study itself.
type Results struct {
	Format int `json:"format"` // of this file, resultsFormat
	pipeline.Report
	Verdicts []Judgement `json:"claims"`
	Fits     []Fit       `json:"laws,omitempty"`
	Spent    []Cost      `json:"spent"`
	Missing  []string    `json:"missing,omitempty"` // runs that have no evaluation
	Study    *Study      `json:"definition"`        // everything that was run, with the rules

	// Files are the SHA-256 of the files that were saved beside results.json, by name; nil in
	// results of before, which are held to the study's arms, seeds and steps alone.
	Files map[string]string `json:"files,omitempty"`

	Records     []Record     `json:"-"`
	Likelihoods []Likelihood `json:"-"` // empty where the study does not ask for them
	Metrics     []Metric     `json:"-"`
	Texts       []Text       `json:"-"` // a sample; none in results of before
	Scores      Scores       `json:"-"` // counted from Records and Likelihoods

	// Notes say what a reader must know of the results, such as that an earlier version
	// of a stage computed them. Of fills them in.
	Notes []string `json:"-"`
}

// resultsFormat is the version of results.json.
const resultsFormat = 2

// Cost is a stage that a study ran, and what it cost.
type Cost struct {
	Label  string         `json:"label"`
	Folder string         `json:"folder"` // in the run store that it was computed in
	Kind   string         `json:"kind"`
	Format int            `json:"format"` // of the stage when it was computed
	Recipe string         `json:"recipe"` // Stage.RecipeDigest: what was computed, whatever the format
	Arms   []string       `json:"arms"`
	Seed   int64          `json:"seed"`
	Spent  pipeline.Spent `json:"spent"`
}

// Record is one judged sample of an arm and seed (evaluate.Record without its text), a
// row of records.parquet.
type Record struct {
	Arm     string  `parquet:"arm,dict"`
	Seed    int64   `parquet:"seed"`
	Prompt  string  `parquet:"prompt,dict"`
	Op      int     `parquet:"op"`
	Mode    string  `parquet:"mode,dict"`
	Context string  `parquet:"context,dict"`
	Rank    int     `parquet:"rank"`
	Strict  bool    `parquet:"strict"`
	Answer  bool    `parquet:"answer"`
	Process float64 `parquet:"process,dict"`
	Class   string  `parquet:"class,dict"`
	Tokens  int     `parquet:"tokens"`
}

// Sample is the part of the record that scores are made of.
func (r *Record) Sample() score.Sample {
	x := evaluate.Record{Prompt: r.Prompt, Op: r.Op, Mode: r.Mode, Context: r.Context, Rank: r.Rank, Strict: r.Strict, Answer: r.Answer, Process: r.Process, Class: r.Class}
	return x.Sample()
}

// Likelihood is a gold solution under the model of an arm and seed, a row of likelihood.parquet.
type Likelihood struct {
	Arm    string  `parquet:"arm,dict"`
	Seed   int64   `parquet:"seed"`
	Prompt string  `parquet:"prompt,dict"`
	NLL    float32 `parquet:"nll"` // nats, summed over the scored tokens
	Tokens int     `parquet:"tokens"`
}

// Metric is one line of metrics.jsonl: a step of RL, or the mean of a few steps of training.
type Metric struct {
	Arm  string `json:"arm"` // the first that needs the stage
	Seed int64  `json:"seed"`
	Kind string `json:"kind"` // train or rl
	Name string `json:"name"` // of the step in its arm
	Step int    `json:"step"`

	Tokens int64   `json:"tokens,omitempty"` // trained so far
	Loss   float64 `json:"loss"`

	Reward     float64        `json:"reward,omitempty"`
	Strict     float64        `json:"strict,omitempty"`
	Answer     float64        `json:"answer,omitempty"`
	ZeroStd    float64        `json:"frac_reward_zero_std,omitempty"`
	Length     float64        `json:"completion_length,omitempty"`
	Lucky      float64        `json:"lucky,omitempty"` // share of right answers with a wrong process
	FirstWrong map[string]int `json:"first_wrong,omitempty"`

	Entropy    float64         `json:"entropy,omitempty"` // nats a token
	GradNorm   float64         `json:"grad_norm,omitempty"`
	ClipShare  float64         `json:"clip_share,omitempty"`   // of tokens without a gradient, for the clip
	KL         float64         `json:"kl,omitempty"`           // to the start, where the loss has the term
	RewardByOp map[int]float64 `json:"reward_by_op,omitempty"` // mean reward of each op's samples
	Problems   int             `json:"problems,omitempty"`     // of the step; which ones follows from the recipe and the step
}

// Collect gathers what is finished of the study in the store: samples, logs, costs;
// it judges the claims. Runs that are not finished are listed as missing.
func (s *Study) Collect(st *pipeline.Store) (*Results, error) {
	r := &Results{Format: resultsFormat, Study: s, Report: pipeline.Report{Name: s.resultsName(), Profile: s.Profile, Seed: s.Seeds[0]}}
	at := map[string]int{} // of a stage in Spent
	for _, run := range s.Runs() {
		for i, stage := range run.stages() {
			if k, ok := at[stage.Address()]; ok {
				r.Spent[k].Arms = append(r.Spent[k].Arms, run.Arm.Name)
				continue
			}
			done, err := st.Done(stage)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return nil, err
			}
			at[stage.Address()] = len(r.Spent)
			r.Spent = append(r.Spent, Cost{stage.Label, stage.Folder(), stage.Kind, stage.Format, stage.RecipeDigest(), []string{run.Arm.Name}, run.Seed, done.Spent})
			if i < len(run.Steps) {
				if err := errors.Join(r.addMetrics(st, run, i), r.addKept(st, run, stage)); err != nil {
					return nil, err
				}
			}
		}
		if err := errors.Join(r.addRecords(st, run), r.addLikelihoods(st, run)); err != nil {
			return nil, err
		}
	}
	r.Texts = thin(r.Texts, mostText)
	return r, r.conclude()
}

// resultsName is what the results folder is called: as the notebook, where there is one.
func (s *Study) resultsName() string {
	if s.Notebook != "" {
		return s.Notebook
	}
	return s.Name
}

func (r *Results) addRecords(st *pipeline.Store, run Run) error {
	records, err := evaluate.Read(filepath.Join(st.Dir(run.Eval), pipeline.RecordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		r.Missing = append(r.Missing, fmt.Sprintf("%s, seed %d", run.Arm.Name, run.Seed))
		return nil
	}
	for i, x := range records {
		r.text(run, &records[i])
		r.Records = append(r.Records, Record{run.Arm.Name, run.Seed, x.Prompt, x.Op, x.Mode, x.Context, x.Rank, x.Strict, x.Answer, x.Process, x.Class, x.Tokens})
	}
	return err
}

func (r *Results) addLikelihoods(st *pipeline.Store, run Run) error {
	if run.NLL == nil {
		return nil
	}
	texts, err := pipeline.ReadLikelihoods(st.Dir(run.NLL))
	if errors.Is(err, fs.ErrNotExist) {
		r.Missing = append(r.Missing, fmt.Sprintf("likelihoods of %s, seed %d", run.Arm.Name, run.Seed))
		return nil
	}
	for _, x := range texts {
		r.Likelihoods = append(r.Likelihoods, Likelihood{run.Arm.Name, run.Seed, x.Prompt, float32(x.NLL), x.Tokens})
	}
	return err
}

func (r *Results) addMetrics(st *pipeline.Store, run Run, i int) error {
	stage := run.Steps[i]
	m := Metric{Arm: run.Arm.Name, Seed: run.Seed, Kind: stage.Kind, Name: run.Arm.Steps[i].Name}
	log := filepath.Join(st.Dir(stage), pipeline.MetricsLog)
	if stage.Kind == "rl" {
		steps, err := pipeline.ReadLines[grpo.Metrics](log)
		for _, x := range steps {
			m.Step, m.Loss, m.Reward, m.Strict, m.Answer, m.ZeroStd, m.Length = x.Step, x.Loss, x.RewardMean, x.Strict, x.Answer, x.FracRewardZeroStd, x.CompletionLength
			m.FirstWrong, m.Lucky = x.FirstWrong, 0
			m.Entropy, m.GradNorm, m.ClipShare, m.KL, m.Problems, m.RewardByOp = x.Entropy, x.GradNorm, x.ClipRatio, x.KL, x.Prompts, map[int]float64{}
			for op, count := range x.ByOp {
				m.RewardByOp[op] = count.Reward
			}
			if right := x.Confusion.RightRight + x.Confusion.RightWrong; right > 0 {
				m.Lucky = float64(x.Confusion.RightWrong) / float64(right)
			}
			r.Metrics = append(r.Metrics, m)
		}
		return err
	}
	steps, err := pipeline.ReadLines[train.Metrics](log)
	every := max(1, len(steps)/100)
	for chunk := range slices.Chunk(steps, every) {
		m.Loss = 0
		for _, x := range chunk {
			m.Loss += x.Loss / float64(len(chunk))
		}
		last := chunk[len(chunk)-1]
		m.Step, m.Tokens = last.Step, last.Tokens
		r.Metrics = append(r.Metrics, m)
	}
	return err
}

// conclude computes scores, where they were not counted yet, numbers and verdicts from the records.
func (r *Results) conclude() (err error) {
	if r.Scores == nil {
		if r.Scores, err = scoresOf(r.Records, r.Likelihoods); err != nil {
			return err
		}
	}
	if r.Verdicts, err = r.Study.Judge(r.Scores); err != nil {
		return err
	}
	if r.Fits, err = r.Study.Fits(r.Scores); err != nil {
		return err
	}
	return r.number()
}

// number fills in the report: what was evaluated, every arm on every range, and the
// effects of the claims.
func (r *Results) number() error {
	s := r.Study
	list := []pipeline.Number{
		pipeline.Exact("arms", "recipes compared", "recipes", float64(len(s.Arms))),
		pipeline.Exact("seeds", "independent seeds", "seeds", float64(len(s.Seeds))),
		pipeline.Exact("runs-missing", "runs without an evaluation", "runs", float64(len(r.Missing))),
		pipeline.Exact("samples", "judged samples", "samples", float64(len(r.Records))),
	}
	for _, arm := range s.Arms {
		for _, ops := range s.Ranges {
			for _, m := range []Measure{Pass1, PassK} {
				of := m
				if m == PassK { // the same k for all arms, where some have more samples
					of = PassAt(min(s.Samples(&arm), s.Evaluation.Samples))
				}
				v, _, err := s.Measure([]Term{{1, arm.Name, ops.Name, of}}, r.Scores)
				if errors.Is(err, score.ErrNoData) {
					continue
				} else if err != nil {
					return err
				}
				list = append(list, pipeline.Measured(arm.Name+"/"+ops.Name+"/"+string(m), fmt.Sprintf("%s, %s, strict %s", arm.Label, ops.Title, m), "share", v))
			}
		}
	}
	for _, c := range r.Verdicts {
		if c.Note == "" {
			list = append(list, pipeline.Measured("claim/"+c.ID, c.Says, c.Unit(), c.Found))
		}
	}
	for _, f := range r.Fits {
		if f.Note == "" {
			list = append(list, pipeline.Measured("law/"+f.ID, f.Says, "points a point", f.Coefficient()))
		}
	}
	r.Numbers = list
	return nil
}

// Save writes the results folder.
func (r *Results) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, m := range r.Metrics {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		lines.Write(append(text, '\n'))
	}
	err := errors.Join(pipeline.WriteParquet(filepath.Join(dir, RecordsFile), r.Records), durable.WriteFile(filepath.Join(dir, MetricsFile), lines.Bytes()))
	if r.Study.Likelihood {
		err = errors.Join(err, pipeline.WriteParquet(filepath.Join(dir, LikelihoodFile), r.Likelihoods))
	}
	if len(r.Texts) > 0 {
		err = errors.Join(err, pipeline.WriteParquet(filepath.Join(dir, TextsFile), r.Texts))
	} else if old := os.Remove(filepath.Join(dir, TextsFile)); !errors.Is(old, fs.ErrNotExist) {
		err = errors.Join(err, old) // of the study that was saved here before
	}
	if err != nil {
		return err
	}
	r.Files = map[string]string{}
	for _, name := range r.files() {
		if r.Files[name], err = strict.Digest(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return durable.WriteJSON(filepath.Join(dir, ResultsFile), r)
}

// files are the names of the files beside results.json.
func (r *Results) files() []string {
	names := []string{RecordsFile, MetricsFile}
	if r.Study.Likelihood {
		names = append(names, LikelihoodFile)
	}
	if len(r.Texts) > 0 {
		names = append(names, TextsFile)
	}
	return names
}

// Load reads a results folder. The error is fs.ErrNotExist where there is none; where a file
// of it is missing, is damaged or was saved with other results, the error names the file.
func Load(dir string) (*Results, error) {
	// Nearly all that is allocated here stays, so collecting it on the way finds nothing to free: with 400 for 100 it takes
	// a seventh less time, in as much memory.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	text, err := strict.ReadFile(filepath.Join(dir, ResultsFile), largestFile)
	if err != nil {
		return nil, err
	}
	r := &Results{}
	if err := cmp.Or(strict.Check(text), json.Unmarshal(text, r)); err != nil { // fields of later versions pass
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ResultsFile), strict.Plain(err))
	}
	if r.Format != resultsFormat {
		return nil, fmt.Errorf("%s has format %d, this version reads %d: run the study again, its stages are reused", filepath.Join(dir, ResultsFile), r.Format, resultsFormat)
	}
	if r.Study == nil {
		return nil, fmt.Errorf("%s holds no study", filepath.Join(dir, ResultsFile))
	}
	if err := r.read(dir); err != nil {
		return nil, err
	}
	if err := r.counted(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, RecordsFile), err)
	}
	if err := r.together(dir); err != nil {
		return nil, err
	}
	r.Scores, err = scoresOf(r.Records, r.Likelihoods)
	return r, err
}

// takeTogether is what to do about files of a results folder that do not belong together.
const takeTogether = "take all files from one place, or run the study again, its stages are reused"

// read reads the files beside results.json.
func (r *Results) read(dir string) (err error) {
	missing := func(name string, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // said in words: this is no folder without results
			return fmt.Errorf("%s is missing beside %s: %s", filepath.Join(dir, name), ResultsFile, takeTogether)
		}
		return err
	}
	if r.Records, err = evaluate.ReadRows[Record](filepath.Join(dir, RecordsFile)); err != nil {
		return missing(RecordsFile, err)
	}
	if r.Metrics, err = pipeline.ReadLines[Metric](filepath.Join(dir, MetricsFile)); err != nil {
		return missing(MetricsFile, err)
	}
	if r.Study.Likelihood {
		if r.Likelihoods, err = evaluate.ReadRows[Likelihood](filepath.Join(dir, LikelihoodFile)); err != nil {
			return missing(LikelihoodFile, err)
		}
	}
	if r.Texts, err = evaluate.ReadRows[Text](filepath.Join(dir, TextsFile)); errors.Is(err, fs.ErrNotExist) && r.Files[TextsFile] == "" {
		return nil // results of before have none
	} else if err != nil {
		return missing(TextsFile, err)
	}
	return nil
}

// together says whether the files of a results folder were saved with each other: by their
// digests, and in results of before by the arms, seeds and steps that they speak of.
func (r *Results) together(dir string) error {
	if r.Files == nil {
		return r.strangers(dir)
	}
	for _, name := range r.files() {
		digest, err := strict.Digest(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if digest != r.Files[name] {
			return fmt.Errorf("%s is not the one that was saved with %s: %s", filepath.Join(dir, name), ResultsFile, takeTogether)
		}
	}
	return nil
}

// strangers names the first file that speaks of a run or a step that the study does not have.
func (r *Results) strangers(dir string) error {
	runs, steps := map[runKey]bool{}, map[string]bool{}
	for _, a := range r.Study.Arms {
		for _, seed := range r.Study.Seeds {
			runs[runKey{a.Name, seed}] = true
		}
		for _, step := range a.Steps {
			steps[a.Name+"/"+step.Name] = true
		}
	}
	is := func(file, arm string, seed int64, step string) error {
		if runs[runKey{arm, seed}] && (step == "" || steps[arm+"/"+step]) {
			return nil
		}
		return fmt.Errorf("%s speaks of arm %s, seed %d%s, which the study of %s does not have: %s", filepath.Join(dir, file), arm, seed, map[bool]string{true: ", step " + step}[step != ""], ResultsFile, takeTogether)
	}
	for i := range r.Records {
		if err := is(RecordsFile, r.Records[i].Arm, r.Records[i].Seed, ""); err != nil {
			return err
		}
	}
	for _, m := range r.Metrics {
		if err := is(MetricsFile, m.Arm, m.Seed, m.Name); err != nil {
			return err
		}
	}
	for _, x := range r.Likelihoods {
		if err := is(LikelihoodFile, x.Arm, x.Seed, ""); err != nil {
			return err
		}
	}
	for i := range r.Texts {
		if err := is(TextsFile, r.Texts[i].Arm, r.Texts[i].Seed, ""); err != nil {
			return err
		}
	}
	return nil
}

// counted holds the records to the number of samples that results.json names: a file that
// lost rows is no smaller study.
func (r *Results) counted() error {
	for _, n := range r.Numbers {
		if n.ID == "samples" && n.Value != float64(len(r.Records)) {
			return fmt.Errorf("%d samples, and %s counts %.0f: the file is not the one that was saved with it; %s",
				len(r.Records), ResultsFile, n.Value, takeTogether)
		}
	}
	return nil
}

// Check recomputes numbers and verdicts from the records and names the first difference.
func (r *Results) Check() error {
	again := &Results{Study: r.Study, Missing: r.Missing, Records: r.Records, Likelihoods: r.Likelihoods}
	if err := again.conclude(); err != nil {
		return err
	}
	for i, c := range again.Verdicts {
		if i >= len(r.Verdicts) || r.Verdicts[i].ID != c.ID {
			return fmt.Errorf("claim %s is not in results.json", c.ID)
		}
		if was := r.Verdicts[i]; was.Verdict != c.Verdict || was.Found != c.Found {
			return fmt.Errorf("claim %s: results.json has %s (%v), its records give %s (%v)", c.ID, was.Verdict, was.Found, c.Verdict, c.Found)
		}
	}
	// Tolerances are of the comparison with another run, and not of these results.
	same := func(a, b pipeline.Number) bool { a.Tolerance = b.Tolerance; return a == b }
	if !slices.EqualFunc(again.Numbers, r.Numbers, same) {
		return errors.New("results.json holds other numbers than its records give")
	}
	return nil
}
