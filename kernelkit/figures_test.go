package kernelkit

import (
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/pipeline"
	"interplay/pipeline/study"
)

// Whatever the last step of an arm is, the ops that it was trained on are known.
func TestTrainedOpsOfEveryKindOfStep(t *testing.T) {
	data := gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 5, Max: 6}, "A")
	base := study.Step{Train: &pipeline.Pretraining{Data: data}}
	for name, last := range map[string]study.Step{
		"training": base, "RL": {RL: &pipeline.Reinforcement{Data: data}}, "rejection": {Reject: &pipeline.Rejection{Data: data}},
	} {
		a := &study.Arm{Steps: []study.Step{base, last}}
		if trained(a, 4) || !trained(a, 5) || !trained(a, 6) || trained(a, 7) {
			t.Errorf("%s on ops 5-6: ops 4 to 7 are %v %v %v %v", name, trained(a, 4), trained(a, 5), trained(a, 6), trained(a, 7))
		}
	}
	if trained(&study.Arm{Steps: []study.Step{base}}, 5) {
		t.Error("a base has a framed op")
	}
}
