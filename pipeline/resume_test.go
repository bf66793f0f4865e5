package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"interplay/kernelkit/gsm"
	"interplay/kernelkit/verify"
)

// tinyChain is the whole pipeline at the smallest size: pre-training, RL, evaluation.
func tinyChain() *Stage {
	p := profile("smoke", 3)
	base := p.Base
	base.Model.HiddenSize, base.Model.Layers, base.Model.Heads, base.Model.KVHeads, base.Model.FFN = 16, 1, 2, 1, 24
	base.Model.OffsetInit = false
	base.Data = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 2}, "A")
	base.Train.Steps, base.Train.Batch, base.Train.Seq, base.Train.CheckpointEvery, base.Train.Warmup = 40, 4, 64, 7, 5
	rl := p.RL
	rl.Data, rl.Prompts, rl.Reward = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 0}, "A"), 4, verify.Reward{Form: verify.Outcome}
	rl.GRPO.Steps, rl.GRPO.GroupSize, rl.GRPO.MaxTokens, rl.GRPO.CheckpointEvery = 5, 4, 8, 2
	ev := p.Evaluation
	ev.Data, ev.Problems, ev.Samples, ev.MaxTokens = gsm.Uniform(gsm.Symbolic, gsm.Range{Min: 0, Max: 1}, "A"), 3, 2, 8
	return Evaluate("evaluation", ev, Reinforce("RL", rl, Pretrain("pre-training", base, nil)))
}

// TestMain lets this test binary stand in for a user's process: with
// INTERPLAY_TEST_STORE set it runs the tiny chain in that store, and dies by
// SIGKILL at the progress report that INTERPLAY_TEST_KILL numbers. With
// INTERPLAY_TEST_SLOW it computes a slow stage instead (see lease_test.go).
func TestMain(m *testing.M) {
	root := os.Getenv("INTERPLAY_TEST_STORE")
	if root == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("INTERPLAY_TEST_SLOW") != "" {
		os.Exit(runSlowly(root))
	}
	killAt, err := strconv.Atoi(os.Getenv("INTERPLAY_TEST_KILL"))
	if err != nil {
		panic(err)
	}
	st, err := Open(root)
	if err != nil {
		panic(err)
	}
	reports := 0
	_, err = st.Run(context.Background(), tinyChain(), func(Progress) {
		if reports++; reports == killAt {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal may take a moment
		}
	})
	if err != nil {
		panic(err)
	}
	os.Exit(0)
}

// runProcess runs the chain in a process of its own; killed says that it died by SIGKILL.
func runProcess(t *testing.T, root string, killAt int) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "INTERPLAY_TEST_STORE="+root, "INTERPLAY_TEST_KILL="+strconv.Itoa(killAt))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("the process failed: %v\n%s", err, out)
	}
	return false
}

// results are the digests of all files of all stages.
func results(t *testing.T, root string) map[string]string {
	t.Helper()
	st, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, s := range Stages(tinyChain()) {
		done, err := st.Done(s)
		if err != nil {
			t.Fatalf("%s: %v", s.Label, err)
		}
		for name, digest := range done.Files {
			all[s.Kind+"/"+name] = digest
		}
	}
	return all
}

// A process that dies at any moment of any stage loses only time: those that come
// after it end with the same bytes as one that was left alone.
func TestKilledRunsEndInTheSameBytes(t *testing.T) {
	undisturbed, disturbed := t.TempDir(), t.TempDir()
	if runProcess(t, undisturbed, -1) {
		t.Fatal("the undisturbed process was killed")
	}
	deaths := 0
	for _, killAt := range []int{18, 22, 7, 4, -1} { // twice in pre-training, in RL, in evaluation
		if runProcess(t, disturbed, killAt) {
			deaths++
		}
	}
	if deaths < 4 {
		t.Errorf("only %d processes were killed: the test has lost its point", deaths)
	}
	want, got := results(t, undisturbed), results(t, disturbed)
	if len(want) < 8 {
		t.Errorf("%d files were compared, expected those of three stages", len(want))
	}
	for name, digest := range want {
		if got[name] != digest {
			t.Errorf("%s differs after %d deaths", name, deaths)
		}
	}
}

// profile is a profile of the project's own.
func profile(name string, seed int64) Profile {
	p, err := ProfileByName(name, seed)
	if err != nil {
		panic(err)
	}
	return p
}
