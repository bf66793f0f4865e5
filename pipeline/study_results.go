package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"

	"interplay/kernelkit/durable"
	"interplay/kernelkit/evaluate"
	"interplay/kernelkit/grpo"
	"interplay/kernelkit/score"
	"interplay/kernelkit/train"
)

// Files of a study's results folder. Figures and claims are made from these alone.
const (
	ResultsFile      = "results.json"    // claims, numbers, what was spent
	StudyRecordsFile = "records.parquet" // every judged sample
	StudyMetricsFile = "metrics.jsonl"   // every step of RL, training thinned
)

// StudyResults is a study's results.json: the study itself, what was found, and
// what it cost. Its first fields are those of Results.
type StudyResults struct {
	Results
	Claims  []Judgement `json:"claims"`
	Spent   []StageCost `json:"spent"`
	Missing []string    `json:"missing,omitempty"` // runs that have no evaluation
	Recipe  *Study      `json:"recipe"`            // everything that was run, with the rules
}

// StageCost is a stage that a study ran, and what it cost.
type StageCost struct {
	Label  string   `json:"label"`
	Folder string   `json:"folder"` // kind and address
	Arms   []string `json:"arms"`
	Seed   int64    `json:"seed"`
	Spent  Spent    `json:"spent"`
}

// StudyRecord is one judged sample, a row of records.parquet.
type StudyRecord struct {
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
func (r *StudyRecord) Sample() score.Sample {
	x := evaluate.Record{Prompt: r.Prompt, Op: r.Op, Mode: r.Mode, Context: r.Context, Rank: r.Rank, Strict: r.Strict, Answer: r.Answer, Process: r.Process, Class: r.Class}
	return x.Sample()
}

// StudyMetric is one line of metrics.jsonl: a step of RL, or the mean of a few steps of training.
type StudyMetric struct {
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
}

// StudyData is a results folder in memory.
type StudyData struct {
	StudyResults
	Scores      Scores
	Records     []StudyRecord
	Likelihoods []StudyLikelihood // empty where the study does not ask for them
	Metrics     []StudyMetric
}

// Collect gathers what is finished of a study from the store: samples, logs, costs;
// it judges the claims. Runs that are not finished are listed as missing.
func (st *Store) Collect(s *Study) (*StudyData, error) {
	d := &StudyData{StudyResults: StudyResults{Recipe: s, Results: Results{Study: s.resultsName(), Profile: s.Profile, Seed: s.Seeds[0]}}}
	at := map[string]int{} // of a stage in Spent
	for _, r := range s.Runs() {
		for i, stage := range r.stages() {
			if k, ok := at[stage.Address()]; ok {
				d.Spent[k].Arms = append(d.Spent[k].Arms, r.Arm.Name)
				continue
			}
			done, err := st.Done(stage)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return nil, err
			}
			at[stage.Address()] = len(d.Spent)
			d.Spent = append(d.Spent, StageCost{stage.Label, folderOf(stage), []string{r.Arm.Name}, r.Seed, done.Spent})
			if i < len(r.Steps) {
				if err := d.addMetrics(st, r, i); err != nil {
					return nil, err
				}
			}
		}
		if err := errors.Join(d.addRecords(st, r), d.addLikelihoods(st, r)); err != nil {
			return nil, err
		}
	}
	return d, d.conclude()
}

// resultsName is what the results folder is called: as the notebook, where there is one.
func (s *Study) resultsName() string {
	if s.Notebook != "" {
		return s.Notebook
	}
	return s.Name
}

func (d *StudyData) addRecords(st *Store, r Run) error {
	records, err := evaluate.Read(filepath.Join(st.Dir(r.Eval), RecordsFile))
	if errors.Is(err, fs.ErrNotExist) {
		d.Missing = append(d.Missing, fmt.Sprintf("%s, seed %d", r.Arm.Name, r.Seed))
		return nil
	}
	for _, x := range records {
		d.Records = append(d.Records, StudyRecord{r.Arm.Name, r.Seed, x.Prompt, x.Op, x.Mode, x.Context, x.Rank, x.Strict, x.Answer, x.Process, x.Class, x.Tokens})
	}
	return err
}

func (d *StudyData) addLikelihoods(st *Store, r Run) error {
	if r.NLL == nil {
		return nil
	}
	texts, err := readLikelihood(st.Dir(r.NLL))
	if errors.Is(err, fs.ErrNotExist) {
		d.Missing = append(d.Missing, fmt.Sprintf("likelihoods of %s, seed %d", r.Arm.Name, r.Seed))
		return nil
	}
	for _, x := range texts {
		d.Likelihoods = append(d.Likelihoods, StudyLikelihood{r.Arm.Name, r.Seed, x.Prompt, float32(x.NLL), x.Tokens})
	}
	return err
}

