package kernelkit

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
)

// ownStudy is a study of one's own with a base, in a lab that has no store.
func ownStudy(t *testing.T) (*Lab, *Study) {
	t.Helper()
	p, err := pipeline.ProfileByName("smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	lab := &Lab{Name: "own", Seed: 1, profile: p}
	s := lab.NewStudy("mine", "What is asked?")
	s.AddBase("base", lab.TrainRecipe())
	return lab, s
}

// A recipe can be changed and used again: what was given away keeps its own.
func TestARecipeThatWasGivenAwayIsACopy(t *testing.T) {
	lab, s := ownStudy(t)
	s.Arms = nil
	train, rl, rejection := lab.TrainRecipe(), lab.RLRecipe(), lab.RejectionRecipe()
	s.AddBase("base", train)
	s.Branch("rl", "RL", rl)
	s.Branch("reject", "rejection fine-tuning", rejection)
	s.Branch("train", "more training", train)
	before := s.Arms[1].Steps[1].RL.Data.Mix[0].Ops
	changed := gsm.Range{Min: 7, Max: 9}
	for _, data := range []Mix{train.Data, rl.Data, rejection.Data} {
		data.Mix[0].Ops, data.Mix[0].Contexts[0] = changed, "B"
	}
	for _, a := range s.Arms {
		for _, step := range a.Steps {
			var data Mix
			switch {
			case step.Train != nil:
				data = step.Train.Data
			case step.RL != nil:
				data = step.RL.Data
			default:
				data = step.Reject.Data
			}
			if b := data.Mix[0]; b.Ops == changed || b.Contexts[0] != "A" {
				t.Errorf("arm %s, %s: its problems are now %+v", a.Name, step.Name, b)
			}
		}
	}
	s.As("another").Arms[1].Steps[1].RL.Data.Mix[0].Ops = changed
	s.Arms[1].Steps[0].Train.Train.Steps = 77
	if got := s.Arms[1].Steps[1].RL.Data.Mix[0].Ops; got != before || s.Arms[0].Steps[0].Train.Train.Steps == 77 {
		t.Error("a change of one arm changed another")
	}
	lab.Profile().Base.Data.Mix[0].Contexts[0] = "B"
	lab.TrainRecipe().Data.Mix[0].Contexts[0] = "B"
	if got := lab.TrainRecipe().Data.Mix[0].Contexts[0]; got != "A" {
		t.Errorf("the lab's own recipe now has the context %s", got)
	}
}

// An arm goes on from the end of another, with all that it was trained on.
func TestAnArmGoesOnFromAllStepsOfAnother(t *testing.T) {
	lab, s := ownStudy(t)
	s.Branch("once", "RL", lab.RLRecipe())
	s.BranchFrom(1, "twice", "RL, and again", lab.RLRecipe())
	var steps []string
	for _, step := range s.Arms[2].Steps {
		steps = append(steps, step.Name)
	}
	if got := strings.Join(steps, ", "); got != "pre-training, RL, RL" {
		t.Errorf("the steps are %s", got)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	for arm, want := range map[int]string{-1: "expected 0 to 2", 3: "expected 0 to 2"} {
		if err := s.branch(arm, "no", "no", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("from arm %d: the error is %v", arm, err)
		}
	}
	s.Arms = nil
	if err := s.branch(0, "no", "no", nil); err == nil || !strings.Contains(err.Error(), "AddBase") {
		t.Errorf("without a base: the error is %v", err)
	}
}

// From a model on its way RL begins with that model, and nothing else can.
func TestAnArmThatGoesOnFromAModelOnItsWay(t *testing.T) {
	lab, s := ownStudy(t)
	s.Arms[0].At = 500
	s.Branch("rl", "RL", lab.RLRecipe())
	if got := s.Arms[1].Steps[1].RL.Start; got != 500 {
		t.Errorf("RL begins at step %d", got)
	}
	if err := s.branch(0, "more", "more", []any{lab.TrainRecipe()}); err == nil || !strings.Contains(err.Error(), "only RL") {
		t.Errorf("the error is %v", err)
	}
}

// Claims can be taken away and others expected: each has an id of its own.
func TestClaimsThatAreExpectedHaveIDsOfTheirOwn(t *testing.T) {
	lab, s := ownStudy(t)
	s.Branch("rl", "RL", lab.RLRecipe())
	for range 3 {
		s.Expect("RL helps", Gain("rl", "base", "edge", Pass1), Above(0))
	}
	s.Claims = s.Claims[1:]
	s.Expect("RL helps", Gain("rl", "base", "edge", Pass1), Above(0))
	if err := s.Validate(); err != nil || s.Claims[2].ID != "own-1" {
		t.Errorf("%v, %+v", err, s.Claims)
	}
}
