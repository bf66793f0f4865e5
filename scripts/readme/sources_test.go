package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources says of every passage of README that has a number which file it comes from: in
// that file each of the quoted texts must stand. A changed figure there fails here.
var sources = []struct {
	readme, file string
	says         []string
}{
	{"arXiv 2512.07783", "docs/paper.md", []string{"2512.07783"}},
	{"a Qwen2.5 decoder", "docs/paper.md", []string{"Qwen2.5"}},
	{"Go ≥ 1.26.5", "go.mod", []string{"go 1.26.5"}},
	{"(or any from 1.21 on: it fetches the right one)", "scripts/prerequisites.sh", []string{"An older Go (1.21 to 1.25) fetches the version that go.mod asks for"}},
	{"48 problems an op, a decoder of 908k parameters", "notebooks/11_side_by_side.ipynb", []string{"908.4k", "problems an op"}},
	{"(about 0.8 GB)", "docs/install.md", []string{"0.8 modules and compiled packages of Go"}},
	{"Python ≥ 3.11", "scripts/prerequisites.sh", []string{"MIN_PYTHON=3.11"}},
	{"first set-up about 4 minutes", "LAB.md", []string{"set up in 255 s"}},
	{"the walkthrough under 4 minutes", "LAB.md", []string{"notebook 3 min 38 s"}},
	{"a download of 120 MB", "scripts/setup.sh", []string{"about 120 MB to download"}},
	{"620 MB in the project's folder", "LAB.md", []string{"489 MB of Python, 114 MB of tools and 21 MB of caches"}},
	{"under 4 minutes and 2 GB of memory; again: 32 s", "LAB.md", []string{"notebook 3 min 38 s", "peak memory of all processes 2.0 GB", "with every stage reused: 32 s"}},
	{"about 2 s each", "LAB.md", []string{"took their overhead from 3.5 s to 2 s each"}},
	{"2 GB of memory", "LAB.md", []string{"peak memory of all processes 2.0 GB"}},
	{"165k parameters", "docs/scales.md", []string{"165k parameters"}},
	{"up to the paper's 103M on a GPU", "LAB.md", []string{"103M parameters"}},
	{"the paper's model", "LAB.md", nil},
	{"recipes for 4 to 6 GPUs", "docs/comparison.md", []string{"name four GPUs for training and six for RL"}},
	{"103M, training only", "LAB.md", []string{"103M parameters"}},
	{"100M, complete", "docs/comparison.md", []string{"where the paper has 100M"}},
	{"1.6B class", "docs/comparison.md", []string{"GPT-2's class"}},
	{"Gemma 3, inference", "docs/comparison.md", []string{"GPT-2 and Gemma 3 for sampling"}},
	{"Checked on 2026-11-28", "docs/comparison.md", []string{"on 2026-11-28"}},
	{"training 1.2 to 2.1 × JAX and 0.6 to 1.4 × PyTorch", "LAB.md", []string{
		"1.76 × JAX by CPU time, 1.01 × PyTorch eager, **0.60 × compiled**", "| micro, 165k | 16 × 160 | .105 | 2.1 | 1.02 | .76 |", "| 10m | 8 × 256 | 1.99 | 1.2 | .82 | .71 |",
		"| micro, 16 × 160, vocabulary 512 | 70k | 1.92 (1.98) | 1.37 (1.65) |", "| 10m, now in passes of one row | 2.0k | 1.09 (1.04) | 1.23 (1.16) | 0.83 (0.86) | 0.81 (0.84) |",
		"| d128 | 14.8k | 2.02 (1.96) |", "| 10m | 2.3k | 1.38 (1.32) | 0.93 (0.96) | 0.90 (0.92) |"}},
	{"a GRPO step 2.1 to 5.2 × TRL at its fastest setting", "LAB.md", []string{"| 32 × 8 × 140 | 7.39 | 2.1 |", "**5.2 (5.5)**"}},
	{"64 to 10,727 problems", "LAB.md", []string{"95 × / 64 × / 70 ×", "10,727 ×"}},
	{"490k tokens a second in bfloat16, 0.95 × PyTorch compiled", "LAB.md", []string{"| H200: + kernels launched one by one (**kept**) | 490k | 36 % | **0.95** |"}},
	{"the walkthrough, part 5", "notebooks/00_walkthrough.ipynb", []string{"## 5 · What can it do?"}},
	{"part 8 on what things cost", "notebooks/00_walkthrough.ipynb", []string{"## 8 · What it cost"}},
	{"part 2 on the verifier", "notebooks/00_walkthrough.ipynb", []string{"## 2 · The verifier judges every step"}},
	{"Apache-2.0", "LICENSE", []string{"Version 2.0"}},
	{"On an H200", "LAB.md", []string{"H200"}},
}

// notProse are the parts of README whose numbers are held otherwise: what make readme
// writes, code (its commands are run), addresses, the alternative texts of figures, and the
// course, where numbers are names of lessons.
var notProse = regexp.MustCompile("(?s:\\n## A course\\n.*?\\n## )|(?s:<!-- [\\w-]+, by make readme -->.*?<!-- end of [\\w-]+, by make readme -->)|(?m:^(?:    |\t).*$)|`[^`\n]*`|!\\[[^\\]]*\\]|\\]\\([^)]*\\)")

var number = regexp.MustCompile(`[\p{L}@]?\d[\d.,]*(?:[kM%×]|\b)`)

func TestEveryNumberOfTheREADMEHasASource(t *testing.T) {
	root := projectRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	prose := notProse.ReplaceAllString(string(text), "")
	for _, s := range sources {
		if !strings.Contains(prose, s.readme) {
			t.Errorf("README.md does not say %q any more: take it from this list", s.readme)
		}
		source, err := os.ReadFile(filepath.Join(root, s.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, says := range s.says {
			if !strings.Contains(string(source), says) {
				t.Errorf("README.md says %q, but %s does not hold %q", s.readme, s.file, says)
			}
		}
		prose = strings.ReplaceAll(prose, s.readme, "")
	}
	for line := range strings.Lines(prose) {
		for _, n := range number.FindAllString(line, -1) {
			if n != "pass@1" {
				t.Errorf("README.md: the number %q has no source in sources_test.go: %.100s", n, line)
			}
		}
	}
}