func (d *StudyData) addMetrics(st *Store, r Run, i int) error {
	stage := r.Steps[i]
	m := StudyMetric{Arm: r.Arm.Name, Seed: r.Seed, Kind: stage.Kind, Name: r.Arm.Steps[i].Name}
	log := filepath.Join(st.Dir(stage), MetricsLog)
	if stage.Kind == "rl" {
		steps, err := ReadLines[grpo.Metrics](log)
		for _, x := range steps {
			m.Step, m.Loss, m.Reward, m.Strict, m.Answer, m.ZeroStd, m.Length = x.Step, x.Loss, x.RewardMean, x.Strict, x.Answer, x.FracRewardZeroStd, x.CompletionLength
			m.FirstWrong, m.Lucky = x.FirstWrong, 0
			if right := x.Confusion.RightRight + x.Confusion.RightWrong; right > 0 {
				m.Lucky = float64(x.Confusion.RightWrong) / float64(right)
			}
			d.Metrics = append(d.Metrics, m)
		}
		return err
	}
	steps, err := ReadLines[train.Metrics](log)
	every := max(1, len(steps)/100)
	for chunk := range slices.Chunk(steps, every) {
		m.Loss = 0
		for _, x := range chunk {
			m.Loss += x.Loss / float64(len(chunk))
		}
		last := chunk[len(chunk)-1]
		m.Step, m.Tokens = last.Step, last.Tokens
		d.Metrics = append(d.Metrics, m)
	}
	return err
}

// conclude computes scores, numbers and verdicts from the records.
func (d *StudyData) conclude() (err error) {
	if d.Scores, err = scoresOf(d.Records, d.Likelihoods); err != nil {
		return err
	}
	if d.StudyResults.Claims, err = d.Recipe.Judge(d.Scores); err != nil {
		return err
	}
	return d.number()
}

// scoresOf counts the samples of every arm and seed, and gives the prompts the
// likelihoods of their gold solutions.
func scoresOf(records []StudyRecord, likelihoods []StudyLikelihood) (Scores, error) {
	type run struct {
		arm  string
		seed int64
	}
	samples := map[run][]score.Sample{}
	for _, r := range records {
		key := run{r.Arm, r.Seed}
		samples[key] = append(samples[key], r.Sample())
	}
	scores := Scores{}
	for key, list := range samples {
		prompts, err := score.Summarise(list)
		if err != nil {
			return nil, fmt.Errorf("records of %s, seed %d: %w", key.arm, key.seed, err)
		}
		if scores[key.arm] == nil {
			scores[key.arm] = score.Seeds{}
		}
		scores[key.arm][key.seed] = prompts
	}
	scores.attach(likelihoods)
	return scores, nil
}

// tolerance is by how much a share may differ on another machine: programs sum in
// another order there, the runs drift apart, and short ones most.
const tolerance = 0.35

// number fills in the list of results: what was evaluated, every arm on every
// range, and the effects of the claims.
func (d *StudyData) number() error {
	s := d.Recipe
	list := []Result{
		Exact("arms", "recipes compared", "recipes", float64(len(s.Arms))),
		Exact("seeds", "independent seeds", "seeds", float64(len(s.Seeds))),
		Exact("runs-missing", "runs without an evaluation", "runs", float64(len(d.Missing))),
		Exact("samples", "judged samples", "samples", float64(len(d.Records))),
	}
	for _, arm := range s.Arms {
		for _, r := range s.Ranges {
			for _, m := range []Measure{Pass1, PassK} {
				v, _, err := s.Measure([]Term{{1, arm.Name, r.Name, m}}, d.Scores)
				if errors.Is(err, score.ErrNoData) {
					continue
				} else if err != nil {
					return err
				}
				list = append(list, Measured(arm.Name+"/"+r.Name+"/"+string(m), fmt.Sprintf("%s, %s, strict %s", arm.Label, r.Title, m), "share", v, tolerance))
			}
		}
	}
	for _, c := range d.StudyResults.Claims {
		if c.Note == "" {
			list = append(list, Measured("claim/"+c.ID, c.Says, c.Unit(), c.Found, 2*tolerance))
		}
	}
	d.Results.Results = list
	return nil
}

