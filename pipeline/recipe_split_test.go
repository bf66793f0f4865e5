package pipeline

import (
	"strings"
	"testing"

	"interplay/kernelkit/gsm"
)

func TestNothingIsTrainedOnWhatModelsAreJudgedOn(t *testing.T) {
	p, err := ProfileByName("smoke", 1)
	if err != nil {
		t.Fatal(err)
	}
	for split, allowed := range map[gsm.Split]bool{gsm.Train: true, gsm.RL: true, gsm.Test: false, gsm.Validation: false} {
		r := p.Base
		r.Split = split
		if err := r.Validate(); (err == nil) != allowed || err != nil && !strings.Contains(err.Error(), split.String()) {
			t.Errorf("split %s: %v", split, err)
		}
	}
}
