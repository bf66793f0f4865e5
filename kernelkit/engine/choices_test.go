package engine

import (
	"strings"
	"testing"
)

func TestChoicesSayWhatTheUserAskedFor(t *testing.T) {
	of := func(e *Engine, setting string) Choice {
		for _, c := range e.Choices() {
			if c.Setting == setting {
				return c
			}
		}
		t.Fatalf("no choice of %s: %+v", setting, e.Choices())
		return Choice{}
	}
	e := &Engine{Platform: "cpu", KeepsBlocks: true}
	t.Setenv(threadsEnv, "4")
	t.Setenv("XLA_FLAGS", "--xla_dump_to=/tmp/x")
	if got := of(e, "threads").Value; got != "4" {
		t.Errorf("threads %s, want 4", got)
	}
	if got := of(e, "vector width, bits").Value; got != "256" {
		t.Errorf("vector width %s, want 256", got)
	}
	if got := of(e, "memory").Value; !strings.HasPrefix(got, "large blocks kept") {
		t.Errorf("memory %s, want blocks kept", got)
	}
	t.Setenv("XLA_FLAGS", "--xla_dump_to=/tmp/x --xla_cpu_prefer_vector_width=512")
	if got := of(e, "vector width, bits").Value; got != "512" {
		t.Errorf("vector width %s, want 512", got)
	}
	if got := of(&Engine{Platform: "cpu"}, "memory").Value; got != "the C library's" {
		t.Errorf("memory %s where blocks are not kept", got)
	}
	if got := (&Engine{Platform: "cuda"}).Choices(); got != nil {
		t.Errorf("choices for a GPU: %+v", got)
	}
}