// Save writes the results folder.
func (d *StudyData) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, m := range d.Metrics {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		lines.Write(append(text, '\n'))
	}
	err := errors.Join(writeParquet(filepath.Join(dir, StudyRecordsFile), d.Records), durable.WriteFile(filepath.Join(dir, StudyMetricsFile), lines.Bytes()))
	if d.Recipe.Likelihood {
		err = errors.Join(err, writeParquet(filepath.Join(dir, LikelihoodFile), d.Likelihoods))
	}
	return errors.Join(err, durable.WriteJSON(filepath.Join(dir, ResultsFile), d.StudyResults))
}

// LoadStudy reads a results folder.
func LoadStudy(dir string) (*StudyData, error) {
	text, err := os.ReadFile(filepath.Join(dir, ResultsFile))
	if err != nil {
		return nil, err
	}
	d := &StudyData{}
	if err := json.Unmarshal(text, &d.StudyResults); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ResultsFile), err)
	}
	if d.Recipe == nil {
		return nil, fmt.Errorf("%s holds no study", filepath.Join(dir, ResultsFile))
	}
	if d.Records, err = parquet.ReadFile[StudyRecord](filepath.Join(dir, StudyRecordsFile)); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, StudyRecordsFile), err)
	}
	if d.Metrics, err = ReadLines[StudyMetric](filepath.Join(dir, StudyMetricsFile)); err != nil {
		return nil, err
	}
	if d.Recipe.Likelihood {
		if d.Likelihoods, err = parquet.ReadFile[StudyLikelihood](filepath.Join(dir, LikelihoodFile)); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, LikelihoodFile), err)
		}
	}
	d.Scores, err = scoresOf(d.Records, d.Likelihoods)
	return d, err
}

// Seeds are the seeds that have records.
func (d *StudyData) Seeds() []int64 {
	var seeds []int64
	for _, r := range d.Records {
		if !slices.Contains(seeds, r.Seed) {
			seeds = append(seeds, r.Seed)
		}
	}
	return seeds
}

// IsOf reports whether the results are of exactly this study: the same recipes,
// seeds, problems and rules, and none of its runs missing.
func (d *StudyData) IsOf(s *Study) bool {
	mine, errA := json.Marshal(d.Recipe)
	other, errB := json.Marshal(s)
	if errA != nil || errB != nil || !bytes.Equal(mine, other) || len(d.Missing) > 0 {
		return false
	}
	addresses := map[string]bool{}
	for _, x := range d.Spent {
		addresses[x.Folder] = true
	}
	for _, stage := range s.Stages() { // the same recipe has another address when a stage's format changed
		if !addresses[folderOf(stage)] {
			return false
		}
	}
	return true
}

// Check recomputes numbers and verdicts from the records and names the first difference.
func (d *StudyData) Check() error {
	again := &StudyData{StudyResults: StudyResults{Recipe: d.Recipe, Missing: d.Missing}, Records: d.Records, Likelihoods: d.Likelihoods}
	if err := again.conclude(); err != nil {
		return err
	}
	for i, c := range again.StudyResults.Claims {
		if i >= len(d.StudyResults.Claims) || d.StudyResults.Claims[i].ID != c.ID {
			return fmt.Errorf("claim %s is not in results.json", c.ID)
		}
		if was := d.StudyResults.Claims[i]; was.Verdict != c.Verdict || was.Found != c.Found {
			return fmt.Errorf("claim %s: results.json has %s (%v), its records give %s (%v)", c.ID, was.Verdict, was.Found, c.Verdict, c.Found)
		}
	}
	if !slices.Equal(again.Results.Results, d.Results.Results) {
		return errors.New("results.json holds other numbers than its records give")
	}
	return nil
}

// Value is what an arm scores on a range of ops, with its 95 % interval over seeds
// and prompts; false when it has no data there.
func (d *StudyData) Value(arm string, r OpRange, m score.Measure) (score.Interval, bool) {
	v, _, err := score.Contrast([]score.Term{{Weight: 1, Scores: r.of(d.Scores[arm]), Measure: m}}, score.Confidence)
	return v, err == nil
}

// Difference is what an arm scores on a range of ops more than another, paired by seed and
// prompt, with its 95 % interval over both; false when they have no data in common there.
func (d *StudyData) Difference(arm, from string, r OpRange, m score.Measure) (score.Interval, bool) {
	v, _, err := score.Contrast([]score.Term{
		{Weight: 1, Scores: r.of(d.Scores[arm]), Measure: m}, {Weight: -1, Scores: r.of(d.Scores[from]), Measure: m},
	}, score.Confidence)
	return v, err == nil
}
