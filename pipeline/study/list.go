package study

import (
	"fmt"
	"strings"

	"interplay/pipeline"
)

// list holds the studies in the order of their notebooks. A study is added by a file of
// its own and a line here.
var list = []struct {
	name string
	make func(*scale) *Study
}{
	{"edge", edgeStudy},
	{"exposure", exposureStudy},
	{"split", splitStudy},
	{"reward", rewardStudy},
	{"hard", hardStudy},
	{"share", shareStudy},
	{"gain", gainStudy},
	{"judges", judgesStudy},
	{"algorithms", algorithmsStudy},
}

// Names lists the studies by name, in the order of their notebooks.
func Names() []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.name
	}
	return names
}

// ByName returns a study of the project at a profile's scale.
func ByName(name, profile string, seed int64) (*Study, error) {
	p, err := pipeline.ProfileByName(profile, seed)
	if err != nil {
		return nil, err
	}
	for _, entry := range list {
		if entry.name == name {
			s := entry.make(&scale{p, seed})
			s.Name = name
			s.markNotRun()
			return s, s.Validate()
		}
	}
	return nil, fmt.Errorf("unknown study %q: expected %s, or a JSON file of your own", name, strings.Join(Names(), ", "))
}
